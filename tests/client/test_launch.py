# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers launched as processes: they start, die and end with their starters."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.test_child_process import STRAY
from tests.worker.small_worker import BREAK, COUNT, LONG, BreakSettings, CountSettings
from tttlrm_blender import errors
from tttlrm_blender.client import launch_worker
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.protocol.messages import Progress
from tttlrm_blender.scratch import IN_USE, sweep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SMALL = (str(ROOT / "tests" / "worker" / "small_worker.py"),)


def gone(pid: int, seconds: float = 60.0) -> bool:
    """Whether a process ends in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_launch_work_and_stop():
    with launch_worker(program=SMALL) as worker, worker.connect() as client:
        client.upload("s", {"images/a.jpg": b"1"})
        assert client.submit("s", COUNT, CountSettings()).result().files == {"images/a.jpg": 1}
        folder = worker.log_path.parent
        assert worker.alive and list(folder.rglob("a.jpg"))
    assert worker.process.returncode == 0 and not worker.alive and not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise there")
def test_a_worker_that_died_starts_again_with_its_scenes():
    with launch_worker(program=SMALL) as worker:
        with worker.connect() as client:
            client.upload("s", {"a": b"1"})
            worker.process.kill()
            with pytest.raises(TttlrmError, match="stopped unexpectedly"):
                client.submit("s", COUNT, CountSettings()).result()
        worker.start()
        with worker.connect() as client:
            assert client.submit("s", COUNT, CountSettings()).result().files == {"a": 1}


def test_scenes_outlive_a_worker_where_they_have_a_folder(tmp_path):
    for _ in range(2):
        with launch_worker(program=SMALL, scenes=tmp_path / "scenes") as worker, worker.connect() as client:
            client.upload("s", {"b": b"1"})
    assert len(list((tmp_path / "scenes").glob("scene-*"))) == 1


def test_the_products_own_worker_offers_the_products_jobs():
    with launch_worker() as worker, worker.connect() as client:
        assert {"reconstruct", "decode", "refine", "mesh", "render"} <= set(client.worker.capabilities)


@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise there")
def test_ctrl_c_is_the_owners_to_answer():
    with launch_worker(program=SMALL) as worker, worker.connect() as client:
        worker.process.send_signal(signal.SIGINT)
        client.upload("s", {"a": b"1"})
        assert client.submit("s", COUNT, CountSettings()).result().jobs == 1


def test_stopping_in_the_middle_of_a_job():
    with launch_worker(program=SMALL) as worker, worker.connect() as client:
        client.upload("s", {"a": b"1"})
        job = client.submit("s", COUNT, LONG)
        next(event for event in job.events() if isinstance(event, Progress))
        worker.stop()
        assert worker.process.returncode == 0
        with pytest.raises((TttlrmError, errors.Cancelled)):
            job.result()
        with pytest.raises(TttlrmError):
            worker.connect()


def test_a_worker_killed_in_the_middle_of_a_job_leaves_its_last_words(tmp_path):
    log = tmp_path / "worker.log"
    with launch_worker(program=SMALL, log_path=log) as worker, worker.connect() as client:
        client.upload("s", {"a": b"1"})
        job, waiting = client.submit("s", BREAK, BreakSettings("kill")), client.submit("s", COUNT, LONG)
        for lost in (job, waiting):
            with pytest.raises(TttlrmError, match="the last words") as caught:
                lost.result()
            assert caught.value.code == "worker_died" and str(log) in caught.value.hint
        with pytest.raises(TttlrmError, match="the last words"):
            client.submit("s", COUNT, LONG)
        with pytest.raises(TttlrmError, match="the last words"):
            worker.connect()
    assert "the last words" in log.read_text()


def test_a_job_that_does_not_listen_does_not_keep_the_worker_alive():
    with launch_worker(program=SMALL) as worker, worker.connect() as client:
        client.upload("s", {"a": b"1"})
        job = client.submit("s", BREAK, BreakSettings("deaf"))
        next(event for event in job.events() if isinstance(event, Progress))
    assert worker.process.returncode == 1


def test_a_worker_that_cannot_start_tells_why(tmp_path):
    program = tmp_path / "broken.py"
    program.write_text("print('not a port', flush=True)\nraise SystemExit('torch is missing')")
    with pytest.raises(TttlrmError, match="torch is missing") as caught:
        launch_worker(program=(str(program),))
    assert caught.value.code == "worker_died"


def test_what_libraries_print_before_the_address_is_passed_over(tmp_path):
    program = tmp_path / "talkative.py"
    program.write_text(
        f"print('hello\\n[]\\n{{}}\\n7', flush=True)\nimport runpy\nrunpy.run_path({SMALL[0]!r}, run_name='__main__')"
    )
    with launch_worker(program=(str(program),)) as worker, worker.connect() as client:
        client.upload("s", {"a": b"1"})


@pytest.mark.parametrize("log", ["missing/worker.log", "folder", "file/worker.log"])
def test_a_log_that_cannot_be_written_is_told(log, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(TttlrmError, match="The worker cannot be started: ") as caught:
        launch_worker(program=SMALL, log_path=tmp_path / log)
    assert caught.value.code == "no_worker" and str(tmp_path / log) in caught.value.sentence


def test_without_a_folder_for_temporary_files_a_sentence_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(TttlrmError, match="The worker cannot be started: ") as caught:
        launch_worker(program=SMALL)
    assert caught.value.code == "no_worker"


def test_a_worker_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    program, started, popen = tmp_path / "slow.py", [], subprocess.Popen
    program.write_text("import time\ntime.sleep(600)")
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **kwargs: started.append(popen(*args, **kwargs)) or started[-1])
    with pytest.raises(TttlrmError, match="did not start within"):
        launch_worker(program=(str(program),), timeout=1)
    assert gone(started[0].pid)


@pytest.mark.parametrize("python", ["/nowhere/python", "/"])
def test_a_python_that_is_none_is_named(python):
    with pytest.raises(TttlrmError) as caught:
        launch_worker(python=python, program=SMALL)
    assert caught.value.code == "no_worker" and python in caught.value.sentence


@pytest.mark.parametrize("python", [None, sys.executable], ids=["none", "named"])
def test_variables_for_another_python_change_nothing(python, monkeypatch):
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value if name != "PYTHONHOME" else sys.base_prefix)
    with launch_worker(python, program=SMALL) as worker, worker.connect() as client:
        client.upload("größer", {"a": b"1"})
    assert worker.process.returncode == 0


STARTER = """
import sys, time
from tttlrm_blender.client import launch_worker
worker = launch_worker(program=(sys.argv[1],))
print(worker.process.pid, flush=True)
time.sleep(60)
"""


def test_a_worker_ends_when_its_starter_is_killed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", STARTER, *SMALL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as starter:
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
    assert gone(pid)
    left = {path.name: path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"}
    assert set(left) == {"worker.log", IN_USE}
    assert os.name != "posix" or left["worker.log"].stat().st_mode & 0o777 == 0o600
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_token_is_not_on_the_command_line_and_not_inherited():
    with launch_worker(program=SMALL) as worker:
        assert worker.token not in " ".join(map(str, worker.process.args))
        assert "TTTLRM_TOKEN" not in os.environ


def test_the_engine_of_an_extension_is_found_under_its_own_name(tmp_path):
    """The worker imports the engine, although Blender imports it under another name."""
    extension = tmp_path / "bl_ext" / "tttlrm"
    shutil.copytree(
        ROOT / "tttlrm_blender", extension / "tttlrm_blender", ignore=shutil.ignore_patterns("__pycache__", "*.safetensors")
    )
    (tmp_path / "bl_ext" / "__init__.py").touch()
    (extension / "__init__.py").touch()
    program = tmp_path / "where.py"
    program.write_text("import tttlrm_blender\nraise SystemExit(tttlrm_blender.__file__)")
    script = f"from bl_ext.tttlrm.tttlrm_blender.client import launch_worker\nlaunch_worker(program=({str(program)!r},))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert str(extension / "tttlrm_blender" / "__init__.py") in ended.stderr


ONLY_CLIENT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {"numpy", "websockets", "tttlrm_blender", *sys.stdlib_module_names}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
import tttlrm_blender.client, tttlrm_blender.protocol.settings
assert "tttlrm_blender.worker" not in sys.modules and "tttlrm_blender.model" not in sys.modules
"""


def test_the_client_needs_numpy_and_websockets_only():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", ONLY_CLIENT], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
