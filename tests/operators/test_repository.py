# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository that a release makes: Blender finds the extension there, installs it and updates it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from tools.build_extension import build
from tools.release import list_extensions

NAME = "tttlrm_releases"
ops = bpy.ops.extensions


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[Path]:
    """A folder of releases, none yet, which is the only repository that Blender asks for updates."""
    folder = tmp_path / "releases of tttLRM"
    folder.mkdir()
    preferences = bpy.context.preferences
    others = [known for known in preferences.extensions.repos if known.use_remote_url and known.enabled]
    for known in others:
        known.enabled = False
    preferences.system.use_online_access = True  # Blender asks for it even where all repositories are folders
    ours = preferences.extensions.repos.new(name="Releases", module=NAME, remote_url=(folder / "index.json").as_uri())
    yield folder
    preferences.system.use_online_access = False
    preferences.extensions.repos.remove(ours)
    for known in others:
        known.enabled = True


def publish(folder: Path, version: str) -> None:
    """Make a version the only one in a folder of releases, and have Blender read the list again."""
    for zipped in folder.glob("*.zip"):
        zipped.unlink()
    build(folder, version)
    list_extensions(folder)
    ops.repo_sync_all()


def place() -> Path:
    """Where Blender keeps what it has installed from the releases."""
    return Path(bpy.utils.user_resource("EXTENSIONS")) / NAME


def installed_version() -> str:
    """What Blender has of the extension."""
    return tomllib.loads((place() / "tttlrm/blender_manifest.toml").read_text())["version"]


@pytest.mark.slow
def test_blender_installs_and_updates_from_a_folder(releases):
    publish(releases, "0.1.9")
    ours = {"repo_directory": str(place()), "pkg_id": "tttlrm"}
    assert ops.package_install(**ours, enable_on_install=True) == {"FINISHED"}
    assert installed_version() == "0.1.9" and hasattr(bpy.types, "TTTLRM_OT_reconstruct")
    publish(releases, "0.2.0")
    assert ops.package_upgrade_all() == {"FINISHED"}
    assert installed_version() == "0.2.0" and hasattr(bpy.types, "TTTLRM_OT_reconstruct")
    assert ops.package_uninstall(**ours) == {"FINISHED"}
    assert not hasattr(bpy.types, "TTTLRM_OT_reconstruct")
