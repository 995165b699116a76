# SPDX-License-Identifier: GPL-3.0-or-later
"""Choice of Python, PyTorch build and packages."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.setup import commands, environment
from tttlrm_blender.setup.commands import Follower, Source, download, install_packages, install_torch, pinned
from tttlrm_blender.setup.machine import CUDA, PYTORCH, ROCM, Build, Gpu, Machine, choose_build, look, read_gpus
from tttlrm_blender.setup.pythons import candidates, find_python, probe, versions_for

ROOT = Path(__file__).resolve().parents[2]
ADA, BLACKWELL, PASCAL = (8, 9), (12, 0), (6, 1)
NEW, OLD, ANCIENT = (580, 65, 6), (550, 54, 14), (470, 82)
PINS = (commands.PACKAGES, commands.OPTIONAL, commands.TORCH)
PYTHON = Path("python")


def machine(system: str, *gpus: Gpu, rocm: bool = False, processor: str = "") -> Machine:
    usual = {"Linux": "x86_64", "Windows": "AMD64", "Darwin": "arm64"}
    return Machine(system, processor or usual[system], gpus, rocm)


@pytest.mark.parametrize(
    ("where", "build"),
    [
        (machine("Linux"), Build("cpu", "cpu")),
        (machine("Linux", Gpu(NEW, ADA)), Build("cuda")),
        (machine("Linux", Gpu(NEW, BLACKWELL)), Build("cuda")),
        (machine("Linux", Gpu(OLD, ADA)), Build("cuda", "cu126")),
        (machine("Linux", Gpu(NEW, PASCAL)), Build("cuda", "cu126")),
        (machine("Linux", Gpu(NEW, PASCAL), Gpu(NEW, ADA)), Build("cuda")),
        (machine("Linux", Gpu(OLD, BLACKWELL)), Build("cpu", "cpu")),
        (machine("Linux", Gpu(ANCIENT, ADA)), Build("cpu", "cpu")),
        (machine("Linux", rocm=True), Build("rocm", "rocm7.2")),
        (machine("Linux", Gpu(NEW, ADA), rocm=True), Build("cuda")),
        (machine("Windows"), Build("cpu")),
        (machine("Windows", Gpu(NEW, ADA)), Build("cuda", "cu130")),
        (machine("Windows", Gpu(OLD, ADA)), Build("cuda", "cu126")),
        (machine("Windows", rocm=True), Build("cpu")),
        (machine("Darwin"), Build("metal")),
    ],
)
def test_the_build_suits_the_machine(where, build):
    assert choose_build(where) == build


@pytest.mark.parametrize(
    ("where", "wanted", "build"),
    [
        (machine("Linux", Gpu(NEW, ADA)), "cpu", Build("cpu", "cpu")),
        (machine("Linux"), "cuda", Build("cuda")),
        (machine("Linux"), "rocm", Build("rocm", "rocm7.2")),
        (machine("Windows"), "cuda", Build("cuda", "cu130")),
        (machine("Darwin"), "cpu", Build("metal")),
    ],
)
def test_a_build_may_be_asked_for(where, wanted, build):
    assert choose_build(where, wanted) == build


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (machine("Darwin", processor="x86_64"), "auto"),
        (machine("Windows", processor="ARM64"), "auto"),
        (machine("Linux", processor="aarch64"), "cpu"),
        (machine("Windows"), "rocm"),
        (machine("Darwin"), "cuda"),
    ],
)
def test_where_there_is_no_build_a_sentence_says_so(where, wanted):
    with pytest.raises(TttlrmError) as caught:
        choose_build(where, wanted)
    assert caught.value.code == "no_build" and where.system in caught.value.sentence and caught.value.hint


def test_cards_are_read_from_nvidia_smi():
    answer = "580.65.06, 9.0\n550.54, [N/A]\n\nNo devices were found\n535.1, 8.6\n"
    assert read_gpus(answer) == (Gpu((580, 65, 6), (9, 0)), Gpu((535, 1), (8, 6)))


def test_this_machine_is_looked_at():
    assert look().system and look().processor


def test_blenders_own_python_is_tried_first_then_the_newest():
    assert list(candidates("Linux", "own", [(3, 11), (3, 13)])) == [
        ("own",), ("python3.13",), ("python3.11",), ("python3",), ("python",),
    ]  # fmt: skip
    assert ("py", "-3.13") in list(candidates("Windows", "own"))


def test_this_python_is_found():
    found = find_python(sys.executable, [sys.version_info[:2]])
    assert found == probe((sys.executable,)) and found.version == sys.version_info[:2]
    assert find_python("/nowhere/python", [sys.version_info[:2]]).version == sys.version_info[:2]


@pytest.mark.parametrize("command", ["/nowhere/python", str(ROOT), "false"])
def test_what_is_no_python_is_passed_over(command):
    assert probe((command,)) is None


def test_without_a_python_a_sentence_says_what_to_install():
    with pytest.raises(TttlrmError, match=r"There is no Python 3\.99") as caught:
        find_python(sys.executable, [(3, 99)])
    assert caught.value.code == "no_python"


def test_wheels_tell_their_python(tmp_path):
    with pytest.raises(TttlrmError, match=re.escape(str(tmp_path))) as caught:
        versions_for(tmp_path)
    assert caught.value.code == "no_wheels"
    (tmp_path / "torch-2.13.0+cpu-cp312-cp312-win_amd64.whl").touch()
    assert versions_for(tmp_path) == ((3, 12),)


def test_packages_are_installed_by_hash():
    command = install_packages(PYTHON, Source(Build("cpu", "cpu")), commands.PACKAGES)
    assert "--require-hashes" in command and str(commands.PACKAGES) in command and "--index-url" not in command


def test_pytorch_comes_by_hash_wherever_hashes_are_known():
    usual = install_torch(PYTHON, Source(Build("cuda")))
    assert {*commands.HASHED, str(commands.TORCH)} <= set(usual) and "--index-url" not in usual
    cpu = install_torch(PYTHON, Source(Build("cpu", "cpu")))
    assert {*commands.HASHED, str(commands.BUILDS["cpu"])} <= set(cpu) and cpu.count(PYTORCH + "cpu") == 1
    mirrored = install_torch(PYTHON, Source(Build("cpu", "cpu"), index="https://mine"))
    assert "https://mine" in mirrored and PYTORCH + "cpu" not in mirrored and "--require-hashes" in mirrored


@pytest.mark.parametrize("name", ["cpu", ROCM, *(cuda[-1] for cuda in CUDA)])
def test_builds_from_other_indexes_are_pinned_by_local_version(name):
    """So that no other index's build of the same version is taken."""
    (version,) = [package.rpartition("=")[2] for package in pinned(commands.TORCH) if package.startswith("torch=")]
    assert pinned(commands.BUILDS[name]) == [f"torch=={version}+{name}"]
    assert f"torch==={version}" in pinned(commands.TORCH)


