# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository that a release makes: Blender finds the extension there, installs it and updates it."""

import tomllib
from pathlib import Path

import bpy
import pytest

from tools.build_extension import build
from tools.release import list_extensions

NAME = "tttlrm_releases"


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A folder of releases, none yet, which is the only repository that Blender does not have on its own disk."""
    folder = tmp_path / "releases of tttLRM"
    folder.mkdir()
    bpy.context.preferences.system.use_online_access = True  # Blender asks for it even where all repositories are folders
    repositories = bpy.context.preferences.extensions.repos
    for online in [known for known in repositories if known.use_remote_url]:
        repositories.remove(online)
    repositories.new(name="Releases", module=NAME, remote_url=(folder / "index.json").as_uri())
    return folder


def publish(folder: Path, version: str) -> None:
    """Make a version the only one in a folder of releases, and have Blender read the list again."""
    for zipped in folder.glob("*.zip"):
        zipped.unlink()
    build(folder, version)
    list_extensions(folder)
    bpy.ops.extensions.repo_sync_all()


def installed_version() -> str:
    """What Blender has of the extension."""
    place = Path(bpy.utils.user_resource("EXTENSIONS")) / NAME / "tttlrm"
    return tomllib.loads((place / "blender_manifest.toml").read_text())["version"]


def test_blender_installs_and_updates_from_a_folder(releases):
    publish(releases, "0.1.9")
    index = next(i for i, repo in enumerate(bpy.context.preferences.extensions.repos) if repo.module == NAME)
    assert bpy.ops.extensions.package_install(repo_index=index, pkg_id="tttlrm", enable_on_install=True) == {"FINISHED"}
    assert installed_version() == "0.1.9" and hasattr(bpy.ops.tttlrm, "reconstruct")
    publish(releases, "0.2.0")
    assert bpy.ops.extensions.package_upgrade_all() == {"FINISHED"}
    assert installed_version() == "0.2.0"
    bpy.ops.preferences.addon_disable(module=f"bl_ext.{NAME}.tttlrm")
