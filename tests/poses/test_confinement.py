# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that names in pose files may refer to."""

import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.poses import find
from tttlrm_blender.poses.confinement import confined, first_file
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report

from ..photos.files import write_photo


def test_names_may_refer_to_any_file_unless_they_are_confined(tmp_path):
    (tmp_path / "a").mkdir()
    far, near = tmp_path / "far.png", tmp_path / "a" / "near.png"
    far.touch()
    near.touch()
    assert first_file([far, near], tmp_path, "n") == far
    with confined(tmp_path / "a"):
        assert first_file([far, near], tmp_path, "n") == near
        assert first_file([far, tmp_path / "a" / "none.png"], tmp_path, "n") is None
        with pytest.raises(TttlrmError, match="outside the scene"):
            first_file([far, tmp_path / "a" / ".." / "far.png"], tmp_path, "n")
        with confined(None):
            assert first_file([far], tmp_path, "n") == far
    assert first_file([far], tmp_path, "n") == far


def test_links_that_lead_out_are_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "far.png").touch()
    (tmp_path / "a" / "link.png").symlink_to(tmp_path / "far.png")
    with confined(tmp_path / "a"), pytest.raises(TttlrmError, match="outside the scene"):
        first_file([tmp_path / "a" / "link.png"], tmp_path, "link.png")


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
    monkeypatch.setattr(find, "estimate_poses", lambda images, report: model)
    monkeypatch.setattr(find, "note_lost", lambda images, model, report: None)
    with confined(tmp_path / "sent"):
        assert [photo.path.name for photo in find_photos(tmp_path / "sent", report=Report())] == ["1.png", "2.png"]
