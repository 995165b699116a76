# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes back is never worse than what was there, judged by photos set aside."""

import numpy as np
import pytest

from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine import optimize
from tttlrm_blender.refine.best import ENOUGH, JUDGED, Best, judging_views
from tttlrm_blender.refine.optimize import refine


def test_a_few_photos_of_many_are_set_aside() -> None:
    for count in range(200):
        apart = judging_views(count)
        assert len(apart) == len(set(apart.tolist())) and (len(apart) > 0) == (count >= ENOUGH)
        assert len(apart) <= max(1, count / 10) and all(0 < view < count - 1 for view in apart)


def test_the_better_splats_are_kept(blobs, photos) -> None:
    best = Best(photos, exposure=False)
    assert best.offer(blobs[:40]) and best.offer(blobs) and not best.offer(blobs[:50])
    assert best.splats is blobs


def test_no_splats_are_worse_than_any(blobs, photos) -> None:
    best = Best(photos, exposure=False)
    best.offer(blobs[:0])
    assert best.offer(blobs[:1]) and best.splats is not None and len(best.splats) == 1


def test_perfect_splats_come_back_unharmed(blobs, photos, points) -> None:
    refined = refine(blobs, photos, RefineSettings(steps=3, start="points", sh_degree=0), Report(), points)
    assert all(np.array_equal(a, b) for a, b in zip(refined.arrays().values(), blobs.arrays().values(), strict=True))


@pytest.mark.parametrize("good", [True, False])
def test_photos_set_aside_are_learned_from_once_the_splats_are_better(
    blobs, photos, points, monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    drawn: list[int] = []
    backward = optimize._backward
    monkeypatch.setattr(optimize, "_backward", lambda *args: drawn.append(args[3]) or backward(*args))
    many: PhotoSet = photos[np.arange(24) % len(photos)]
    apart = set(judging_views(24).tolist())
    refine(blobs[:0] if good else blobs, many, RefineSettings(steps=96, start="points"), Report(), points)
    before = int(96 * JUDGED)
    assert not apart & set(drawn[:before])
    assert (apart <= set(drawn[before:])) == good
