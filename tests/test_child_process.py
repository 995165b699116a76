# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables meant for the user's own Python do not reach child processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tttlrm_blender.child_process import PLACES, ROOT, child_environment, drop_stray_variables

# What people have in their shells, and what each would do to a child.
STRAY = {
    "PYTHONINSPECT": "1",  # waits for input at the end
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONEXECUTABLE": "/nowhere/python",
    "PYTHONHOME": "/nowhere",
    "PYTHONSTARTUP": "/nowhere/startup.py",
    "PYTHONOPTIMIZE": "2",
    "PYTHONVERBOSE": "1",
    "PYTHONDEVMODE": "1",
    "PYTHONPROFILEIMPORTTIME": "1",
    "__PYVENV_LAUNCHER__": "/nowhere/python",
}
SAYS = "import sys, warnings; warnings.warn('old'); print('größer', sys.flags.optimize)"


def said(environment: dict[str, str], folder: Path) -> bytes:
    run = subprocess.run([sys.executable, "-c", SAYS], env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("name", STRAY)
def test_stray_variables_do_not_reach_a_child(name, monkeypatch, tmp_path):
    monkeypatch.setenv(name, STRAY[name])
    assert said(child_environment(), tmp_path) == "größer 0".encode()


def test_modules_in_the_current_folder_are_not_imported(tmp_path):
    (tmp_path / "warnings.py").write_text("raise SystemExit(3)")
    assert said(child_environment(), tmp_path) == "größer 0".encode()


def test_all_but_pythons_own_variables_are_kept(monkeypatch):
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "x")
        assert child_environment()[name] == "x"


def test_the_same_python_finds_the_same_packages_and_others_do_not(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert child_environment(ROOT, python=sys.executable)["PYTHONPATH"] == f"{ROOT}{os.pathsep}/somewhere"
    assert child_environment(ROOT, python="/other/python")["PYTHONPATH"] == str(ROOT)
    assert "PYTHONPATH" not in child_environment()
    monkeypatch.delenv("PYTHONPATH")
    assert child_environment(ROOT, python=sys.executable)["PYTHONPATH"] == str(ROOT)


def test_children_of_multiprocessing_inherit_no_stray_variables(monkeypatch):
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value)
    drop_stray_variables()
    assert set(STRAY) & set(os.environ) == set(PLACES) & set(STRAY)
