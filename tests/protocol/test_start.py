# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats that a job starts from, as a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians, allocate
from tttlrm_blender.protocol.start import Start, digest, is_start, read_start


def splats(count: int = 5, degree: int = 1) -> Gaussians[np.ndarray]:
    """Random ones, laid out as those that come from Blender."""
    rng, made = np.random.default_rng(count), allocate(count, degree)
    for array in made.arrays().values():
        array[:] = rng.random(array.shape)
    return made


def written(folder: Path, start: Start) -> Path:
    path = folder / "start.npz"
    path.write_bytes(start.to_file())
    return path


@pytest.mark.parametrize(("refined", "edited", "antialiased"), [(True, False, True), (False, True, False)])
def test_a_file_has_every_bit(tmp_path, refined, edited, antialiased):
    start = Start(replace(splats(), antialiased=antialiased), refined, edited)
    again = read_start(written(tmp_path, start))
    assert (again.refined, again.edited, again.path) == (refined, edited, start.path)
    assert again.gaussians.antialiased == antialiased


def test_any_difference_makes_another_name():
    some = splats()
    nudged = replace(some, opacities=np.nextafter(some.opacities, 1))
    others = [some, some[:4], nudged, replace(some, antialiased=True), replace(some, sh=some.sh[:, :1])]
    assert len({digest(each) for each in others}) == len(others)
    assert digest(some) == digest(some.map(np.ascontiguousarray))


def test_the_same_splats_of_another_kind_have_another_file():
    starts = [Start(splats(), refined, edited) for refined in (False, True) for edited in (False, True)]
    assert len({start.path for start in starts}) == 4 and all(is_start(start.path) for start in starts)


@pytest.mark.parametrize("path", ["splats/1.jpg", "splats.npz", "photos/splats/1.npz", "1.jpg"])
def test_photos_are_no_start_whatever_their_folder_is_called(path):
    assert not is_start(path)


@pytest.mark.parametrize("broken", ["text", "empty", "nan", "missing"])
def test_what_is_no_start_is_refused_with_a_sentence(tmp_path, broken):
    made = splats(0) if broken == "empty" else splats()
    if broken == "nan":
        made.means[0] = np.nan
    path = written(tmp_path, Start(made))
    if broken == "text":
        path.write_text("text")
    if broken == "missing":
        path.unlink()
    with pytest.raises(TttlrmError) as caught:
        read_start(path)
    assert caught.value.code == "no_splats" and ("finite" in str(caught.value)) == (broken == "nan")
