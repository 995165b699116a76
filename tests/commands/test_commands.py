# SPDX-License-Identifier: GPL-3.0-or-later
"""The tttlrm command from end to end, with a small network."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.worker.photo_folder import HEIGHT, WIDTH, write_checkpoint, write_photos
from tttlrm_blender.commands import main
from tttlrm_blender.gaussians.formats.registry import read_splats, up_axis
from tttlrm_blender.poses.camera_files import read_cameras
from tttlrm_blender.poses.camera_writers import write_colmap


@pytest.fixture
def options(tmp_path):
    """Arguments for a `reconstruct` of one second."""
    photos = write_photos(tmp_path / "photos")
    return [str(photos), "--checkpoint", str(write_checkpoint(tmp_path / "small.safetensors")), "--quality", "draft"]


def test_reconstruct_writes_everything_and_ends_with_json(options, tmp_path, capsys):
    out = tmp_path / "made"
    assert main(["reconstruct", *options, "--out", str(out), "--hold-out", "3", "--size", "24x16", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["views"] == 4 and figures["splats"] == len(read_splats(out / "splats.ply"))
    assert set(figures["seconds"]) == {"load", "encode", "decode", "write"}
    assert {"psnr", "ssim"} <= set(figures)
    assert json.loads((out / "report.json").read_text()) == figures
    assert Image.open(out / "held_out" / "03.png").size == (72, 16)
    names = {path.name for path in out.iterdir()}
    assert names == {"splats.ply", "cameras.json", "report.json", "held_out"}, "nothing half-written"


def test_splats_without_the_mesh_that_was_wanted_are_written_and_status_one(options, tmp_path, capsys):
    out = tmp_path / "made"
    assert main(["reconstruct", *options, "--out", str(out), "--mesh", "--voxel", "1000"]) == 1
    assert len(read_splats(out / "splats.ply")) and not (out / "mesh.glb").exists()
    assert "There is no mesh" in capsys.readouterr().err


def test_render_draws_what_reconstruct_wrote(options, tmp_path, capsys):
    out = tmp_path / "made"
    main(["reconstruct", *options, "--out", str(out)])
    for cameras in (out / "cameras.json", tmp_path / "photos" / "transforms.json"):
        pictures = tmp_path / cameras.stem
        assert main(["render", str(out / "splats.ply"), "--cameras", str(cameras), "--out", str(pictures)]) == 0
        assert Image.open(pictures / "05.png").size == (WIDTH, HEIGHT)
    first, second = (Image.open(tmp_path / stem / "02.png").tobytes() for stem in ("cameras", "transforms"))
    assert first == second


def test_render_writes_a_picture_for_every_camera(options, tmp_path, capsys):
    """However their names coincide, and from a COLMAP model too."""
    out = tmp_path / "made"
    main(["reconstruct", *options, "--out", str(out), "--size", "24x16"])
    content = json.loads((out / "cameras.json").read_text())
    names = ["cam0/0001.jpg", "cam1/0001.jpg", "cam1/0001.png", "train/r.0", "train/r.1"]
    cameras = {name: values[: len(names)] for name, values in content.items() if isinstance(values, list)}
    (tmp_path / "cameras.json").write_text(json.dumps({**cameras, "names": names}))
    drawn = tmp_path / "drawn"
    assert main(["render", str(out / "splats.ply"), "--cameras", str(tmp_path / "cameras.json"), "--out", str(drawn)]) == 0
    assert {path.name for path in drawn.iterdir()} == {"cam0_0001.png", "cam1_0001.png", "cam1_0001-2.png", "r.0.png", "r.1.png"}
    model = tmp_path / "sparse" / "0"
    write_colmap(model, names, read_cameras(tmp_path / "cameras.json")[1])
    assert main(["render", str(out / "splats.ply"), "--cameras", str(tmp_path), "--out", str(tmp_path / "again")]) == 0
    for path in drawn.iterdir():
        assert (
            np.abs(np.asarray(Image.open(path)).astype(int) - np.asarray(Image.open(tmp_path / "again" / path.name))).max() <= 1
        )


def test_bake_writes_the_images_of_a_mesh(tmp_path, capsys):
    photos, mesh, out = write_photos(tmp_path / "photos"), tmp_path / "wall.npz", tmp_path / "baked"
    wall = np.float32([[-2, 4, -1], [2, 4, -1], [2, 4, 1], [-2, 4, 1]])
    uv = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
    faces = np.int32([[0, 1, 2], [0, 2, 3]])
    np.savez(mesh, vertices=wall, faces=faces, uv=uv[faces])
    assert main(["bake", str(photos), str(mesh), "--out", str(out), "--texture", "64", "--occlusion"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["base_color.jpg", "occlusion.jpg"]
    assert f"In {out}: base_color.jpg, occlusion.jpg" in capsys.readouterr().out
    with Image.open(out / "base_color.jpg") as picture:
        assert picture.size == (64, 64) and np.asarray(picture).std() > 20


def test_bake_finds_out_before_the_work_that_it_cannot_write(tmp_path, capsys):
    (tmp_path / "baked" / "normal_map.png").mkdir(parents=True)
    assert main(["bake", str(tmp_path), "mesh.npz", "--out", str(tmp_path / "baked"), "--image", "png"]) == 1
    assert "normal_map.png cannot be written" in capsys.readouterr().err


def test_damaged_files_are_one_line(tmp_path):
    """In a process of its own, as pytest handles the log otherwise."""
    (tmp_path / "mesh.npz").write_bytes(b"PK\3\4")
    code = "import sys; from tttlrm_blender.commands import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.run([sys.executable, "-c", code, "bake", tmp_path, tmp_path / "mesh.npz"], capture_output=True, text=True)
    assert run.returncode == 1 and len(run.stderr.splitlines()) == 1 and "mesh.npz is damaged" in run.stderr


@pytest.mark.parametrize("kind", ["compressed.ply", "spz", "splat", "glb"])
def test_splats_in_other_formats(options, tmp_path, capsys, kind):
    out = tmp_path / "made"
    assert main(["reconstruct", *options, "--out", str(out), "--format", kind]) == 0
    splats = read_splats(out / f"splats.{kind}")
    assert len(splats) and not (out / "splats.ply").exists()
    assert main(["resave", str(out / f"splats.{kind}"), str(out / "again.ply")]) == 0
    assert f"{len(splats)} splats" in capsys.readouterr().out
    np.testing.assert_array_equal(read_splats(out / "again.ply").means, splats.means)
    assert up_axis(out / "again.ply") == up_axis(out / f"splats.{kind}")


def test_splats_are_not_saved_as_anything_else(tmp_path, capsys):
    (tmp_path / "a.splat").write_bytes(bytes(32))
    assert main(["resave", str(tmp_path / "a.splat"), str(tmp_path / "a.obj")]) == 1
    assert "a.obj is not a splat file" in capsys.readouterr().err


def test_evaluate_tells_a_row_for_each_folder_and_their_mean(options, tmp_path, capsys):
    other = write_photos(tmp_path / "other", 4)
    assert main(["evaluate", options[0], str(other), *options[1:], "--hold-out", "2"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert "PSNR" in head and len(rows) == 3 and rows[1].startswith(str(other)) and rows[2].startswith("mean")


@pytest.mark.parametrize("arguments", [["reconstruct", "x", "--size", "270"], ["reconstruct"], ["nonsense"], []])
def test_misuse_is_status_two(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_a_failure_is_a_sentence_and_status_one(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["reconstruct", str(tmp_path / "empty"), "--json"]) == 1
    out, err = capsys.readouterr()
    assert "There are no photos in" in err and "Traceback" not in err
    assert "There are no photos in" in json.loads(out)["error"]["sentence"]


def test_help_needs_no_heavy_library():
    code = "import sys; from tttlrm_blender.commands import parser; parser(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
