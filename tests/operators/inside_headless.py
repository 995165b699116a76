# SPDX-License-Identifier: GPL-3.0-or-later
"""Single photo sets, tasks that share a folder, and .blend files, by command, from a checkout, with the toy worker."""

import json
import os
import threading
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

from operators.engine import client
from operators.headless import claims, command_line
from operators.jobs import worker
from tests.operators.worker_python import WORKER_PYTHON
from tttlrm_blender.gaussians.formats.registry import read_splats, write_splats
from tttlrm_blender.gaussians.gaussians import Gaussians

pytestmark = pytest.mark.usefixtures("registered", "toy_workers")

FILES = {"statue.blend", "splats.ply", "mesh.glb", "preview.png", "report.json"}


@pytest.fixture
def quick(monkeypatch):
    """Tasks that die are noticed soon."""
    monkeypatch.setattr(claims, "LOOK", 0.05)
    monkeypatch.setattr(claims, "BEAT", 0.3)
    monkeypatch.setattr(claims, "SILENCE", 1.0)


def photo_set(folder: Path, names: tuple[str, ...] = ("1.png",)) -> Path:
    folder.mkdir(parents=True)
    image = bpy.data.images.new("photo", 32, 24)
    image.file_format = "PNG"
    for name in names:
        image.filepath_raw = str(folder / name)
        image.save()
    return folder


def tttlrm(*arguments: object, python: bool = True) -> int:
    return command_line.main([*map(str, arguments), *(["--python", WORKER_PYTHON] if python else [])])


def made(tmp_path: Path, *options: object) -> Path:
    """The .blend file of a photo set, whose scene is kept."""
    out = tmp_path / "out" / "statue"
    photos = photo_set(tmp_path / "statue")
    assert tttlrm("reconstruct", photos, "--out", out, "--scenes", tmp_path / "scenes", *options) == 0
    return out / "statue.blend"


def objects(file: Path, kind: str) -> list[bpy.types.Object]:
    bpy.ops.wm.open_mainfile(filepath=str(file))
    return [obj for obj in bpy.context.scene.objects if obj.type == kind]


def some_splats(count: int) -> Gaussians:
    random = np.random.default_rng(count)
    quats = random.normal(size=(count, 4)).astype(np.float32)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    means = random.normal(size=(count, 3)).astype(np.float32)
    ones = np.ones((count, 4, 3), np.float32)
    return Gaussians(means, quats, ones[:, 0] / 8, ones[:, 0, 0] / 2, ones)


class TestReconstruct:
    def test_one_set_becomes_the_folder_that_is_named(self, tmp_path, capsys):
        photos, out = photo_set(tmp_path / "a"), tmp_path / "made" / "statue"
        assert tttlrm("reconstruct", photos, "--out", out, "--views", 3, "--json") == 0
        assert {path.name for path in out.iterdir()} == FILES
        report = json.loads((out / "report.json").read_text())
        assert report["set"] == "statue" and report["settings"]["views"] == 3
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["converted"] == ["statue"]
        assert [path.name for path in out.parent.iterdir()] == ["statue"], "neither claims nor halves are left"

    def test_a_video_is_a_set(self, tmp_path):
        (tmp_path / "clip.mp4").write_bytes(b"a film")
        assert tttlrm("reconstruct", tmp_path / "clip.mp4", "--out", tmp_path / "out") == 0
        assert json.loads((tmp_path / "out" / "report.json").read_text())["files"] == ["clip.mp4"]

    def test_a_finished_one_is_skipped_unless_forced(self, tmp_path, capsys):
        photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
        tttlrm("reconstruct", photos, "--out", out, "--views", 3)
        assert tttlrm("reconstruct", photos, "--out", out, "--views", 4) == 0
        assert "0 converted, 1 finished before, 0 failed." in capsys.readouterr().out
        assert json.loads((out / "report.json").read_text())["settings"]["views"] == 3
        assert tttlrm("reconstruct", photos, "--out", out, "--views", 4, "--force") == 0
        assert json.loads((out / "report.json").read_text())["settings"]["views"] == 4
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "statue"]

    def test_a_forced_one_that_fails_leaves_the_old_folder(self, tmp_path):
        photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
        tttlrm("reconstruct", photos, "--out", out)
        (photos / "broken.json").write_text("{}")
        assert tttlrm("reconstruct", photos, "--out", out, "--force") == 1
        assert (out / "report.json").exists()

    def test_force_does_not_touch_a_folder_that_is_no_result(self, tmp_path, capsys):
        photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
        out.mkdir()
        (out / "letter.txt").write_text("dear")
        assert tttlrm("reconstruct", photos, "--out", out, "--force") == 1
        assert "exists, but is not finished" in capsys.readouterr().out
        assert [path.name for path in out.iterdir()] == ["letter.txt"]

    def test_photos_that_are_not_there_are_misuse(self, tmp_path, capsys):
        assert tttlrm("reconstruct", tmp_path / "nowhere", "--out", tmp_path / "out") == 2
        assert "There is nothing at" in capsys.readouterr().err

    def test_the_log_is_kept_where_it_is_asked_for(self, tmp_path):
        tttlrm("reconstruct", photo_set(tmp_path / "statue"), "--out", tmp_path / "out", "--log", tmp_path / "worker.log")
        assert "event=job_ended" in (tmp_path / "worker.log").read_text()


