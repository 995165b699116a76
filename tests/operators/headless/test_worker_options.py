# SPDX-License-Identifier: GPL-3.0-or-later
"""Which worker a command uses."""

from operators.engine import client
from operators.jobs import worker
from tests.operators.headless.commands import objects, photo_set, tttlrm
from tests.operators.worker_python import WORKER_PYTHON


def test_a_worker_that_would_keep_nothing_is_misuse(tmp_path, capsys):
    assert tttlrm("decode", tmp_path / "any.blend", "--out", tmp_path / "again.blend") == 2
    assert "with --scenes, or a running worker with --worker" in capsys.readouterr().err


def test_a_running_worker_may_be_used(tmp_path, capsys, monkeypatch):
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


def test_its_token_must_be_known(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("TTTLRM_TOKEN", raising=False)
    asked = ("reconstruct", photo_set(tmp_path / "statue"), "--out", tmp_path / "out")
    assert tttlrm(*asked, "--worker", "127.0.0.1:9", python=False) == 2
    assert tttlrm(*asked, "--worker", "127.0.0.1:9", "--token-file", tmp_path / "none", python=False) == 1
    assert tttlrm(*asked, "--worker", "nowhere", python=False) == 2
    said = capsys.readouterr().err
    assert "The token of the worker is not known" in said and "such as 127.0.0.1:7411; got nowhere" in said
