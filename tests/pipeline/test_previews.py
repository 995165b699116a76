# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews of jobs, which change no result and delay no one."""

import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tests.pipeline.test_extend import Growing
from tests.pipeline.test_jobs import Follower
from tests.worker.photo_folder import write_checkpoint, write_photos
from tests.worker.small_worker import JOBS, TOKEN, CountSettings, serving, splats
from tests.worker.test_limits import part
from tests.worker.test_server import assert_alive, greeted, send
from tests.worker.waiting import health, until
from tttlrm_blender.client import Client
from tttlrm_blender.errors import Cancelled
from tttlrm_blender.pipeline import jobs, previews, steps
from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol import codec
from tttlrm_blender.protocol.frames import MAX_FRAME
from tttlrm_blender.protocol.kinds import Kind
from tttlrm_blender.protocol.messages import Decoder, Done, Preview, Submit
from tttlrm_blender.protocol.results import Nothing
from tttlrm_blender.protocol.settings import DRAFT, ExtendSettings, MeshSettings, ReconstructSettings
from tttlrm_blender.protocol.settings_json import to_json
from tttlrm_blender.worker import job_events

pytestmark = pytest.mark.slow

PHOTOS = 10


@pytest.fixture
def folder(tmp_path):
    return write_photos(tmp_path / "photos", PHOTOS)


@pytest.fixture
def settings(tmp_path):
    return ReconstructSettings(checkpoint=str(write_checkpoint(tmp_path / "small.safetensors")), refine=DRAFT)


@pytest.mark.parametrize(("scan", "elastic", "count"), [("full", False, 1), ("ar", False, 3), ("ar", True, 3)])
def test_photos_are_seen_as_they_are_read_and_the_result_is_the_same(folder, settings, scan, elastic, count):
    settings, follower = replace(settings, scan=scan, elastic=elastic), Follower(watched=True)
    unseen = jobs.reconstruct(Scene(folder), settings, Report())
    seen = jobs.reconstruct(Scene(folder), settings, follower)
    assert len(follower.previews) == count
    assert follower.stages == ["load", "look", "resize", "preview", "encode", "decode", "save"]
    assert all(np.array_equal(array, arrays(unseen)[name]) for name, array in arrays(seen).items())
    assert all(len(shown) and (shown.means[:, 1] > 0).all() for shown in follower.previews), "the cameras look along +y"


def test_a_scene_is_seen_as_it_is_extended_and_the_result_is_the_same(tmp_path):
    follower, results = Follower(watched=True), []
    for number, report in enumerate((Report(), follower)):
        growing = Growing(tmp_path / str(number))
        growing.arrive()
        results.append(arrays(jobs.extend(growing.scene, ExtendSettings(refine=DRAFT), report)))
    (shown,) = follower.previews
    assert len(shown) and (shown.means[:, 1] > 0).all()
    assert all(np.array_equal(array, results[0][name]) for name, array in results[1].items())


def test_looks_are_thinned(folder, settings, monkeypatch):
    monkeypatch.setattr(previews, "LOOK_SPLATS", 50)
    follower = Follower(watched=True)
    jobs.reconstruct(Scene(folder), replace(settings, scan="ar"), follower)
    assert all(20 <= len(shown) <= 50 for shown in follower.previews)


def test_what_is_decoded_is_seen_where_more_work_follows(folder, settings):
    follower = Follower(watched=True)
    jobs.reconstruct(Scene(folder), replace(settings, mesh=MeshSettings(resolution=16)), follower)
    assert len(follower.previews) == 2


def test_no_previews_are_made_unless_watched(folder, settings, monkeypatch):
    monkeypatch.setattr(steps, "look_ahead", None)
    follower = Follower()
    jobs.reconstruct(Scene(folder), replace(settings, scan="ar"), follower)
    assert "preview" not in follower.stages and not follower.previews


def test_a_job_is_cancelled_while_photos_are_looked_at(folder, settings):
    scene, follower = Scene(folder), Follower(cancel_at="preview", watched=True)
    with pytest.raises(Cancelled):
        jobs.reconstruct(scene, replace(settings, scan="ar"), follower)
    assert scene.state.reconstruction is None and not follower.previews


SHOW = Kind("show", CountSettings, Nothing)


def arrays(result):
    """All arrays of a result."""
    return codec.encode(result)[1]


@pytest.fixture
def show(monkeypatch):
    """A kind of job that shows previews without a pause, of `rows` splats, the first at the number of the step; and the steps."""
    monkeypatch.setattr(job_events, "PREVIEW_SECONDS", 0.0)
    made, go_on = [], threading.Event()

    def run(scene, settings: CountSettings, report: Report) -> Nothing:
        for step in range(settings.steps):
            shown = splats(settings.rows)
            shown.means[0] = step
            report("show", step / settings.steps)
            report.preview(lambda step=step, shown=shown: made.append(step) or shown)
            if step == 0:
                go_on.wait(60)
        return Nothing()

    return {**JOBS, **by_name(JobKind(SHOW, run))}, made, go_on


def test_a_client_that_does_not_read_gets_the_newest_preview_and_memory_does_not_grow(tmp_path, show):
    kinds, made, go_on = show
    go_on.set()
    settings = to_json(CountSettings(steps=300, rows=50_000))  # 2.8 MB a preview, 840 MB in all
    options = {"max_queue": 1, "max_size": MAX_FRAME, "close_timeout": 0.2}
    with serving(tmp_path, jobs=kinds) as port, greeted(port, **options) as silent:
        send(silent, 1, part("a"))
        tracemalloc.start()
        send(silent, 2, Submit("s", "show", settings, True))
        until(lambda: len(made) == 300 and not health(port)["running"], 60)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 60 << 20
        assert_alive(port)
        decoder, heard = Decoder(1 << 30), []
        while not heard or not isinstance(heard[-1], Done) or len(heard) == 1:
            received = decoder.feed(silent.recv(10))
            heard += [received[1]] if received else []
    steps_shown = [int(event.gaussians.means[0, 0]) for event in heard if isinstance(event, Preview)]
    assert len(steps_shown) < 50 and steps_shown == sorted(steps_shown) and steps_shown[-1] == 299


def test_nothing_is_made_for_a_client_that_has_gone(tmp_path, show):
    kinds, made, go_on = show
    with serving(tmp_path, jobs=kinds) as port:
        with greeted(port) as connection:
            send(connection, 1, part("a"))
            send(connection, 2, Submit("s", "show", to_json(CountSettings(steps=100)), True))
            until(lambda: made)
        until(lambda: health(port)["connections"] == 0)
        go_on.set()
        until(lambda: not health(port)["running"])
        assert made == [0]


def test_clients_get_previews_only_on_request(tmp_path, show):
    kinds, made, go_on = show
    go_on.set()
    with serving(tmp_path, jobs=kinds) as port, Client("127.0.0.1", port, TOKEN) as client:
        heard = []
        client.upload("s", {"a": b""})
        client.submit("s", SHOW, CountSettings()).result(heard.append)
        assert not made and not [event for event in heard if isinstance(event, Preview)]
        client.submit("s", SHOW, CountSettings(), previews=True).result(heard.append)
        assert made == [0, 1, 2, 3, 4] and [event for event in heard if isinstance(event, Preview)]
