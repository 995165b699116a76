# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make release` builds: the zip, the engine's wheel and sdist, and the list that Blender takes updates from."""

import hashlib
import json
import os
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools import build_extension, release
from tttlrm_blender import __version__

pytestmark = pytest.mark.slow

ENGINE = build_extension.ROOT / "tttlrm_blender"


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Path:
    """A folder with the engine's wheel and sdist."""
    folder = tmp_path_factory.mktemp("engine")
    release.build_engine(folder)
    return folder


@pytest.fixture(scope="module")
def extension(tmp_path_factory) -> Path:
    """The extension's zip."""
    return build_extension.build(tmp_path_factory.mktemp("extension"))


def files_of_the_engine() -> set[str]:
    files = (file for file in ENGINE.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(ENGINE.parent).as_posix() for file in files}


def test_the_zip_says_the_version_of_the_engine(extension):
    with zipfile.ZipFile(extension) as archive:
        assert tomllib.loads(archive.read("blender_manifest.toml").decode())["version"] == __version__
        assert set(archive.namelist()) > files_of_the_engine()
    assert extension.name == f"tttlrm-{__version__}.zip"


def test_the_same_sources_give_the_same_zip(extension, tmp_path):
    assert build_extension.build(tmp_path).read_bytes() == extension.read_bytes()


def test_the_wheel_holds_the_engine_alone(engine):
    (wheel,) = engine.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == files_of_the_engine()


def test_the_sdist_holds_what_the_wheel_is_built_of(engine):
    (sdist,) = engine.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names > files_of_the_engine() | {"pyproject.toml", "LICENSE", "README.md"}
    assert not [name for name in names if name.startswith(("tests/", "operators/", "tools/"))]


def test_the_command_of_an_installed_wheel_runs(engine, tmp_path):
    (wheel,) = engine.glob("*.whl")
    subprocess.run([*release.UV, "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "site", wheel], check=True)
    command = [tmp_path / "site/bin/tttlrm", "--version"]
    said = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    )
    assert (said.returncode, said.stdout) == (0, f"tttlrm {__version__}\n"), said.stderr


@pytest.mark.skipif(build_extension.blender_command("validate") is None, reason="needs Blender")
def test_a_release_is_a_repository_and_replaces_the_one_before(tmp_path):
    (tmp_path / "tttlrm-0.0.1.zip").write_bytes(b"an older release")
    assert release.release(tmp_path) == 0
    (listed,) = json.loads((tmp_path / "index.json").read_text())["data"]
    zipped = tmp_path / listed["archive_url"]
    assert (listed["id"], listed["version"]) == ("tttlrm", __version__)
    assert listed["archive_hash"] == f"sha256:{hashlib.sha256(zipped.read_bytes()).hexdigest()}"
    kinds = sorted("".join(file.suffixes[-2:]) if file.suffix == ".gz" else file.suffix for file in tmp_path.iterdir())
    assert kinds == [".html", ".json", ".tar.gz", ".whl", ".zip"]
