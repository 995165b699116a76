# SPDX-License-Identifier: GPL-3.0-or-later
"""Blurred photos are marked in the list before anything starts."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from operators.interface import photo_list, sharpness, thumbnails
from operators.sources.properties import list_photos
from operators.windows import redraw_panels
from tests.operators.interface.sheet import Context, Sheet

pytestmark = pytest.mark.usefixtures("registered")
SIDE = 96


@pytest.fixture(autouse=True)
def none_left():
    bpy.ops.wm.read_homefile(use_empty=True)
    yield
    sharpness.unregister()
    thumbnails.unregister()


def save(path: Path, blur: int) -> Path:
    """A photo of noise, each pixel of which is the mean of some in a row and column."""
    noise = np.random.default_rng(blur).random((SIDE + blur, SIDE + blur))
    for axis in (0, 1):
        noise = np.mean([np.roll(noise, shift, axis) for shift in range(blur + 1)], axis=0)
    image = bpy.data.images.new(path.stem, SIDE, SIDE)
    pixels = np.ones((SIDE, SIDE, 4), np.float32)
    pixels[..., :3] = noise[:SIDE, :SIDE, None]
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    return path


def measured(photos: list[Path]) -> set[Path]:
    """The blurred ones, once all are measured."""
    sharpness.blurred(photos)
    while sharpness.measure_next() is not None:
        pass
    return sharpness.blurred(photos)


def test_the_blurred_photo_is_found_as_the_worker_finds_it(tmp_path):
    photos = [save(tmp_path / f"{number}.png", blur) for number, blur in enumerate((0, 1, 6, 0))]
    assert sharpness.blurred(photos) == set()
    assert measured(photos) == {photos[2]}
    assert measured(photos[2:]) == set()  # as one would be left


def test_what_cannot_be_read_is_not_judged(tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    photos = [save(tmp_path / f"{number}.png", 0) for number in range(2)]
    assert measured([*photos, broken]) == set()


def test_the_list_marks_it_and_shows_it_large(tmp_path):
    for number, blur in enumerate((0, 6, 0)):
        save(tmp_path / f"{number}.png", blur)
    source = bpy.context.scene.tttlrm.source
    source.folder = str(tmp_path)
    list_photos(source)
    measured([tmp_path / photo.name for photo in source.photos])
    rows = [Sheet() for _ in source.photos]
    for index, row in enumerate(rows):
        item = source.photos[index]
        photo_list.TTTLRM_UL_photos.draw_item(SimpleNamespace(), Context(), row, source, item, None, source, None, index)
    assert ["tttlrm.show_photo" in row.buttons for row in rows] == [False, True, False]
    heading = Sheet()
    photo_list.draw(heading, source)
    assert "photos_listed" in heading.settings
    bpy.ops.tttlrm.show_photo(index=1)
    assert source.active_photo == 1
    redraw_panels()
