# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluation: held-out photos, procedural scenes, tables and pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.render.vgg import random_weights, write_weights
from tests.worker.photo_folder import write_checkpoint, write_photos
from tttlrm_blender.commands import main
from tttlrm_blender.commands.evaluate import picture_folders
from tttlrm_blender.commands.tables import mean_of, table
from tttlrm_blender.pipeline.networks import load_network
from tttlrm_blender.render.metrics import error_colors
from tttlrm_blender.train.evaluate import evaluate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small untrained network."""
    return str(write_checkpoint(tmp_path_factory.mktemp("network") / "small.safetensors"))


def figures(capsys: pytest.CaptureFixture, *arguments: str) -> dict:
    assert main(["evaluate", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def with_test_photos(folder: Path) -> Path:
    """A photo set in the layout of NeRF-synthetic whose last photo is a test photo."""
    content = json.loads((write_photos(folder, 4) / "transforms.json").read_text())
    (folder / "transforms.json").unlink()
    *train, last = content["frames"]
    (folder / "test").mkdir()
    shutil.move(folder / last["file_path"], folder / "test" / "03.png")
    last["file_path"] = "./test/03"
    (folder / "transforms_train.json").write_text(json.dumps(content | {"frames": train}))
    (folder / "transforms_test.json").write_text(json.dumps(content | {"frames": [last]}))
    return folder


def test_procedural_scenes_give_the_figures_of_training(checkpoint: str, capsys: pytest.CaptureFixture) -> None:
    """If every pixel becomes a splat, evaluation and the trainer agree, except for the 8 bits of photos."""
    options = ("--checkpoint", checkpoint, "--scenes", "2", "--size", "32x32", "--keep", "1")
    row = figures(capsys, "procedural", *options)
    assert row["psnr"] == pytest.approx(evaluate(load_network(checkpoint), 2, (32, 32), keep=1)["psnr"], abs=0.02)
    assert row["scenes"] == 2 and row["views"] == 8 and row["splats"] == 8 * 32 * 32
    assert set(row["seconds"]) == {"load", "encode", "decode"}


def test_procedural_scenes_obey_the_options(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    options = ("--checkpoint", checkpoint, "--scenes", "1", "--size", "32x24", "--views", "5", "--pictures", str(tmp_path))
    full = figures(capsys, "procedural", *options)
    assert full["views"] == 5 and full["splats"] < 5 * 32 * 24 / 2
    assert sorted(path.name for path in (tmp_path / "procedural/000").iterdir()) == [f"{view:03}.png" for view in range(4)]
    assert Image.open(tmp_path / "procedural/000/000.png").size == (3 * 32, 24)
    chunks = figures(capsys, "procedural", *options, "--scan", "ar")
    assert chunks["psnr"] != full["psnr"]


@pytest.mark.parametrize("hold_out", ["0", "2"])
def test_test_photos_of_the_data_set_go_before_every_nth(
    checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture, hold_out: str
) -> None:
    photos, pictures = with_test_photos(tmp_path / "photos"), tmp_path / "pictures"
    options = ("--checkpoint", checkpoint, "--hold-out", hold_out, "--pictures", str(pictures))
    assert figures(capsys, str(photos), *options)["views"] == 3
    assert [path.name for path in (pictures / "photos").iterdir()] == ["03.png"]


def test_reconstruct_leaves_test_photos_alone(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    photos = with_test_photos(tmp_path / "photos")
    main(["reconstruct", str(photos), "--checkpoint", checkpoint, "--quality", "draft", "--out", str(tmp_path / "out"), "--json"])
    made = json.loads(capsys.readouterr().out)
    assert made["views"] == 3 and "psnr" not in made


def test_something_must_be_left_to_learn_from(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    photos = write_photos(tmp_path / "photos")
    assert main(["evaluate", str(photos), "--checkpoint", checkpoint, "--hold-out", "0"]) == 1
    assert f"All photos of {photos} are held out." in capsys.readouterr().err


def test_several_sets_have_a_mean(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    sets = [str(write_photos(tmp_path / name, count)) for name, count in (("a", 4), ("b", 8))]
    rows = figures(capsys, *sets, "--checkpoint", checkpoint, "--hold-out", "4")
    assert list(rows) == [*sets, "mean"]
    assert rows["mean"]["psnr"] == pytest.approx((rows[sets[0]]["psnr"] + rows[sets[1]]["psnr"]) / 2)
    assert rows["mean"]["views"] == 4.5


def test_lpips_where_its_weights_are_given(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    photos, file = str(write_photos(tmp_path / "a", 4)), write_weights(tmp_path / "lpips.safetensors", random_weights())
    assert main(["evaluate", photos, "procedural", "--scenes=1", "--checkpoint", checkpoint, "--lpips", str(file)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    column = slice(head.index("  LPIPS"), head.index("  LPIPS") + 7)
    assert len(rows) == 3 and all(0 < float(row[column]) < 1000 for row in rows)
    row = figures(capsys, photos, "--checkpoint", checkpoint, "--lpips", str(file))
    assert row["lpips"] == pytest.approx(float(rows[0][column]), abs=0.01)


def test_wrong_weights_are_told_before_anything_is_done(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", str(tmp_path), "--lpips", str(tmp_path / "none.pt")]) == 1
    assert "There are no weights at" in capsys.readouterr().err


def test_a_set_that_fails_does_not_stop_the_others(checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    good, bad = str(write_photos(tmp_path / "good", 4)), str(tmp_path / "none")
    assert main(["evaluate", bad, good, "--checkpoint", checkpoint, "--json"]) == 1
    out, err = capsys.readouterr()
    assert list(json.loads(out)) == [good, "mean"]
    assert f"{bad} is skipped. The folder {bad} does not exist." in err
    assert main(["evaluate", bad, bad, "--checkpoint", checkpoint, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "no_photos"


def test_no_scenes_are_misuse(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "procedural", "--scenes", "0"])
    assert "a whole number of at least 1 is needed" in capsys.readouterr().err


def test_the_mean_of_figures() -> None:
    rows = [
        {"views": 8, "psnr": 20.0, "seconds": {"load": 1.0, "mesh": 3.0}},
        {"views": 8, "psnr": 22.0, "seconds": {"load": 2.0}},
    ]
    assert mean_of(rows) == {"views": 8, "psnr": 21.0, "seconds": {"load": 1.5}}


def test_the_table_has_a_column_for_lpips_where_it_is_known() -> None:
    row = {"views": 8, "splats": 1000, "psnr": 20.0, "ssim": 0.5, "seconds": {"load": 1.0, "encode": 2.0}}
    assert table({"fox": row}).splitlines() == [
        "photos  views   splats    PSNR   SSIM  seconds",
        "fox         8     1000   20.00  0.500      3.0",
    ]
    assert table({"fox": row | {"lpips": 0.25}}).splitlines() == [
        "photos  views   splats    PSNR   SSIM  LPIPS  seconds",
        "fox         8     1000   20.00  0.500  0.250      3.0",
    ]


def test_errors_have_the_same_colours_everywhere() -> None:
    colors = error_colors(np.array([[0.0, 1 / 6, 1 / 3, 0.5, 1.0]]))
    np.testing.assert_allclose(colors, [[[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]], atol=1e-12)


def test_folders_of_pictures_are_different() -> None:
    root = Path("out")
    assert picture_folders(["x/fox", "y/fox", "cat"], root) == {
        "x/fox": root / "fox",
        "y/fox": root / "fox-2",
        "cat": root / "cat",
    }
