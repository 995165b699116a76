# SPDX-License-Identifier: GPL-3.0-or-later
"""Hints when cameras cannot be estimated, and notes on photos that could not be placed."""

import json
import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.poses import estimate
from tttlrm_blender.poses.estimate import advice, estimate_poses, note_lost
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.poses.sfm_process import Evidence
from tttlrm_blender.progress import Report

from ..photos.files import Notes, write_photo

CASTLE = ["100_7101.JPG", "100_7102.JPG", "100_7103.JPG", "100_7104.JPG"]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path_factory.mktemp("cache")))


def texture(seed: int, size: int = 400) -> Image.Image:
    """A picture full of detail."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8))
    return small.resize((size, size), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence([10, 20, 900], 1, 0, []), "2 of 3 photos show hardly any detail"),
        (Evidence([900, 900, 900], 0, 0, []), "No two photos show the same things"),
        (Evidence([900, 900, 900], 3, 3, []), "walk around"),
        (Evidence([900, 900, 900], 3, 0, []), "overlap more"),
    ],
)
def test_advice_fits_the_evidence(evidence: Evidence, words: str) -> None:
    assert words in str(advice(evidence))


def failure(folder: Path) -> str:
    with pytest.raises(TttlrmError) as caught:
        find_photos(folder)
    assert caught.value.code == "no_poses"
    return str(caught.value)


def test_blurred_photos(tmp_path: Path) -> None:
    for index in range(3):
        texture(0).rotate(index, resample=Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(30)).save(
            tmp_path / f"{index}.png"
        )
    assert "hardly any detail" in failure(tmp_path)


def test_photos_of_different_things(tmp_path: Path) -> None:
    for index in range(3):
        texture(index).save(tmp_path / f"{index}.png")
    assert "No two photos show the same things" in failure(tmp_path)


@pytest.mark.slow
def test_a_camera_that_turns_on_the_spot(tmp_path: Path) -> None:
    """Views of a picture from a camera that only turns: homographies K R K⁻¹, without parallax."""
    wide, focal = np.asarray(texture(3, 1200)).astype(np.float32), 600.0
    x, y = np.meshgrid(np.arange(640) - 319.5, np.arange(480) - 239.5)
    for index in range(5):
        turn = Rotation.from_euler("yx", [6 * index - 12, 2 * (index % 2)], degrees=True).as_matrix()
        ray = np.stack([x, y, np.full_like(x, focal)], -1) @ turn.T
        places = [600 + focal * ray[..., axis] / ray[..., 2] for axis in (1, 0)]
        seen = np.stack([map_coordinates(wide[..., channel], places, order=1) for channel in range(3)], -1)
        Image.fromarray(seen.astype(np.uint8)).save(tmp_path / f"{index}.png")
    assert "walk around" in failure(tmp_path)


@pytest.mark.slow
def test_photos_of_something_else_are_left_out_by_name(tmp_path: Path, shared: Path) -> None:
    for name in CASTLE:
        shutil.copy(shared / "data/castle" / name, tmp_path)
    write_photo(tmp_path / "noise.png", 32, 32)
    texture(1).save(tmp_path / "other.png")
    for name in sorted(path.name for path in (shared / "data/fox/images").iterdir())[:3]:
        shutil.copy(shared / "data/fox/images" / name, tmp_path / f"fox_{name}")
    report = Notes()
    assert [photo.name for photo in find_photos(tmp_path, report=report)] == CASTLE
    notes = " ".join(report.notes)
    assert "noise.png" in notes and "other.png" in notes and "fox_" in notes and "100_7101" not in notes
    again = Notes()
    find_photos(tmp_path, report=again)
    assert again.notes == report.notes


def test_notes_give_the_reason(tmp_path: Path) -> None:
    evidence = Evidence([500, 500, 20, 500, 500, 500], 9, 0, [[0, 1], [3, 4]])
    (tmp_path / "evidence.json").write_text(json.dumps(vars(evidence)))
    report = Notes()
    note_lost([tmp_path / f"{name}.jpg" for name in "abcdef"], tmp_path, tmp_path, report)
    assert [note.rsplit(": ", 1)[1] for note in report.notes] == ["d.jpg, e.jpg.", "c.jpg.", "f.jpg."]
    assert "something else" in report.notes[0] and "detail" in report.notes[1] and "too little" in report.notes[2]


@pytest.mark.slow
def test_many_photos_are_matched_with_those_that_look_alike(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "MOST_EXHAUSTIVE", 3)
    paths = [shared / "data/castle" / name for name in CASTLE]

    class Stages(Report):
        heard: ClassVar[set[str]] = set()

        def progress(self, stage: str, fraction: float) -> None:
            self.heard.add(stage)

    assert len(estimate.read_evidence(estimate_poses(paths, shared / "data/castle", Stages())).models[0]) == 4
    assert "pairs" in Stages.heard
