# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of many photo sets: tables and contact sheets."""

import csv
import json
from pathlib import Path

import bpy
import numpy as np
import pytest

from operators.headless import contact_sheet, overview, result
from operators.headless.contact_sheet import Entry
from operators.headless.lettering import lettering
from operators.headless.result import Task
from operators.scene.cameras import add_cameras
from operators.scene.pictures import covering, fitting, write_picture
from tests.operators.headless.commands import folders, photo_set, tttlrm
from tttlrm_blender.protocol.results import CameraTable

REPORT = {
    "views": 40,
    "seconds": {"load": 1.25, "encode": 2.0, "refine": 95.0},
    "refinement": {"steps": 1075, "set_aside": 2, "psnr": 27.94, "judges": ["a.jpg", "b.jpg"]},
    "splats": 198718,
    "notes": ["The photo c.jpg is left out: it is blurred.", "d.jpg, too."],
    "ended_early": False,
}


def a_set(out: Path, name: str, report: dict | None = None, why: str = "") -> Task:
    """A set that was done, or failed, or neither."""
    task = Task(out.parent / name, out / name)
    if report:
        task.out.mkdir(parents=True)
        (task.out / "report.json").write_text(json.dumps(report))
    out.mkdir(exist_ok=True)
    task.note_failure(why)
    return task


def flat(red: float, height: int, width: int) -> np.ndarray:
    """A picture of one color."""
    return np.broadcast_to(np.array([red, 0.5, 0.25]), (height, width, 3))


def test_a_table_tells_what_became_of_each_set(tmp_path):
    out = tmp_path / "out"
    draft = {"views": 3, "seconds": {"load": 1.0}, "splats": 12, "notes": [], "psnr": 20.5, "ended_early": True}
    done = [a_set(out, "fox", REPORT), a_set(out, "early", draft), a_set(out, "broken", why="There are no photos.")]
    overview.write(out, [*done, a_set(out, "later")])
    fox, early, broken = json.loads((out / "report.json").read_text())
    assert (fox["state"], fox["psnr"], fox["steps"], fox["photos"]) == ("converted", 27.94, 1075, 40)
    assert fox["seconds"] == 98.2 and fox["refine_seconds"] == 95.0 and "mesh_seconds" not in fox
    assert (early["state"], early["psnr"], early["held_out_psnr"]) == ("ended early", None, 20.5)
    assert broken == {"set": "broken", "state": "failed", "why": "There are no photos."}
    table = list(csv.DictReader((out / "report.csv").open(newline="")))
    assert [row["set"] for row in table] == ["fox", "early", "broken"]
    assert table[0]["judges"] == "a.jpg | b.jpg"
    assert table[0]["notes"] == "The photo c.jpg is left out: it is blurred. | d.jpg, too."
    assert table[2]["why"] == "There are no photos." and table[2]["psnr"] == ""


def test_nothing_is_written_where_nothing_was_done(tmp_path):
    overview.write(tmp_path, [Task(tmp_path / "a", tmp_path / "b" / "a")])
    assert not list(tmp_path.iterdir())


