# SPDX-License-Identifier: GPL-3.0-or-later
"""Real environments, made from tiny wheels without a network."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.setup.small_index import serving
from tests.setup.tiny_wheels import HERE, TORCH, make_wheel, make_wheels, pin, pin_one
from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.protocol import messages
from tttlrm_blender.protocol.messages import Progress
from tttlrm_blender.setup import Environment, Setup, Wanted, commands
from tttlrm_blender.stages import Stage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> Path:
    return make_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module", autouse=True)
def pinned(wheels, tmp_path_factory):
    """Pin the tiny packages."""
    files = pin(wheels, tmp_path_factory.mktemp("pinned"))
    with pytest.MonkeyPatch.context() as patch:
        for name, file in zip(("PACKAGES", "OPTIONAL", "TORCH"), files, strict=True):
            patch.setattr(commands, name, file)
        yield


@pytest.fixture(scope="module")
def made(wheels, tmp_path_factory) -> Wanted:
    """A finished environment. It cannot be copied, as environments are not relocatable."""
    folder = tmp_path_factory.mktemp("made")
    chosen = Wanted(folder / "environment", folder / "setup.log", sys.executable, "cpu", wheels=wheels)
    Setup(chosen).result()
    return chosen


@pytest.fixture
def wanted(wheels, tmp_path) -> Wanted:
    return Wanted(tmp_path / "environment", tmp_path / "setup.log", sys.executable, "cpu", wheels=wheels)


def packages_of(chosen: Wanted) -> Path:
    return next(chosen.folder.glob("lib/python*/site-packages"), chosen.folder / "Lib" / "site-packages")


def test_an_environment_is_made(made):
    events: list = []
    result = Setup(made).result(events.append)
    assert Path(result.python).exists() and result.torch == "2.13.0+tiny" and result.device == "CPU"
    assert Environment(made.folder).state == "ready" and Environment(made.folder).torch == "2.13.0+tiny"
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions) and all(0 <= fraction <= 1 for fraction in fractions)
    assert "torch==2.13.0" in made.log.read_text()


def test_missing_and_damaged_packages_are_put_back(made):
    untouched = Environment(made.folder).python.lstat().st_ctime_ns
    packages = packages_of(made)
    shutil.rmtree(packages / "numba")
    for path in packages.glob("tqdm*"):
        shutil.rmtree(path)
    Setup(made).result()
    assert (packages / "numba/__init__.py").exists() and (packages / "tqdm/__init__.py").exists()
    assert Environment(made.folder).python.lstat().st_ctime_ns == untouched


def test_what_does_not_load_any_more_is_made_anew(made):
    (packages_of(made) / "scipy/__init__.py").write_text("raise ImportError('spoiled')")
    Setup(made).result()
    assert (packages_of(made) / "scipy/__init__.py").read_text() == ""


def test_an_environment_without_its_python_is_made_anew(made):
    Environment(made.folder).python.unlink()
    Setup(made).result()
    assert Environment(made.folder).state == "ready" and Environment(made.folder).python.exists()


def test_other_pinned_packages_outdate_it(made, monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "TORCH", tmp_path / "torch.txt")
    commands.TORCH.write_text("torch==2.14.0")
    assert Environment(made.folder).state == "outdated"


def test_cancelling_takes_the_half_made_away(wanted):
    setup = Setup(wanted)
    for event in setup.events():
        if isinstance(event, Progress) and event.stage == Stage.MAKE_ENVIRONMENT:
            setup.cancel()
    assert isinstance(event, messages.Cancelled)
    assert "Cancelled" in wanted.log.read_text()
    assert not wanted.folder.exists() and Environment(wanted.folder).state == "none"


def test_cancelling_a_repair_keeps_what_was_there(made):
    setup = Setup(made)
    with pytest.raises(Cancelled):
        setup.result(lambda event: setup.cancel() if getattr(event, "stage", None) == Stage.INSTALL_PACKAGES else None)
    assert Environment(made.folder).python.exists() and Environment(made.folder).state == "unfinished"
    Setup(made).result()
    assert Environment(made.folder).state == "ready"


def test_a_wheel_with_another_hash_is_refused_and_setting_up_goes_on_later(wanted, tmp_path):
    others = shutil.copytree(wanted.wheels, tmp_path / "wheels")
    make_wheel(others, "scipy", "scipy", "changed = True")
    with pytest.raises(TttlrmError, match="failed: what arrived for scipy is incomplete or not the expected file") as caught:
        Setup(Wanted(wanted.folder, wanted.log, sys.executable, "cpu", wheels=others)).result()
    assert caught.value.code == "setup_failed" and str(wanted.log) in caught.value.hint
    assert Environment(wanted.folder).state == "unfinished"
    Setup(wanted).result()
    assert Environment(wanted.folder).state == "ready"


def test_without_wgpu_the_setup_goes_on_and_says_so(wanted, tmp_path):
    others = shutil.copytree(wanted.wheels, tmp_path / "wheels")
    next(others.glob("wgpu-*")).unlink()
    notes: list[str] = []
    setup = Setup(replace(wanted, wheels=others))
    setup.result(lambda event: notes.append(str(event.text)) if isinstance(event, messages.Note) else None)
    (note,) = notes
    assert "wgpu" in note and note.endswith("draw splats then.") and note.count("\n") == 0
    assert Environment(wanted.folder).state == "ready" and not (packages_of(wanted) / "wgpu").exists()
    Setup(wanted).result()
    assert (packages_of(wanted) / "wgpu").exists(), "the next setup tries again"


def test_packages_that_do_not_load_are_told(wanted, tmp_path, monkeypatch):
    others = shutil.copytree(wanted.wheels, tmp_path / "wheels")
    make_wheel(others, "torch", "torch", f"{TORCH}\nraise OSError('no library')", "2.13.0", HERE)
    monkeypatch.setattr(commands, "TORCH", pin(others, tmp_path)[-1])
    with pytest.raises(TttlrmError, match="cannot be loaded: OSError: no library"):
        Setup(Wanted(wanted.folder, wanted.log, sys.executable, "cpu", wheels=others)).result()


def test_an_empty_folder_of_wheels_is_told(wanted, tmp_path):
    with pytest.raises(TttlrmError, match="has no wheel of PyTorch"):
        Setup(Wanted(wanted.folder, wanted.log, sys.executable, "cpu", wheels=tmp_path)).result()
    assert not wanted.folder.exists()


def test_a_folder_that_holds_something_else_is_left_alone(wanted):
    wanted.folder.mkdir()
    (wanted.folder / "diary.txt").write_text("mine")
    with pytest.raises(TttlrmError, match="already contains something else"):
        Setup(wanted).result()
    assert (wanted.folder / "diary.txt").read_text() == "mine"


def test_a_linked_folder_is_used_and_kept(wanted, tmp_path):
    target = tmp_path / "large disk"
    target.mkdir()
    wanted.folder.symlink_to(target)
    Setup(wanted).result()
    assert Environment(wanted.folder).state == "ready" and (target / "pyvenv.cfg").exists()
    Environment(wanted.folder).remove()
    assert wanted.folder.is_symlink() and not any(target.iterdir())


def test_an_environment_with_a_damaged_note_is_made_anew(made):
    (made.folder / "tttlrm.json").write_text("[1]")
    (made.folder / "left over").touch()
    Setup(made).result()
    assert Environment(made.folder).state == "ready" and not (made.folder / "left over").exists()
    assert "is damaged" in made.log.read_text()


BREAKING = {
    "PIP_ROOT": "/nowhere",
    "PIP_PYTHON": "/nowhere/python",
    "PIP_DRY_RUN": "1",
    "PIP_REQUIREMENT": "/nowhere/requirements.txt",
    "PIP_CONSTRAINT": "/nowhere/constraints.txt",
    "PIP_NO_INDEX": "1",
    "PIP_PLATFORM": "win32",
    "PYTHONINSPECT": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONEXECUTABLE": "/nowhere/python",
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere",
}


@pytest.fixture
def online(wanted, tmp_path, monkeypatch) -> Wanted:
    """Downloads from indexes on this machine, PyTorch's CPU build from one of its own; pip keeps nothing."""
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "true")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    make_wheel(tmp_path, "torch", "torch", TORCH, "2.13.0+cpu", HERE)
    monkeypatch.setitem(commands.BUILDS, "cpu", pin_one(tmp_path, tmp_path / "torch-cpu.txt", "torch", "2.13.0+cpu"))
    return replace(wanted, wheels=None)