class TestShares:
    @pytest.fixture
    def sets(self, tmp_path) -> Path:
        for name in "abcde":
            photo_set(tmp_path / "sets" / name)
        return tmp_path / "sets"

    def convert(self, sets: Path, *options: object) -> list[str]:
        """The names of the sets that are finished then."""
        assert tttlrm("convert", sets, "--out", sets.parent / "out", *options) == 0
        return sorted(path.name for path in (sets.parent / "out").iterdir())

    def test_shares_are_every_nth_set(self, sets):
        assert self.convert(sets, "--share", "2/2") == ["b", "d"]
        assert self.convert(sets, "--share", "1/4") == ["a", "b", "d", "e"]

    def test_sets_are_chosen_by_name(self, sets, capsys):
        assert self.convert(sets, "--only", "c", "--only", "a") == ["a", "c"]
        assert tttlrm("convert", sets, "--out", sets.parent / "out", "--only", "z") == 2
        assert "There is no photo set named z" in capsys.readouterr().err

    @pytest.mark.parametrize("share", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2"])
    def test_what_is_no_share_is_misuse(self, sets, share, capsys):
        assert tttlrm("convert", sets, "--out", sets.parent / "out", f"--share={share}") == 2
        assert "a share is I/N" in capsys.readouterr().err

    def test_a_set_that_another_task_is_at_is_left_to_it(self, sets, quick, capsys):
        out = sets.parent / "out"
        out.mkdir()
        with claims.Watch().claim(out / "b"):
            assert tttlrm("convert", sets, "--out", out, "--only", "a", "--only", "b", "--json") == 0
        tally = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert tally["converted"] == ["a"] and tally["elsewhere"] == ["b"]
        assert [path.name for path in out.iterdir()] == ["a"]

    def test_the_set_of_a_task_that_died_is_done(self, sets, quick):
        (sets.parent / "out").mkdir()
        (sets.parent / "out" / ".b.claim-1").touch()
        assert self.convert(sets, "--only", "b") == ["b"]


class TestClaims:
    def test_one_of_many_gets_it(self, tmp_path, quick):
        (tmp_path / ".a.claim-1").touch()  # of a task that died
        watches = [claims.Watch() for _ in range(8)]
        won: list[claims.Claim] = []

        def strive(watch: claims.Watch) -> None:
            until = time.monotonic() + 2.0
            while time.monotonic() < until:
                if claim := watch.claim(tmp_path / "a"):
                    won.append(claim.__enter__())
                    return
                time.sleep(0.001)

        strivers = [threading.Thread(target=strive, args=(watch,)) for watch in watches]
        for striver in strivers:
            striver.start()
        for striver in strivers:
            striver.join()
        assert len(won) == 1
        won[0].__exit__(None, None, None)
        assert not list(tmp_path.iterdir())
        assert watches[0].claim(tmp_path / "a") or watches[1].claim(tmp_path / "a")

    def test_life_is_seen(self, tmp_path, quick):
        watch, folder = claims.Watch(), tmp_path / "a"
        with claims.Watch().claim(folder):
            assert not watch.alive(folder), "nothing is known at the first look"
            until = time.monotonic() + 5
            while not watch.alive(folder) and time.monotonic() < until:
                time.sleep(claims.LOOK)
            assert watch.alive(folder) and watch.claim(folder) is None

    def test_a_touch_during_a_pause_is_no_sign_of_life(self, tmp_path, quick):
        """Its task may have died since, while this one was busy."""
        watch, claim = claims.Watch(), tmp_path / ".a.claim-1"
        claim.touch()
        assert watch.claim(tmp_path / "a") is None
        os.utime(claim, (1, 1))
        time.sleep(2 * claims.BEAT)
        assert not watch.alive(tmp_path / "a")
        time.sleep(1.1 * claims.SILENCE)
        assert watch.claim(tmp_path / "a")

    def test_a_lost_claim_is_not_taken_from_its_new_owner(self, tmp_path):
        folder = tmp_path / "a"
        with claims.Claim(folder, 1):
            later = claims.Claim(folder, 2)
        assert [path.name for path in tmp_path.iterdir()] == [".a.claim-2"]
        with later:
            pass
        assert not list(tmp_path.iterdir())

    def test_other_folders_with_such_names_are_no_matter(self, tmp_path):
        with claims.Claim(tmp_path / "a", 1), claims.Watch().claim(tmp_path / "a.claim-1"):
            assert claims.Watch().claim(tmp_path / "a") is None


class TestKeptScenes:
    def test_splats_are_decoded_again(self, tmp_path):
        file, out = made(tmp_path), tmp_path / "again.blend"
        assert tttlrm("decode", file, "--out", out, "--scenes", tmp_path / "scenes", "--max-splats", 7) == 0
        assert [len(obj.data.points) for obj in objects(out, "POINTCLOUD")] == [7]
        assert [len(obj.data.points) for obj in objects(file, "POINTCLOUD")] == [12]

    def test_refined_and_meshed_in_place(self, tmp_path):
        file = made(tmp_path, "--no-mesh")
        kept = ("--out", file, "--scenes", tmp_path / "scenes")
        assert tttlrm("refine", file, *kept, "--refine", 5, "--start", "decoded", "--no-sky") == 0
        assert tttlrm("mesh", file, *kept, "--mesh-resolution", 16) == 0
        assert [len(obj.data.points) for obj in objects(file, "POINTCLOUD")] == [5]
        assert len(objects(file, "MESH")) == 1

    def test_photos_are_added(self, tmp_path):
        file, more = made(tmp_path), photo_set(tmp_path / "more", ("2.png", "3.png"))
        assert tttlrm("extend", file, more, "--out", file, "--scenes", tmp_path / "scenes") == 0
        assert len(objects(file, "CAMERA")) == 3

    def test_photos_are_added_and_the_splats_refined(self, tmp_path):
        """With the settings of the splats but for those that are given, which become theirs."""
        file, more = made(tmp_path), photo_set(tmp_path / "more", ("2.png", "3.png"))
        kept = ("--out", file, "--scenes", tmp_path / "scenes")
        assert tttlrm("extend", file, more, *kept, "--refine", "3x", "--exposure") == 0
        (splats,) = objects(file, "POINTCLOUD")
        refine = splats.tttlrm.refine
        assert (refine.steps, refine.passes, refine.exposure, refine.sky) == (0, 3, True, True)

    def test_a_scene_that_is_not_kept_is_told(self, tmp_path, capsys):
        file, out = made(tmp_path), tmp_path / "again.blend"
        assert tttlrm("decode", file, "--out", out, "--scenes", tmp_path / "others") == 1
        said = capsys.readouterr().err
        assert "The worker does not know this scene (any more). Reconstruct it from its photos." in said
        assert "Traceback" not in said and not out.exists()

    def test_a_worker_that_would_keep_nothing_is_misuse(self, tmp_path, capsys):
        assert tttlrm("decode", tmp_path / "any.blend", "--out", tmp_path / "again.blend") == 2
        assert "with --scenes, or a running worker with --worker" in capsys.readouterr().err

    def test_a_running_worker_may_be_used(self, tmp_path, capsys, monkeypatch):
        photos, out = photo_set(tmp_path / "statue"), tmp_path / "out"
        with client.launch_worker(WORKER_PYTHON) as process:
            (tmp_path / "token").write_text(f"{process.token}\n")
            there = ("--worker", f"127.0.0.1:{process.port}")
            token = ("--token-file", tmp_path / "token")
            assert tttlrm("reconstruct", photos, "--out", out, "--keep-scenes", *there, *token, python=False) == 0
            assert process.alive and not worker.link.connected
            file = out / "out.blend"
            monkeypatch.setenv("TTTLRM_TOKEN", process.token)
            assert tttlrm("decode", file, "--out", file, "--max-splats", 3, *there, python=False) == 0
        assert [len(obj.data.points) for obj in objects(file, "POINTCLOUD")] == [3]

    def test_its_token_must_be_known(self, tmp_path, capsys, monkeypatch):
        monkeypatch.delenv("TTTLRM_TOKEN", raising=False)
        asked = ("reconstruct", photo_set(tmp_path / "statue"), "--out", tmp_path / "out")
        assert tttlrm(*asked, "--worker", "127.0.0.1:9", python=False) == 2
        assert tttlrm(*asked, "--worker", "127.0.0.1:9", "--token-file", tmp_path / "none", python=False) == 1
        assert tttlrm(*asked, "--worker", "nowhere", python=False) == 2
        said = capsys.readouterr().err
        assert "The token of the worker is not known" in said and "such as 127.0.0.1:7411; got nowhere" in said

    @pytest.mark.parametrize("wrong", [("--keep", "2"), ("--keep", "much"), ("--sh-degree", "1.5"), ("--keep", "nan")])
    def test_wrong_settings_are_misuse(self, tmp_path, wrong, capsys):
        file = tmp_path / "any.blend"
        assert tttlrm("decode", file, "--out", file, "--scenes", tmp_path, *wrong) == 2
        assert wrong[1] in capsys.readouterr().err

    def test_help_has_the_words_of_the_panel(self, capsys):
        assert command_line.main(["decode", "--help"]) == 0
        assert "Share of the most opaque pixels that become splats" in " ".join(capsys.readouterr().out.split())


class TestFiles:
    def test_splats_go_in_and_out(self, tmp_path):
        file, parts = tmp_path / "both.blend", [some_splats(5), some_splats(3)]
        names = [tmp_path / "first.ply", tmp_path / "second.ply"]
        for name, part in zip(names, parts, strict=True):
            write_splats(name, part)
        assert tttlrm("import", *names, "--out", file, python=False) == 0
        assert {obj.name for obj in objects(file, "POINTCLOUD")} == {"first", "second"}
        assert tttlrm("export", file, "--out", tmp_path / "all.ply", python=False) == 0
        assert len(read_splats(tmp_path / "all.ply")) == 8
        assert tttlrm("export", file, "--object", "second", "--out", tmp_path / "one.spz", python=False) == 0
        assert len(read_splats(tmp_path / "one.spz")) == 3

    def test_transforms_are_applied_and_hidden_objects_left_out(self, tmp_path):
        write_splats(tmp_path / "first.ply", some_splats(5))
        write_splats(tmp_path / "second.ply", some_splats(3))
        file = tmp_path / "scene.blend"
        tttlrm("import", tmp_path / "first.ply", tmp_path / "second.ply", "--out", file, python=False)
        bpy.ops.wm.open_mainfile(filepath=str(file))
        bpy.data.objects["first"].location.x += 10
        before = read_splats(tmp_path / "first.ply").means[:, [0, 2, 1]] * (1, 1, -1)  # y down in the file, z up in Blender
        bpy.data.objects["second"].hide_set(True)
        bpy.ops.wm.save_as_mainfile(filepath=str(file))
        assert tttlrm("export", file, "--out", tmp_path / "moved.ply", "--up-axis", "Z", python=False) == 0
        assert np.allclose(read_splats(tmp_path / "moved.ply").means, before + np.array((10, 0, 0)), atol=1e-5)

    def test_cameras_are_written(self, tmp_path):
        file = made(tmp_path)
        assert tttlrm("cameras", file, "--out", tmp_path / "transforms.json", "--up-axis", "Z", python=False) == 0
        (frame,) = json.loads((tmp_path / "transforms.json").read_text())["frames"]
        assert frame["fl_x"] == pytest.approx(30, rel=1e-4)
        (tmp_path / "sparse").mkdir()
        assert tttlrm("cameras", file, "--out", tmp_path / "sparse" / "images.txt", python=False) == 0
        assert (tmp_path / "sparse" / "cameras.txt").exists()

    def test_what_cannot_be_done_is_told(self, tmp_path, capsys):
        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "empty.blend"))
        (tmp_path / "bad.ply").write_text("ply?")
        (tmp_path / "bad.blend").write_text("BLENDER?")
        write_splats(tmp_path / "good.ply", some_splats(5))
        wrong = {
            "The file shows no splats": ("export", "empty.blend", "--out", "a.ply"),
            "There are no splats named x": ("export", "empty.blend", "--object", "x", "--out", "a.ply"),
            "There is no camera in the scene": ("cameras", "empty.blend", "--out", "a.json"),
            "nowhere.blend cannot be opened": ("export", "nowhere.blend", "--out", "a.ply"),
            "bad.blend cannot be opened": ("export", "bad.blend", "--out", "a.ply"),
            "bad.ply": ("import", "good.ply", "bad.ply", "--out", "a.blend"),
            "cannot be saved": ("import", "good.ply", "--out", "nowhere/a.blend"),
        }
        for sentence, arguments in wrong.items():
            placed = [tmp_path / part if "." in part else part for part in arguments]
            assert tttlrm(*placed, python=False) == 1
            said = capsys.readouterr().err
            assert sentence in said and "Traceback" not in said
        assert not {"a.ply", "a.json", "a.blend"} & {path.name for path in tmp_path.iterdir()}