def test_sheets_show_photo_and_rendering_side_by_side_and_sentences_of_failures(tmp_path):
    write_picture(tmp_path / "photo.png", flat(1.0, 48, 96))
    write_picture(tmp_path / "preview.png", flat(0.0, 96, 48))
    done = Entry("statue", "27.9 dB", tmp_path / "photo.png", tmp_path / "preview.png")
    failed = Entry("bust", "failed", tmp_path / "none.png", tmp_path / "none.png", "There are no photos in sets/bust. " * 8)
    (page,) = contact_sheet.pages([done, failed])
    side, top, left = contact_sheet.SIDE, contact_sheet.MARGIN, contact_sheet.MARGIN
    cell = page[top : top + side, left:]
    np.testing.assert_allclose(cell[side // 2, 10], [1, 0.5, 0.25], atol=0.01)
    np.testing.assert_allclose(cell[10, side + contact_sheet.GAP + 10], [0, 0.5, 0.25], atol=0.01)
    np.testing.assert_allclose(cell[10, 10], contact_sheet.BEHIND, atol=0.01)
    words = page[top : top + side, left + contact_sheet.WIDTH :]
    assert (words[..., 0] > 0.9).any() and page[top + side :, : contact_sheet.WIDTH].max() > 0.9


def test_many_sets_take_several_pages_and_older_ones_go(tmp_path):
    most = contact_sheet.COLUMNS * contact_sheet.ROWS
    tasks = [a_set(tmp_path / "out", f"set {number:02}", why="It failed.") for number in range(most + 1)]
    overview.write(tmp_path / "out", tasks)
    sheets = [tmp_path / "out" / name for name in ("contact_sheet.jpg", "contact_sheet-2.jpg")]
    assert all(sheet.read_bytes()[:2] == b"\xff\xd8" for sheet in sheets)
    overview.write(tmp_path / "out", tasks[:most])
    assert sheets[0].exists() and not sheets[1].exists()


def test_letters_have_the_ink_that_they_have():
    """A box of an “l” is filled, an “o” has a hole, and a line is as wide as its letters."""
    bar, ring, line = lettering("l", 40), lettering("o", 40), lettering("ll", 40)
    assert bar.max() == 1 and 0.05 < bar.mean() < 0.5
    middle = ring[:, ring.shape[1] // 2]
    inked = np.flatnonzero(middle > 0.5)
    assert np.diff(inked).max() > 5, "between the upper and the lower half of the ring"
    assert line.shape[1] > 1.5 * bar.shape[1] and lettering("", 40).max() == 0


def test_the_middle_of_a_photo_is_seen_at_the_size_of_the_camera(tmp_path):
    picture = np.concatenate([flat(0.0, 60, 30), flat(1.0, 60, 60), flat(0.0, 60, 30)], axis=1)
    write_picture(tmp_path / "a.png", picture)
    image = bpy.data.images.load(str(tmp_path / "a.png"))
    seen = covering(image, 20, 20)
    assert seen.shape == (20, 20, 3) and seen[:, 2:-2, 0].min() > 0.9 and tuple(image.size) == (120, 60)
    assert fitting(tmp_path / "a.png", 40).shape == (20, 40, 3) and fitting(tmp_path / "none.png", 40) is None


@pytest.mark.slow
def test_a_batch_ends_with_an_overview_of_all_sets_and_forgets_failures_that_are_over(tmp_path):
    for name in ("bad", "good"):
        photo_set(tmp_path / "sets" / name)
    (tmp_path / "sets" / "bad" / "broken.json").write_text("{}")
    out, command = tmp_path / "out", ("convert", tmp_path / "sets", "--out", tmp_path / "out")
    assert tttlrm(*command) == 1
    bad, good = json.loads((out / "report.json").read_text())
    assert bad["state"] == "failed" and "is cut off" in bad["why"] and good["state"] == "converted"
    assert (out / "contact_sheet.jpg").exists() and folders(out) == ["good"]
    (tmp_path / "sets" / "bad" / "broken.json").unlink()
    assert tttlrm(*command, "--only", "bad") == 0
    assert [row["state"] for row in json.loads((out / "report.json").read_text())] == ["converted"] * 2


def test_a_report_that_is_no_object_is_no_report(tmp_path):
    task = a_set(tmp_path / "out", "a", {"splats": 3})
    (task.out / "report.json").write_text("[]")
    assert task.report is None and task.finished
    overview.write(tmp_path / "out", [task])


def test_a_long_failure_stays_on_its_picture():
    short, long = (
        next(contact_sheet.pages([Entry("a", "failed", Path("none"), Path("none"), "Something went wrong. " * count)]))
        for count in (1, 200)
    )
    different = np.flatnonzero((short != long).any(axis=(1, 2)))
    assert different.min() > contact_sheet.MARGIN and different.max() < contact_sheet.MARGIN + contact_sheet.SIDE


def test_the_photo_beside_the_splats_is_that_of_the_picture_that_is_first_by_name(tmp_path):
    bpy.ops.wm.read_homefile(use_empty=True)
    names = ["B.png", "a.png"]  # in the order of the worker; Blender's own ignores case
    photos = {name: tmp_path / name for name in names}
    for name, path in photos.items():
        write_picture(path, flat(float(name == "B.png"), 4, 6))
    table = CameraTable(names, np.stack([np.eye(4)] * 2), np.full((2, 4), 3.0), np.array([[6, 4]] * 2))
    add_cameras(table, photos, bpy.context.collection)
    photo = result._look_through_first(table)
    assert photo is not None and photo.name == "B.png" and bpy.context.scene.camera.data.background_images[0].image == photo
