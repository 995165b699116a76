# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers on other machines: encrypted, known by the fingerprint of their certificates. Real handshakes over loopback."""

import os
import socket
import ssl
import threading
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.worker.small_worker import COUNT, TOKEN, CountSettings, serving
from tttlrm_blender.client import Client
from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.worker.certificate import own_certificate, tls


@pytest.fixture
def certificate(tmp_path) -> Path:
    return own_certificate(tmp_path / "config")


def colons(fingerprint: str) -> str:
    """A fingerprint as openssl prints it."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()


def test_a_job_through_tls(certificate, tmp_path):
    context, fingerprint = tls(certificate)
    with serving(tmp_path, tls=context) as port:
        for told in (fingerprint, colons(fingerprint)):
            with Client("127.0.0.1", port, TOKEN, fingerprint=told) as client:
                client.upload("s", {"a": bytes(3 << 20)})
                rows = client.submit("s", COUNT, CountSettings(rows=300_000)).result().rows
                assert rows.shape == (300_000, 3)


class Eavesdropper:
    """A TLS server that accepts one connection and records what it receives."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.heard = b""
        self._listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        with self._listener, self._listener.accept()[0] as told:
            while part := told.recv(1000):
                self.heard += part

    def join(self) -> None:
        """Wait until the connection has ended."""
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("expected", ["0" * 64, "no fingerprint", "ä"])
def test_another_certificate_is_refused_before_a_word_is_told(certificate, expected):
    context, fingerprint = tls(certificate)
    other = Eavesdropper(context)
    with pytest.raises(TttlrmError, match=fingerprint) as caught:
        Client("127.0.0.1", other.port, TOKEN, fingerprint=expected)
    other.join()
    assert caught.value.code == "wrong_fingerprint" and other.heard == b""


def test_a_client_without_tls_is_told_of_the_fingerprint(certificate, tmp_path):
    with serving(tmp_path, tls=tls(certificate)[0]) as port, pytest.raises(TttlrmError, match="enter the fingerprint"):
        Client("127.0.0.1", port, TOKEN)


def test_a_worker_without_tls_is_said(port):
    with pytest.raises(TttlrmError, match="does not use TLS") as caught:
        Client("127.0.0.1", port, TOKEN, fingerprint="0" * 64)
    assert caught.value.code == "no_tls"


def own_address() -> str:
    """An address of this machine that other machines can use, or none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            address = probe.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        pytest.skip("this machine has no address for others")
    return address


def test_other_machines_are_told_nothing_in_the_clear():
    with socket.create_server((own_address(), 0)) as listener:
        with pytest.raises(TttlrmError, match="could be intercepted") as caught:
            Client(*listener.getsockname(), TOKEN)
        with listener.accept()[0] as told:
            assert told.recv(100) == b""
    assert caught.value.code == "no_fingerprint"


def unchecked() -> ssl.SSLContext:
    """A TLS context without verification, as in a browser whose user ignores the warning."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_a_worker_for_other_machines_has_any_name_but_no_browsers(certificate, tmp_path):
    context, fingerprint = tls(certificate)
    address = own_address()
    with serving(tmp_path, host="0.0.0.0", tls=context) as port:
        with Client(address, port, TOKEN, fingerprint=fingerprint) as client:
            assert "count" in client.worker.capabilities
        plain = socket.create_connection((address, port))
        with connect(f"wss://farm.example.com:{port}/", sock=plain, proxy=None, ssl=unchecked()):
            pass
        with (
            pytest.raises(InvalidStatus) as caught,
            connect(f"wss://{address}:{port}/", ssl=unchecked(), additional_headers={"Origin": f"https://{address}:{port}"}),
        ):
            pass
        assert caught.value.response.status_code == 403


def test_on_loopback_other_names_are_refused_with_tls_too(certificate, tmp_path):
    with serving(tmp_path, tls=tls(certificate)[0]) as port:
        plain = socket.create_connection(("127.0.0.1", port))
        with (
            pytest.raises(InvalidStatus),
            connect(f"wss://rebound.example.com:{port}/", sock=plain, proxy=None, ssl=unchecked()),
        ):
            pass


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="needs IPv6")
def test_addresses_of_ipv6(tmp_path):
    with serving(tmp_path, host="::1") as port, Client("::1", port, TOKEN) as client:
        assert "count" in client.worker.capabilities


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX")
def test_the_key_is_its_users_alone(certificate):
    assert certificate.stat().st_mode & 0o777 == 0o600
    certificate.chmod(0o640)
    with pytest.raises(TttlrmError, match="chmod 600"):
        own_certificate(certificate.parent)
