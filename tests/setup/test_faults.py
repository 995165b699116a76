# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed pip says is told as what it is."""

import re
from pathlib import Path

import pytest

from tttlrm_blender.setup.faults import in_download, reason, with_log

HASHES = """Collecting scipy==1.0
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. [...] someone may have tampered with them.
    scipy==1.0 from http://127.0.0.1/files/scipy-1.0-py3-none-any.whl (from -r packages.txt (line 13)):
        Expected sha256 aa
             Got        bb
"""
UNREACHED = """WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/av/
ERROR: Could not find a version that satisfies the requirement av==18.1.0 (from versions: none)
ERROR: No matching distribution found for av==18.1.0
"""
PIPS = [
    (HASHES, "what arrived for scipy is incomplete or not the expected file"),
    (
        HASHES.replace("scipy==1.0 from", "torch==2.13.0+cpu from"),
        "what arrived for torch is incomplete",
    ),
    (HASHES.replace("scipy==1.0 from", "torch===2.13.0 from"), "what arrived for torch is incomplete"),
    (
        "error: incomplete-download\n\n× Download failed because not enough bytes were received (1/2)",
        "the connection was cut off",
    ),
    ("ERROR: Exception:\n...ProtocolError: ('Connection broken: IncompleteRead(1 bytes read)')", "the connection was cut off"),
    ("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "the connection was cut off"),
    ("ERROR: Wheel 'torch' located at /tmp/torch.whl is invalid.", "the file of torch is incomplete or damaged"),
    (UNREACHED, "the package index cannot be reached"),
    (UNREACHED.replace("(...)", "(HTTPSConnection(host='pytorch.org'))"), "the package index on pytorch.org cannot be reached"),
    (UNREACHED.replace("NewConnectionError", "ProxyError"), "the package index cannot be reached"),
    (UNREACHED.replace("NewConnectionError", "SSLError(CERTIFICATE_VERIFY_FAILED)"), "the certificate .* is not trusted"),
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "there is not enough space"),
    (UNREACHED.partition("\n")[2], "the package index has no av==18.1.0 for this machine, or"),
    (UNREACHED.partition("\n")[2].replace("none", "4.0.8"), "the package index has no av==18.1.0 for this machine, or"),
    ("ERROR: something new.\nmore", "something new"),
    ("the last line\n", "the last line"),
]


@pytest.mark.parametrize(("said", "expected"), PIPS)
def test_usual_faults_are_told_in_words(said, expected):
    assert re.match(expected, str(reason(said.splitlines())))


def test_without_any_output_there_is_no_reason():
    assert reason([]) is None and reason(["", "  "]) is None


NOTHING = UNREACHED.partition("\n")[2].splitlines()
LOGS = [
    (
        "403 Client Error: Forbidden for url: http://127.0.0.1/simple/av/",
        "the package index answers “403 Client Error: Forbidden”",
    ),
    ("connection error: HTTPConnectionPool: Max retries exceeded with url: /simple/av/", "the package index cannot be reached"),
    (
        "connection error: HTTPConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /simple/av/",
        "the package index on 127.0.0.1 cannot be reached",
    ),
    ("There was a problem confirming the ssl certificate: CERTIFICATE_VERIFY_FAILED", "the certificate .* is not trusted"),
]


@pytest.mark.parametrize(("logged", "expected"), LOGS)
def test_why_nothing_was_found_is_in_the_log_of_pip(logged: str, expected: str, tmp_path: Path):
    log = tmp_path / "pip.log"
    assert with_log(NOTHING, log) == NOTHING, "there may be none"
    log.write_text(f"2026-11-30T12:00:00,000 Could not fetch URL http://127.0.0.1/simple/av/: {logged} - skipping\n")
    assert re.match(expected, str(reason(with_log(NOTHING, log))))
    assert with_log(["ERROR: something new."], log) == ["ERROR: something new."]


def test_a_failed_download_is_told_apart_from_a_failed_installation():
    assert in_download(UNREACHED.splitlines()) and in_download(NOTHING) and in_download(HASHES.splitlines())
    assert not in_download(["ERROR: something new."])
    assert not in_download(["the connection was cut off: IncompleteRead", "OSError: [Errno 28] No space left on device"])
