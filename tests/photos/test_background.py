# SPDX-License-Identifier: GPL-3.0-or-later
"""Backgrounds become white, by a small network that the test writes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.photos.background import Remover, without_background
from tttlrm_blender.photos.load import load_photos
from tttlrm_blender.photos.photo import Photo
from tttlrm_blender.poses.find import find_photos
from tttlrm_blender.progress import Report

from .files import write_transforms

pytest.importorskip("onnxruntime")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def number(field: int, value: int) -> bytes:
    """A field of a protobuf message with a small number."""
    return _varint(field << 3) + _varint(value)


def part(field: int, *contents: bytes | str) -> bytes:
    """A field of a protobuf message with a text or a message, which `contents` make up."""
    content = b"".join(each.encode() if isinstance(each, str) else each for each in contents)
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def tensor(name: str, *sides: int) -> bytes:
    """The description of a float tensor in an ONNX graph."""
    shape = part(2, *(part(1, number(1, side)) for side in sides))
    return part(1, name) + part(2, part(1, number(1, 1), shape))


def write_network(path: Path, logits: bool = False, channels: int = 3) -> Path:
    """An ONNX network whose foreground is the pixels brighter than the mean color: 1 there and 0 elsewhere, or logits."""
    axes = part(5, part(1, "axes"), number(8, 1), number(20, 7))
    nodes = [part(1, part(1, "image"), part(2, "gray"), part(4, "ReduceMean"), axes)]
    if not logits:
        nodes.append(part(1, part(1, "gray"), part(2, "sign"), part(4, "Sign")))
        nodes.append(part(1, part(1, "sign"), part(2, "thing"), part(4, "Relu")))
    last = tensor("gray" if logits else "thing", 1, 1, 32, 32)
    graph = part(7, *nodes, part(2, "g"), part(11, tensor("image", 1, channels, 32, 32)), part(12, last))
    path.write_bytes(number(1, 8) + graph + part(8, number(2, 13)))
    return path


def things(folder: Path) -> list[Photo]:
    """Photos of a bright object on a dark background."""
    write_transforms(folder)
    for index in range(3):
        image = np.full((12, 16, 3), 30, np.uint8)
        image[3:9, 4:12] = 200
        Image.fromarray(image).save(folder / f"images/{index}.png")
    return find_photos(folder)


@pytest.mark.parametrize("logits", [False, True])
def test_the_background_becomes_white(tmp_path: Path, logits: bool) -> None:
    model = write_network(tmp_path / "net.onnx", logits)
    loaded = load_photos(without_background(things(tmp_path / "set"), model, Report()))
    assert loaded.background == (1, 1, 1) and loaded.weights is None
    ground, thing = loaded.images[:, 0, 0], loaded.images[:, 6, 8]
    assert (ground > (0.75 if logits else 0.99)).all()
    np.testing.assert_allclose(thing, 200 / 255, atol=0.1 if logits else 0.01)


def test_alpha_channels_are_kept_for_the_next_time(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, photos = write_network(tmp_path / "net.onnx"), things(tmp_path / "set")
    first = without_background(photos, model, Report())
    monkeypatch.setattr(Remover, "alpha", None)
    again = without_background(photos, model, Report())
    assert [photo.alpha for photo in again] == [photo.alpha for photo in first]
    assert len(list(cache.glob("alpha/*.png"))) == 1, "the three photos are the same"


def test_a_file_that_is_no_such_network_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    write_network(tmp_path / "gray.onnx", channels=1)
    for name, sentence in (("broken.onnx", "cannot be used"), ("gray.onnx", "shape"), ("none.onnx", "does not exist")):
        with pytest.raises(TttlrmError, match=sentence) as caught:
            Remover(tmp_path / name)
        assert caught.value.code == "bad_model" and name in caught.value.sentence and "\n" not in caught.value.sentence


def test_a_missing_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(TttlrmError, match="without the Python package onnxruntime") as caught:
        Remover(write_network(tmp_path / "net.onnx"))
    assert caught.value.code == "no_package"
