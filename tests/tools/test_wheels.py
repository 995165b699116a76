# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels that lie in vendor/ or in a wheelhouse already are checked, and pins of builds are updated."""

import os
import shutil

import pytest

from tests.setup.small_index import serving
from tests.setup.tiny_wheels import HERE, make_wheel, make_wheels, pin, pin_one
from tools import build_extension, lock_requirements, wheelhouse
from tools.wheels import is_pinned, is_whole, read_pins, strangers
from tttlrm_blender.setup import commands
from tttlrm_blender.setup.commands import Source
from tttlrm_blender.setup.machine import Build


def cut(wheel):
    """Leave half of a file."""
    wheel.write_bytes(wheel.read_bytes()[: wheel.stat().st_size // 2])


@pytest.fixture
def online(monkeypatch):
    """Only the indexes of the test."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "true")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return monkeypatch


@pytest.fixture
def pinned(tmp_path, online):
    """A folder with the wheels of an index, which are pinned, PyTorch's CPU build without a hash."""
    wheels = make_wheels(tmp_path / "index")
    make_wheel(wheels, "torch", "torch", "", "2.13.0+cpu", HERE)
    for name, file in zip(("PACKAGES", "OPTIONAL", "TORCH"), pin(wheels, tmp_path), strict=True):
        online.setattr(wheelhouse, name, file)
        online.setattr(commands, name, file)
    (tmp_path / "torch-cpu.txt").write_text("torch==2.13.0+cpu\n")
    online.setitem(commands.BUILDS, "cpu", tmp_path / "torch-cpu.txt")
    return wheels


@pytest.fixture
def vendored(tmp_path, online):
    """A vendor folder with one pinned wheel, and an index that has it too."""
    vendor, index = tmp_path / "vendor", tmp_path / "index"
    vendor.mkdir()
    index.mkdir()
    wheel = make_wheel(vendor, "websockets", "websockets")
    shutil.copy(wheel, index)
    online.setattr(build_extension, "ROOT", tmp_path)
    online.setattr(build_extension, "PINS", pin_one(vendor, vendor / "requirements.txt", "websockets", "1.0"))
    online.setattr(build_extension, "wheels", lambda: [wheel])
    with serving(index) as address:
        online.setenv("PIP_INDEX_URL", address)
        yield wheel


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["none", "missing", "cut", "other"])
def test_a_wheel_in_vendor_that_differs_is_fetched_again(fault, vendored):
    right = vendored.read_bytes()
    if fault == "missing":
        vendored.unlink()
    elif fault == "cut":
        cut(vendored)
    elif fault == "other":
        make_wheel(vendored.parent, "websockets", "websockets", "changed = True")
    build_extension.fetch_wheels()
    assert vendored.read_bytes() == right


def test_a_wheel_that_the_manifest_lists_and_nothing_pins_is_told(vendored, monkeypatch):
    other = make_wheel(vendored.parent, "other", "other")
    monkeypatch.setattr(build_extension, "wheels", lambda: [vendored, other])
    with pytest.raises(SystemExit, match=r"other-1\.0-py3-none-any\.whl in the manifest is not what"):
        build_extension.fetch_wheels()


def test_wheels_are_compared_with_pins(tmp_path):
    wheels = make_wheels(tmp_path / "wheels")
    pins = read_pins(*pin(wheels, tmp_path))
    assert strangers(sorted(wheels.iterdir()), pins) == []
    changed = make_wheel(wheels, "scikit-image", "skimage", "changed = True")
    older = make_wheel(wheels, "numpy", "numpy", version="0.9")
    unknown = make_wheel(wheels, "unknown", "unknown")
    nameless = wheels / "nameless.whl"
    nameless.touch()
    assert set(strangers(sorted(wheels.iterdir()), pins)) == {changed, older, unknown, nameless}
    assert not is_pinned(wheels / "missing-1.0-py3-none-any.whl", pins)


def test_with_a_build_without_hashes_its_own_packages_may_come(tmp_path):
    torch = make_wheel(tmp_path, "torch", "torch", "", "2.13.0+cu126", HERE)
    own = make_wheel(tmp_path, "nvidia-nothing-cu12", "nvidia")
    (tmp_path / "pins.txt").write_text("torch==2.13.0+cu126\n")
    pins = read_pins(tmp_path / "pins.txt")
    assert strangers([torch, own], pins) == []
    cut(own)
    assert strangers([torch, own], pins) == [own] and not is_whole(own)
    cut(torch)
    assert strangers([torch], pins) == [torch]


@pytest.mark.slow
def test_a_wheelhouse_is_checked(pinned, tmp_path, online, capsys):
    house = tmp_path / "house"
    with serving(pinned) as address:
        online.setenv("PIP_INDEX_URL", address)
        source = Source(Build("cpu", "cpu"), index=address)
        assert wheelhouse.fill(house, source) == 0
        for name in ("scipy", "torch"):
            cut(next(house.glob(f"{name}-*.whl")))
        assert wheelhouse.fill(house, source) == 0 and "is damaged and is downloaded again" in capsys.readouterr().out
        make_wheel(house, "numpy", "numpy", version="0.9")
        assert wheelhouse.fill(house, source) == 1 and "Delete them: numpy-0.9-" in capsys.readouterr().err


@pytest.mark.slow
def test_hashes_of_a_build_are_taken_from_its_index_or_kept(tmp_path, online):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "torch", "torch", "", "2.13.0+cpu", HERE)
    pin_one(wheels, tmp_path / "torch-cpu.txt", "torch", "2.13.0+cpu")
    online.setattr(lock_requirements, "ROOM", tmp_path)
    with serving(wheels) as address:
        online.setattr(lock_requirements, "PYTORCH", address.removesuffix("simple"))
        (found,) = lock_requirements.build_pins("cpu")
        shutil.rmtree(wheels)  # a missing page is answered faster than a missing server
        assert lock_requirements.build_pins("cpu")[0].split() == found.split()
        assert lock_requirements.build_pins("cu130") == ["torch==2.13.0+cu130"]
    assert found.split() == (tmp_path / "torch-cpu.txt").read_text().split()[2:]
