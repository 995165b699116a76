# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the worker: leave, token, certificate, and its death."""

from importlib import import_module

import bpy
import pytest

from tests.operators.installed import MODULE, part, prefer, reconstructed
from tests.operators.worker_python import TOY, WORKER_PYTHON
from tttlrm_blender.client import launch_worker
from tttlrm_blender.worker.certificate import fingerprint, own_certificate

pytestmark = pytest.mark.usefixtures("empty_scene")

ops = bpy.ops.tttlrm


def link_to_worker():
    return part("jobs.worker").link


def test_a_wrong_token_is_told(toy, photos):
    prefer(token="wrong-wrong-wrong-wrong")
    with pytest.raises(RuntimeError, match="token"):
        ops.reconstruct(directory=str(photos))


def test_a_worker_with_tls_is_known_by_its_fingerprint(photos, tmp_path):
    certificate = own_certificate(tmp_path)
    with launch_worker(WORKER_PYTHON, program=(str(TOY), "--certificate", str(certificate))) as worker:
        prefer(host=worker.host, port=worker.port, token=worker.token, fingerprint="ab" * 32, python="")
        with pytest.raises(RuntimeError, match="a different certificate than expected"):
            ops.reconstruct(directory=str(photos))
        prefer(fingerprint=fingerprint(certificate))
        assert len(reconstructed(photos).data.points) == 12
        ops.stop_worker()


def test_a_worker_elsewhere_needs_leave_to_go_online(toy, photos):
    prefer(host="192.0.2.1")
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="online access is off"):
        ops.reconstruct(directory=str(photos))


def share_toys(monkeypatch):
    """Shared workers are toys."""
    shared = import_module(f"{MODULE}.tttlrm_blender.client.shared")
    monkeypatch.setattr(shared.SharedWorker.__init__, "__defaults__", ((str(TOY),),))


def test_a_second_blender_has_the_same_scenes(installed, photos, monkeypatch):
    prefer(token="", python=WORKER_PYTHON)
    share_toys(monkeypatch)
    reconstructed(photos)
    jobs = part("jobs.worker")
    own, second = jobs.link, jobs.Link()
    monkeypatch.setattr(jobs, "link", second)
    assert ops.decode() == {"FINISHED"}, "its worker keeps the scene"
    process = own._process._started.process
    own.close()
    assert process.poll() is None and ops.decode() == {"FINISHED"}, "the first one has left it to the second"
    assert ops.stop_worker() == {"FINISHED"} and process.wait(60) == 0


def test_a_killed_worker_is_told_and_the_next_job_has_a_new_one(installed, photos, monkeypatch):
    prefer(token="", python=WORKER_PYTHON)
    share_toys(monkeypatch)
    (photos / "deadly.json").write_text("{}")
    with pytest.raises(RuntimeError, match="The worker stopped unexpectedly"):
        ops.reconstruct(directory=str(photos))
    assert not bpy.data.objects
    (photos / "deadly.json").unlink()
    reconstructed(photos)
    process = link_to_worker()._process._started.process
    assert ops.stop_worker() == {"FINISHED"}
    assert process.poll() is not None
    assert ops.start_worker() == {"FINISHED"}
    assert link_to_worker().connected
    ops.stop_worker()