def test_the_users_variables_do_not_break_a_setup_and_mirrors_are_used(online, wheels, tmp_path, monkeypatch):
    for name, value in BREAKING.items():
        monkeypatch.setenv(name, value)
    with serving(wheels) as mirror, serving(tmp_path) as pytorch:
        monkeypatch.setenv("PIP_INDEX_URL", mirror)
        assert Path(Setup(replace(online, index=pytorch)).result().python).exists()


@pytest.mark.parametrize("hashed", [True, False], ids=["hashed", "pinned"])
def test_a_pytorch_of_another_index_is_not_taken(hashed, online, wheels, tmp_path, monkeypatch):
    others = make_wheels(tmp_path / "others")
    for version in ("2.13.0", "2.13.0+cpu", "2.13.0+cpu.x", "2.13.0+x"):
        make_wheel(others, "torch", "torch", "raise SystemExit('of another index')", version, HERE)
    if not hashed:
        commands.BUILDS["cpu"].write_text("torch==2.13.0+cpu\n")
    with serving(wheels) as mirror, serving(tmp_path) as pytorch, serving(others) as another:
        monkeypatch.setenv("PIP_INDEX_URL", mirror)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", another)
        monkeypatch.setenv("PIP_FIND_LINKS", str(others))
        assert Setup(replace(online, index=pytorch)).result().torch == "2.13.0+tiny"


def test_a_download_that_is_cut_off_is_told_and_continued_later(online, wheels, tmp_path, monkeypatch):
    with serving(tmp_path) as pytorch:
        wanted = replace(online, index=pytorch)
        with (
            serving(wheels, cut="scipy") as mirror,
            pytest.raises(TttlrmError, match=r"The download failed: (the connection was|what arrived)") as told,
        ):
            monkeypatch.setenv("PIP_INDEX_URL", mirror)
            Setup(wanted).result()
        assert "tampered" not in told.value.sentence and Environment(wanted.folder).state == "unfinished"
        with serving(wheels) as mirror:
            monkeypatch.setenv("PIP_INDEX_URL", mirror)
            Setup(wanted).result()
    assert Environment(wanted.folder).state == "ready"


def test_an_index_that_does_not_answer_is_told(online, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(TttlrmError, match=r"The download failed: the package index on 127\.0\.0\.1 cannot be reached"):
        Setup(online).result()


def test_a_log_in_the_way_is_told(wanted):
    wanted.log.mkdir()
    with pytest.raises(TttlrmError, match=f"Setting up the worker failed: {wanted.log}: Is a directory"):
        Setup(wanted).result()