def test_nothing_is_downloaded_where_there_is_a_folder_of_wheels(tmp_path):
    (tmp_path / "torch-2.13.0-cp312-cp312-win_amd64.whl").touch()
    source = Source(Build("cuda", "cu130"), wheels=tmp_path)
    for command in (install_packages(PYTHON, source, commands.PACKAGES), install_torch(PYTHON, source)):
        assert {"--no-index", "--find-links", str(tmp_path)} <= set(command) and "--index-url" not in command


@pytest.mark.parametrize(
    ("held", "wanted", "file"),
    [
        (["2.13.0"], "cpu", "torch.txt"),
        (["2.13.0+cpu"], "", "torch-cpu.txt"),
        (["2.13.0+cpu", "2.13.0", "2.13.0+cu126"], "cpu", "torch-cpu.txt"),
        (["2.13.0+cpu", "2.13.0", "2.13.0+cu126"], "", "torch.txt"),
        (["2.12.0+cpu", "2.13.0+cu126", "2.13.0+x"], "cpu", "torch-cu126.txt"),
    ],
)
def test_the_build_in_a_folder_of_wheels_is_found(held, wanted, file, tmp_path):
    for version in held:
        (tmp_path / f"torch-{version}-cp312-cp312-manylinux_2_28_x86_64.whl").touch()
    assert Source(Build("", wanted), wheels=tmp_path).torch.name == file


@pytest.mark.parametrize("version", ["2.13.0+x", "2.12.0+cpu", "2.14.0"])
def test_another_pytorch_in_a_folder_of_wheels_is_refused(version, tmp_path):
    (tmp_path / f"torch-{version}-cp312-cp312-manylinux_2_28_x86_64.whl").touch()
    with pytest.raises(TttlrmError, match=rf"has PyTorch {re.escape(version)}; .* needs 2\.13\.0") as caught:
        install_torch(PYTHON, Source(Build("cpu", "cpu"), wheels=tmp_path))
    assert caught.value.code == "no_wheels"


def test_a_folder_of_wheels_holds_what_is_installed():
    packages, optional, torch = download(PYTHON, Source(Build("cpu", "cpu")), Path("wheels"))
    assert str(commands.PACKAGES) in packages and str(commands.BUILDS["cpu"]) in torch and "wheels" in packages
    assert str(commands.OPTIONAL) in optional


def test_progress_is_read_from_pips_lines():
    told: list[float] = []
    follower = Follower(4, told.append)
    lines = ["Collecting a==1", "Requirement already satisfied: b", "Ignoring c: markers", "Collecting d", "Progress 1 of 2"]
    assert [follower.take(line) for line in lines] == [True, True, True, True, False]
    assert told == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.7])
    follower.take("Installing collected packages: a, d")
    assert told[-1] == pytest.approx(0.8)
    assert not follower.take("Progress x of 0") and not follower.take("")


def test_the_pinned_packages_cover_what_the_engine_depends_on():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["formats"] + extras["video"] + extras["background"] + extras["webgpu"]
    names = {package.partition("==")[0] for file in PINS for package in pinned(file)}
    assert {re.split(r"[<>=]", requirement)[0] for requirement in wanted} <= names


@pytest.mark.parametrize(
    "file", [commands.PACKAGES, commands.OPTIONAL, commands.TORCH, commands.BUILDS["cpu"]], ids=lambda file: file.name
)
def test_every_pinned_package_has_hashes(file):
    for block in re.split(r"\n(?=\S)", file.read_text().strip())[1:]:
        assert "--hash=sha256:" in block, block


def test_windows_opens_short_paths_only(tmp_path):
    deep = "C:\\Users\\somebody\\AppData\\Roaming\\Blender Foundation\\Blender\\5.0\\extensions\\.user\\user_default\\tttlrm"
    assert environment.too_long(deep) and not environment.too_long("C:\\Users\\somebody\\AppData\\Local\\tttlrm\\environment")
    assert environment.place(tmp_path) == tmp_path / "environment"
