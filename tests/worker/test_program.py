# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker as a process: its announcement and its end."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worker.small_worker import COUNT, LONG, TOKEN, CountSettings
from tests.worker.test_logs import parsed
from tests.worker.waiting import health, until
from tttlrm_blender.client import Client
from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.messages import Progress
from tttlrm_blender.protocol.settings import ReconstructSettings
from tttlrm_blender.worker.program import _token, own_folder

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "worker" / "small_worker.py"


def start(tmp_path, *arguments, token="", stdin=subprocess.PIPE, program=SMALL):
    """A worker process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TTTLRM_TOKEN": token}
    command = [sys.executable, str(program), "--folder", str(tmp_path), *arguments]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def ready(process):
    """The worker's announcement."""
    return json.loads(process.stdout.readline())


def test_a_worker_started_by_hand_makes_a_token_that_only_its_user_may_read(tmp_path):
    with start(tmp_path, "--token-file", str(tmp_path / "token")) as process:
        told = ready(process)
        assert told["pid"] == process.pid and told["token_file"] == str(tmp_path / "token")
        assert os.name != "posix" or (tmp_path / "token").stat().st_mode & 0o777 == 0o600
        with Client(told["host"], told["port"], (tmp_path / "token").read_text()) as client:
            assert client.worker.capabilities == ["count", "break"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "token"]


def test_two_workers_do_not_share_a_folder(tmp_path):
    with own_folder(tmp_path / "scenes", another=False) as first:
        assert first == tmp_path / "scenes"
        with pytest.raises(TttlrmError, match="Another worker") as caught, own_folder(tmp_path / "scenes", another=False):
            pass
        assert caught.value.code == "folder_in_use"
        with own_folder(tmp_path / "scenes", another=True) as second:
            assert second == tmp_path / "scenes-2"
    with own_folder(tmp_path / "scenes", another=False):
        pass


def test_scenes_are_found_again_by_the_next_worker(tmp_path):
    for jobs in (b"1", b"22"):
        with start(tmp_path, token=TOKEN) as process:
            told = ready(process)
            with Client(told["host"], told["port"], TOKEN) as client:
                client.upload("s", {f"{len(jobs)}": jobs})
                files = client.submit("s", COUNT, CountSettings()).result().files
            process.kill()
    assert files == {"1": 1, "2": 2}


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_a_token_that_others_may_read_is_refused(tmp_path):
    (tmp_path / "token").write_text("a token long enough")
    (tmp_path / "token").chmod(0o644)
    with start(tmp_path, "--token-file", str(tmp_path / "token")) as process:
        assert process.wait(60) == 1 and b"chmod 600" in process.stderr.read()


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbfa token long enough\r\n"])
def test_a_token_file_that_a_full_disk_left_empty_gets_a_token(tmp_path, content):
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_bytes(content)
    told, file = _token(tmp_path / "token", tmp_path)
    assert (told == "a token long enough" if content else len(told) > 40) and file == tmp_path / "token"
    assert _token(file, tmp_path)[0] == told and (os.name != "posix" or file.stat().st_mode & 0o777 == 0o600)


@pytest.mark.parametrize(
    "content", [b"\xff\xfea\0b\0" * 9, b"\xe4" * 30, b"\0" * 30, b"a token\nof two lines", b"   \n", b"short"]
)
def test_a_token_file_of_something_else_is_a_sentence(tmp_path, content):
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(TttlrmError) as caught:
        _token(tmp_path / "token", tmp_path)
    assert caught.value.code == "bad_token" and (tmp_path / "token").read_bytes() == content


def test_a_token_that_is_no_text_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("TTTLRM_TOKEN", "a token long enough \udcff")
    with pytest.raises(TttlrmError, match="characters"):
        _token(None, tmp_path)


def test_a_full_disk_leaves_no_empty_token(tmp_path, monkeypatch):
    def full(number: int) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tttlrm_blender.worker.program.secrets.token_urlsafe", full)
    with pytest.raises(TttlrmError, match="No space left"):
        _token(tmp_path / "token", tmp_path)
    assert not (tmp_path / "token").exists()


@pytest.mark.parametrize("kind", ["file", "below a file", "lock", "full"])
def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path, monkeypatch, kind):
    folder = tmp_path / "scenes" / ("below" if kind == "below a file" else "")
    if "file" in kind:
        (tmp_path / "scenes").touch()
    if kind == "lock":
        (tmp_path / "scenes/lock").mkdir(parents=True)
    if kind == "full":
        monkeypatch.setattr("tttlrm_blender.worker.program.TemporaryFile", lambda dir: (dir / "none/x").touch())
    with pytest.raises(TttlrmError, match="scenes") as caught, own_folder(folder, another=False):
        pass
    assert caught.value.code == "cannot_write"


def test_a_log_that_cannot_be_written_is_a_sentence(tmp_path):
    with start(tmp_path, "--log", str(tmp_path), token=TOKEN) as process:
        assert process.wait(60) == 1
        error = process.stderr.read()
    assert b"cannot be written" in error and b"Traceback" not in error


