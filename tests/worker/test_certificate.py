# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: generated once, given as files, and invalid files."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from tests.worker.test_program import ready, start
from tttlrm_blender.client import Client
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.worker.certificate import config_folder, own_certificate, tls

END_OF_KEY = "-----END PRIVATE KEY-----\n"


def parts(folder: Path) -> tuple[Path, Path]:
    """A certificate and its key in two files, as others make them."""
    key, _, certificate = own_certificate(folder).read_text().partition(END_OF_KEY)
    (folder / "cert.pem").write_text(certificate)
    (folder / "key.pem").write_text(key + END_OF_KEY)
    return folder / "cert.pem", folder / "key.pem"


def test_it_is_made_once(tmp_path):
    first, again = (tls(own_certificate(tmp_path / "new"))[1] for _ in range(2))
    other = tls(own_certificate(tmp_path / "other"))[1]
    assert first == again != other and len(first) == 64
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["certificate.pem"]


def test_two_files_are_one_certificate(tmp_path):
    certificate, key = parts(tmp_path)
    assert tls(certificate, key)[1] == tls(tmp_path / "certificate.pem")[1]


def test_of_a_chain_the_first_counts(tmp_path):
    certificate, key = parts(tmp_path / "a")
    alone = tls(certificate, key)[1]
    other, _ = parts(tmp_path / "b")
    certificate.write_text(certificate.read_text() + other.read_text())
    assert tls(certificate, key)[1] == alone


def test_files_that_are_no_certificate_are_named(tmp_path):
    certificate, key = parts(tmp_path / "a")
    _, other_key = parts(tmp_path / "b")
    empty, locked = tmp_path / "empty.pem", tmp_path / "locked.pem"
    empty.touch()
    private = load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    for pair, words in [
        ((certificate, other_key), "do not match"),
        ((certificate, None), "PEM without a password"),
        ((certificate, locked), "PEM without a password"),
        ((empty, key), "PEM"),
        ((tmp_path / "missing.pem", None), "No such file"),
        ((tmp_path, None), "cannot be used"),
    ]:
        with pytest.raises(TttlrmError, match=words) as caught:
            tls(*pair)
        assert caught.value.code == "bad_certificate" and str(pair[0]) in caught.value.sentence


def test_without_the_package_the_hint_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(TttlrmError, match="pip install cryptography") as caught:
        own_certificate(tmp_path / "new")
    assert caught.value.code == "no_package" and not list((tmp_path / "new").iterdir())


def test_a_worker_with_tls_tells_its_fingerprint_and_keeps_its_certificate(tmp_path):
    told = []
    for _ in range(2):
        with start(tmp_path, "--host", "0.0.0.0", "--tls", "--token-file", str(tmp_path / "token")) as process:
            told.append(ready(process))
            token = (tmp_path / "token").read_text()
            with Client("127.0.0.1", told[-1]["port"], token, fingerprint=told[-1]["fingerprint"]) as client:
                assert client.worker.capabilities == ["count", "break"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert told[0]["host"] == "0.0.0.0" and told[0]["fingerprint"] == told[1]["fingerprint"]
    assert (tmp_path / "certificate.pem").exists()


def test_a_worker_without_tls_has_no_fingerprint(tmp_path):
    with start(tmp_path) as process:
        assert json.loads(process.stdout.readline())["fingerprint"] is None
        process.send_signal(signal.SIGTERM)


def test_a_worker_with_files_that_do_not_fit_says_so(tmp_path):
    (tmp_path / "none.pem").touch()
    for arguments, words in [
        (["--certificate", str(tmp_path / "none.pem")], b"none.pem cannot be used"),
        (["--key", str(tmp_path / "none.pem")], b"without its certificate"),
    ]:
        with start(tmp_path, *arguments) as process:
            assert process.wait(60) == 1
            error = process.stderr.read()
        assert words in error and b"Traceback" not in error


def test_the_config_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("APPDATA", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_folder() == tmp_path / "tttlrm"
    monkeypatch.setenv("APPDATA", os.fspath(tmp_path / "roaming"))
    assert config_folder() == tmp_path / "roaming" / "tttlrm"
