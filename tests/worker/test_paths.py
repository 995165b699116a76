# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to files: uploaded ones, and others of the worker's machine only if allowed."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.worker.photo_folder import write_checkpoint, write_photos
from tests.worker.small_worker import TOKEN, serving
from tests.worker.test_program import ready, start
from tttlrm_blender.client import Client
from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.pipeline.jobs import JOBS
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, ReconstructSettings
from tttlrm_blender.worker.paths import placed, relative

TOY = Path(__file__).resolve().parents[1] / "operators" / "toy_worker.py"


@pytest.fixture
def photos(tmp_path):
    """A folder of photos on the client's side, the network beside it."""
    folder = write_photos(tmp_path / "mine" / "photos", 4)
    write_checkpoint(tmp_path / "mine" / "small.safetensors")
    return folder


@pytest.fixture
def secrets(tmp_path):
    """Photos on the worker's machine that were not uploaded, under names of their own."""
    folder = write_photos(tmp_path / "theirs", 4)
    for path in (folder / "images").glob("*"):
        path.rename(path.with_name(f"their_{path.name}"))
    return folder


def files(folder: Path) -> dict[str, Path]:
    """Everything in a folder and the network, to be sent."""
    sent = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {**sent, "small.safetensors": folder.parent / "small.safetensors"}


def ask(tmp_path, photos, any_file=False, **settings):
    """The result of reconstructing the photos on a real worker."""
    (tmp_path / "worker").mkdir(exist_ok=True)
    wanted = ReconstructSettings(**{"checkpoint": "small.safetensors", "refine": DRAFT, **settings})
    with (
        serving(tmp_path / "worker", jobs=JOBS, make_scene=Scene, any_file=any_file) as port,
        Client("127.0.0.1", port, TOKEN) as client,
    ):
        return client.submit("s", kinds.RECONSTRUCT, wanted, files=files(photos)).result()


def refusal(tmp_path, photos, **settings) -> TttlrmError:
    """The error of a worker that refuses the photos."""
    with pytest.raises(TttlrmError) as caught:
        ask(tmp_path, photos, **settings)
    return caught.value


def test_files_that_were_sent_may_be_named(tmp_path, photos):
    (photos / "elsewhere").mkdir()
    (photos / "transforms.json").rename(photos / "elsewhere" / "t.json")
    result = ask(tmp_path, photos, poses="elsewhere/t.json")
    assert result.cameras.names == [f"images/{index:02}.png" for index in range(4)]


@pytest.mark.parametrize("name", ["poses", "checkpoint", "remove_background"])
@pytest.mark.parametrize("way", ["absolute", "up", "zero"])
def test_other_files_may_not(tmp_path, photos, secrets, name, way):
    paths = {"absolute": str(secrets / "transforms.json"), "up": "../../../../theirs/transforms.json", "zero": "\0"}
    error = refusal(tmp_path, photos, **{name: paths[way]})
    assert error.code == "bad_path" and repr(paths[way]) in error.sentence and "--allow-files" in error.hint


def test_a_word_is_no_path(tmp_path):
    assert placed(ReconstructSettings(poses="estimate"), tmp_path, any_file=False).poses == "estimate"


def test_other_files_may_where_it_is_allowed(tmp_path, photos, secrets):
    poses, network = secrets / "transforms.json", photos.parent / "small.safetensors"
    (photos / "transforms.json").unlink()
    assert ask(tmp_path, photos, any_file=True, poses=str(poses), checkpoint=str(network)).views == 4


def name_in_poses(folder: Path, key: str, name: str) -> None:
    """Let the first frame of a transforms.json name a file."""
    content = json.loads((folder / "transforms.json").read_text())
    content["frames"][0][key] = name
    (folder / "transforms.json").write_text(json.dumps(content))


@pytest.mark.parametrize("key", ["file_path", "mask_path"])
def test_pose_files_name_what_was_sent_only(tmp_path, photos, secrets, key):
    for name in (
        str(secrets / "images" / "their_00.png"),
        "../../../theirs/images/their_00.png",
        "images/../../../../theirs/images/their_00",
    ):
        name_in_poses(photos, key, name)
        error = refusal(tmp_path, photos)
        assert error.code == "bad_poses" and "transforms.json names" in error.sentence
        assert "outside the scene" in error.sentence


def test_a_way_that_comes_back_is_none_that_leads_out(tmp_path, photos):
    (photos / "nerfstudio").mkdir()
    name_in_poses(photos, "file_path", "../images/00.png")
    (photos / "transforms.json").rename(photos / "nerfstudio" / "transforms.json")
    assert ask(tmp_path, photos).views == 4


