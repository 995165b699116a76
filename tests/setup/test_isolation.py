# SPDX-License-Identifier: GPL-3.0-or-later
"""Of the user's settings of pip, setup keeps those that say how to reach an index."""

import os
import sys

import pytest

from tttlrm_blender.setup.isolation import pip_environment, python_environment, read_settings, user_settings

# What people have in their shells or in pip's configuration, and what would break or redirect an installation.
BREAKING = {
    "ROOT": "/nowhere",
    "TARGET": "/nowhere",
    "PREFIX": "/nowhere",
    "USER": "1",
    "PYTHON": "/nowhere/python",
    "PYTHON_VERSION": "3.6",
    "PLATFORM": "win32",
    "ABI": "none",
    "IMPLEMENTATION": "pp",
    "DRY_RUN": "1",
    "REPORT": "/nowhere/report.json",
    "REQUIREMENT": "/nowhere/requirements.txt",
    "CONSTRAINT": "/nowhere/constraints.txt",
    "EDITABLE": "/nowhere",
    "NO_INDEX": "1",
    "FIND_LINKS": "/nowhere",
    "NO_BINARY": ":all:",
    "ONLY_BINARY": ":none:",
    "PRE": "1",
    "NO_DEPS": "1",
    "IGNORE_INSTALLED": "1",
    "FORCE_REINSTALL": "1",
    "UPGRADE": "1",
    "REQUIRE_HASHES": "1",
    "REQUIRE_VIRTUALENV": "1",
    "QUIET": "3",
    "LOG": "/nowhere/pip.log",
    "PROGRESS_BAR": "nonsense",
}
KEPT = {
    "INDEX_URL": "https://mirror/simple",
    "EXTRA_INDEX_URL": "https://another/simple",
    "PROXY": "http://proxy:3128",
    "CERT": "/etc/company.pem",
    "CLIENT_CERT": "/etc/me.pem",
    "TRUSTED_HOST": "mirror",
    "TIMEOUT": "99",
    "RETRIES": "9",
}
LISTED = r"""
:env:.index-url='https://variable/simple'
global.cert='/etc/a certificate.pem'
global.constraint='/etc/constraints.txt'
global.extra-index-url='https://one/simple\nhttps://two/simple'
global.timeout='60'
global.target='/nowhere'
install.timeout='90'
install.index-url='https://mirror/simple'
freeze.timeout='10'
global.proxy=damaged
"""


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No settings of pip but those of the test."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return monkeypatch


@pytest.mark.slow
@pytest.mark.parametrize("name", BREAKING)
def test_what_would_break_an_installation_is_dropped(name, bare):
    bare.setenv(f"PIP_{name}", BREAKING[name])
    variables = pip_environment(user_settings(sys.executable))
    assert f"PIP_{name}" not in variables and f"PIP_{name}" not in python_environment()


def test_mirrors_proxies_and_certificates_are_kept(bare):
    for name, value in KEPT.items():
        bare.setenv(f"PIP_{name}", value)
    bare.setenv("HTTPS_PROXY", "http://proxy:3128")
    variables = pip_environment(user_settings(sys.executable))
    assert {f"PIP_{name}": value for name, value in KEPT.items()}.items() <= variables.items()
    assert variables["HTTPS_PROXY"] == "http://proxy:3128" and variables["PIP_CONFIG_FILE"] == os.devnull


def test_another_index_is_asked_alone(bare):
    for name, value in KEPT.items():
        bare.setenv(f"PIP_{name}", value)
    variables = pip_environment(user_settings(sys.executable), indexes=False)
    assert "PIP_INDEX_URL" not in variables and "PIP_EXTRA_INDEX_URL" not in variables and variables["PIP_CERT"]


def test_a_configuration_file_counts_as_the_variables_do(bare, tmp_path):
    (tmp_path / "pip.conf").write_text("[global]\nproxy = http://one\ntarget = /nowhere\n[install]\nindex-url = https://mirror\n")
    bare.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    bare.setenv("PIP_PROXY", "http://two")
    settings = user_settings(sys.executable)
    assert (settings["proxy"], settings["index-url"]) == ("http://two", "https://mirror") and "target" not in settings


@pytest.mark.parametrize("content", ["[global\n", "proxy", "[global]\nproxy = %(nothing", "\0"])
def test_a_configuration_file_that_cannot_be_read_changes_nothing(content, bare, tmp_path):
    (tmp_path / "pip.conf").write_text(content)
    bare.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert "target" not in user_settings(sys.executable)


def test_pips_list_of_settings_is_read():
    assert read_settings(LISTED) == {
        "cert": "/etc/a certificate.pem",
        "extra-index-url": "https://one/simple https://two/simple",
        "timeout": "90",
        "index-url": "https://mirror/simple",
    }
