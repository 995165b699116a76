# SPDX-License-Identifier: GPL-3.0-or-later
"""A package index on this machine that serves a folder of wheels, and can cut downloads off."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class _Handler(BaseHTTPRequestHandler):
    wheels: Path
    cut: str  # name of a package whose files arrive in part

    def do_GET(self) -> None:
        """Answer with the page of a package, or with a wheel."""
        *_, folder, name = unquote(self.path).rstrip("/").split("/")
        found = self.wheels / name
        if folder != "files":
            self._answer("text/html", self._page(name).encode())
        elif found.is_file():
            self._answer("application/octet-stream", found.read_bytes(), name.startswith(f"{self.cut}-"))
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _page(self, package: str) -> str:
        wheels = sorted(self.wheels.glob(f"{package.replace('-', '_')}-*.whl"))
        digests = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
        links = (f'<a href="/files/{w.name}#sha256={d}">{w.name}</a>' for w, d in zip(wheels, digests, strict=True))
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"

    def _answer(self, kind: str, body: bytes, cut: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)


@contextmanager
def serving(wheels: Path, cut: str = "") -> Iterator[str]:
    """Serve a folder; gives the address of the index."""
    handler = type("Handler", (_Handler,), {"wheels": wheels, "cut": cut or "nothing"})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()