def test_cameras_of_the_released_program_name_what_was_sent_only(tmp_path, photos, secrets):
    (photos / "transforms.json").unlink()
    lens = {"w": 48, "h": 32, "fx": 48, "fy": 48, "cx": 24, "cy": 16, "w2c": np.eye(4).tolist()}
    frames = [{"file_path": str(path), **lens} for path in sorted(secrets.glob("images/*"))]
    (photos / "opencv_cameras.json").write_text(json.dumps({"frames": frames}))
    assert "outside the scene" in refusal(tmp_path, photos).sentence


def write_colmap(folder: Path, names: list[str]) -> None:
    """A binary COLMAP model of cameras that stand side by side."""
    folder.mkdir(parents=True)
    (folder / "cameras.bin").write_bytes(struct.pack("<QiiQQ4d", 1, 1, 1, 48, 32, 48.0, 48.0, 24.0, 16.0))
    images = b"".join(
        struct.pack("<I7dI", index + 1, 1, 0, 0, 0, index * 0.3, 0, 0, 1) + name.encode() + b"\0" + struct.pack("<Q", 0)
        for index, name in enumerate(names)
    )
    (folder / "images.bin").write_bytes(struct.pack("<Q", len(names)) + images)
    (folder / "points3D.bin").write_bytes(struct.pack("<Q", 0))


def test_colmap_models_name_what_was_sent_only(tmp_path, photos, secrets):
    (photos / "transforms.json").unlink()
    write_colmap(photos / "sparse" / "0", ["00.png", "01.png", "02.png"])
    assert ask(tmp_path, photos).views == 3
    shutil.rmtree(photos / "sparse")
    write_colmap(photos / "sparse" / "0", [str(path) for path in sorted(secrets.glob("images/*"))])
    assert "outside the scene" in refusal(tmp_path, photos).sentence


def test_a_name_that_is_no_path_is_outside(tmp_path, photos):
    name_in_poses(photos, "file_path", "images/\0.png")
    assert "outside the scene" in refusal(tmp_path, photos).sentence


def test_poses_anywhere_where_it_is_allowed(tmp_path, photos, secrets):
    name_in_poses(photos, "file_path", str(secrets / "images" / "their_00.png"))
    assert ask(tmp_path, photos, any_file=True).views == 4


def test_a_link_that_leads_out_is_not_followed(tmp_path):
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "link").symlink_to(tmp_path)
    with pytest.raises(TttlrmError, match="outside of the scene"):
        placed(ReconstructSettings(poses="link/transforms.json"), tmp_path / "scene", False)


def test_settings_without_paths_stay_as_they_are(tmp_path):
    for settings in (ReconstructSettings(), DecodeSettings(scale=2.0)):
        assert placed(settings, tmp_path, False) == settings


def test_a_name_that_is_below_the_scene_means_the_file_there_first(tmp_path):
    (tmp_path / "p.json").touch()
    named = placed(ReconstructSettings(poses="p.json", checkpoint="c.pt"), tmp_path, True)
    assert named.poses == str(tmp_path / "p.json") and named.checkpoint == "c.pt"


@pytest.mark.parametrize(("options", "code"), [([], "bad_path"), (["--allow-files"], None), (["--owned"], None)])
def test_the_worker_says_who_may(tmp_path, monkeypatch, options, code):
    token, asked = "a token long enough", tmp_path / "asked.json"
    monkeypatch.setenv("TTTLRM_TOY_ASKED", str(asked))
    with start(tmp_path, *options, token=token, program=TOY) as process:
        with Client("127.0.0.1", ready(process)["port"], token) as client:
            job = client.submit("s", kinds.RECONSTRUCT, ReconstructSettings(poses="/etc/poses.json"), files={"1.png": b"1"})
            try:
                job.result()
                assert json.loads(asked.read_text())["settings"]["poses"] == "/etc/poses.json" and code is None
            except TttlrmError as error:
                assert error.code == code
        process.terminate()


def test_texts_name_files_as_they_were_sent(tmp_path):
    """Paths that are no values of their own, and others' paths, stay."""
    photos, folder = tmp_path / "s" / "photos", tmp_path / "s"
    ours = [photos / "images" / "a.jpg", str(photos / "b.jpg"), photos, folder / "kept"]
    others = [tmp_path / "c", f"see {photos}", "d", 3]
    found = [relative(value, (photos, folder)) for value in [*ours, *others]]
    assert found == ["images/a.jpg", "b.jpg", text("the scene"), "kept", *others]