@pytest.mark.parametrize(
    "address",
    [
        ["--port", "99999"],
        ["--port=-1"],
        ["--tls", "--host", "x" * 70],
        ["--tls", "--host", "é.."],
        ["--tls", "--host", "a.invalid"],
    ],
)
def test_an_address_that_cannot_be_is_a_sentence(tmp_path, address):
    with start(tmp_path, "--token-file", str(tmp_path / "token"), *address) as process:
        assert process.wait(60) == 1
        told = process.stderr.read()
    assert b"cannot listen on" in told and b"Traceback" not in told


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have only 127.0.0.1")
def test_every_address_of_this_machine_is_served(tmp_path):
    with start(tmp_path, "--host", "127.0.0.2", token=TOKEN) as process:
        told = ready(process)
        with Client(told["host"], told["port"], TOKEN) as client:
            assert client.worker.capabilities == ["count", "break"]
        process.send_signal(signal.SIGTERM)


def test_a_short_token_is_refused(tmp_path):
    with start(tmp_path, token="short") as process:
        assert process.wait(60) == 1 and b"too short" in process.stderr.read()


def test_other_machines_are_not_served(tmp_path):
    with start(tmp_path, "--host", "0.0.0.0") as process:
        assert process.wait(60) == 1
        error = process.stderr.read()
    assert b"only this machine" in error and b"Traceback" not in error


def test_an_owned_worker_ends_with_its_owner(tmp_path):
    with start(tmp_path, "--owned", token="a token long enough") as process:
        told = ready(process)
        assert told["token_file"] is None
        with Client(told["host"], told["port"], "a token long enough") as client:
            client.upload("s", {"a.jpg": b"1"})
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_worker_started_by_hand_does_not_need_standard_input(tmp_path):
    with start(tmp_path, stdin=subprocess.DEVNULL) as process:
        told = ready(process)
        assert told["port"] > 0
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_only_the_one_line_goes_to_standard_output(tmp_path):
    log = tmp_path / "worker.log"
    with start(tmp_path, "--owned", "--log", str(log)) as process:
        ready(process)
        process.stdin.close()
        assert process.stdout.read() == b"" and process.stderr.read() == b""
    assert log.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise there")
@pytest.mark.parametrize("grace", [0, 30])
def test_a_worker_that_is_asked_to_end_lets_the_job_at_work_finish_if_it_may(tmp_path, grace):
    token = "a token long enough"
    with start(tmp_path, "--grace", str(grace), token=token) as process:
        with Client("127.0.0.1", port := ready(process)["port"], token) as client:
            client.upload("s", {"a": b"1"})
            job = client.submit("s", COUNT, CountSettings(steps=250, seconds=0.02))
            waiting = client.submit("s", COUNT, CountSettings())
            next(event for event in job.events() if isinstance(event, Progress))
            process.send_signal(signal.SIGTERM)
            with pytest.raises(Cancelled):
                waiting.result()
            if grace:
                assert health(port)["status"] == "stopping"
                assert job.result().jobs == 1
            else:
                with pytest.raises(Cancelled):
                    job.result()
        assert process.wait(60) == 0


@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise there")
@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_end_twice_gives_no_more_grace(tmp_path, again):
    with start(tmp_path, "--grace", "3600", token=TOKEN) as process:
        with Client("127.0.0.1", port := ready(process)["port"], TOKEN) as client:
            client.upload("s", {"a": b"1"})
            job = client.submit("s", COUNT, LONG)
            next(event for event in job.events() if isinstance(event, Progress))
            process.send_signal(signal.SIGTERM)
            until(lambda: health(port)["status"] == "stopping")
            assert health(port)["running"]
            process.send_signal(again)
            with pytest.raises(Cancelled):
                job.result()
        assert process.wait(60) == 0


@pytest.mark.slow
def test_what_a_worker_does_is_in_its_log_and_the_token_is_not(tmp_path):
    log, token = tmp_path / "worker.log", "a token long enough"
    command = [sys.executable, "-c", "import sys; from tttlrm_blender.commands import main; sys.exit(main())", "serve"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TTTLRM_TOKEN": token}
    with subprocess.Popen(
        [*command, "--log", str(log), "--folder", str(tmp_path)], env=environment, stderr=subprocess.PIPE
    ) as process:
        until(lambda: log.exists() and "worker_serving" in log.read_text(), 120)
        port = int(parsed(log.read_text().splitlines()[0])["port"])
        with Client("127.0.0.1", port, token) as client:
            client.upload("my scene", {"a": b"1"})
            with pytest.raises(Exception, match="photos"):
                client.submit("my scene", kinds.RECONSTRUCT, ReconstructSettings()).result()
        until(lambda: health(port)["connections"] == 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    lines = [parsed(line) for line in log.read_text().splitlines()]
    names = ["worker_serving", "client_came", "job_started", "job_ended", "client_left", "worker_stopping", "worker_stopped"]
    assert [line["event"] for line in lines] == names
    ended = lines[3]
    assert (ended["client"], ended["session"], ended["kind"], ended["outcome"]) == ("1", "my scene", "reconstruct", "failed")
    assert ended["request"] and ended["code"] and float(ended["seconds"]) >= 0 and token not in log.read_text()
