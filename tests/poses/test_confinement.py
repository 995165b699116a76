# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that names in pose files may refer to."""

from pathlib import Path

import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.poses import find
from tttlrm_blender.poses.confinement import confined
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.named_files import find_files
from tttlrm_blender.progress import Report

from ..photos.files import write_photo


def found(folder: Path, name: str) -> Path | None:
    return find_files(folder / "poses.json", [name], [folder], folder).files.get(name)


def test_names_may_refer_to_any_file_unless_they_are_confined(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    far, near = tmp_path / "far.png", tmp_path / "a" / "near.png"
    far.touch()
    near.touch()
    assert found(tmp_path / "a", "../far.png") == found(tmp_path / "a", str(far)) == far
    with confined(tmp_path / "a"):
        assert found(tmp_path / "a", "near.png") == near
        assert found(tmp_path / "a", "none.png") is None
        for name in ("../far.png", str(far), "../FAR.png", "../far"):
            with pytest.raises(TttlrmError, match="outside the scene"):
                found(tmp_path / "a", name)
        with confined(None):
            assert found(tmp_path / "a", "../far.png") == far
    assert found(tmp_path / "a", "../far.png") == far


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "far.png").touch()
    (tmp_path / "a" / "link.png").symlink_to(tmp_path / "out" / "far.png")
    (tmp_path / "a" / "folder").symlink_to(tmp_path / "out")
    with confined(tmp_path / "a"):
        for name in ("link.png", "folder/far.png"):
            with pytest.raises(TttlrmError, match="outside the scene"):
                found(tmp_path / "a", name)
        assert found(tmp_path / "a", "LINK.png") is found(tmp_path / "a", "elsewhere/far.png") is None


def test_frames_of_a_video_are_found_in_the_cache(tmp_path, monkeypatch):
    (tmp_path / "sent").mkdir()
    (tmp_path / "frames").mkdir()
    (tmp_path / "sent" / "clip.mp4").touch()
    for name in ("1.png", "2.png"):
        write_photo(tmp_path / "frames" / name)
    model = tmp_path / "model"
    model.mkdir()
    (model / "cameras.txt").write_text("1 PINHOLE 16 12 16 16 8 6\n")
    (model / "images.txt").write_text("1 1 0 0 0 0 0 0 1 1.png\n\n2 1 0 0 0 1 0 0 1 2.png\n\n")
    monkeypatch.setattr(find, "frames_of", lambda video, report: tmp_path / "frames")
    monkeypatch.setattr(find, "cull_photos", lambda images, report, looks: images)
    monkeypatch.setattr(find, "estimate_poses", lambda images, folder, report: model)
    monkeypatch.setattr(find, "note_lost", lambda images, folder, model, report: None)
    with confined(tmp_path / "sent"):
        assert [photo.path.name for photo in find_photos(tmp_path / "sent", report=Report())] == ["1.png", "2.png"]
