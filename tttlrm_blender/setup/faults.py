# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a command of the setup failed, from what it said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import Text, text

OTHER_FILE = re.compile(r"DO NOT MATCH THE HASHES[^\n]*\n\s*(\S+?)(?:=|\s|$)")
CUT_OFF = re.compile(r"not enough bytes were received|IncompleteRead|Connection broken|ConnectionResetError|ReadTimeoutError")
NO_ARCHIVE = re.compile(r"Wheel '([^']+)' located at .* is invalid")
UNTRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError")
UNREACHED = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError|Max retries exceeded")
HOST = re.compile(r"host='([^']+)'")  # of a connection, without the user and password that an address may contain
REFUSED = re.compile(r"Could not fetch URL \S+: ([0-9]{3}) (\w+ Error: [^\n]*?) for url")
NOTHING = re.compile(r"satisfies the requirement (\S+) \(from versions: ")
FULL = re.compile(r"\[Errno 28\]|No space left on device")
DOWNLOADS = (OTHER_FILE, NO_ARCHIVE, UNTRUSTED, CUT_OFF, UNREACHED, REFUSED, NOTHING)
UNFETCHED = "Could not fetch URL "  # in pip's own log alone
MARK = "ERROR: "  # of pip's errors


def in_download(lines: Sequence[str]) -> bool:
    """Whether what failed is a download."""
    output = "\n".join(lines)
    return FULL.search(output) is None and any(fault.search(output) for fault in DOWNLOADS)


def with_log(lines: Sequence[str], log: Path) -> list[str]:
    """What pip said, after what only its log says: that an index cannot be reached, where pip says just that it found nothing."""
    if not NOTHING.search("\n".join(lines)) or not log.exists():
        return list(lines)
    return [*(line for line in log.read_text("utf-8", "replace").splitlines() if UNFETCHED in line), *lines]


def reason(lines: Sequence[str]) -> Text | None:
    """Why a command failed: a usual fault, or else its last error message, or else its last line; None if it said nothing."""
    output = "\n".join(lines)
    if found := OTHER_FILE.search(output):
        return text("what arrived for {} is incomplete or not the expected file", found[1])
    if found := NO_ARCHIVE.search(output):
        return text("the file of {} is incomplete or damaged", found[1])
    if FULL.search(output):
        return text("there is not enough space on the disk")
    if UNTRUSTED.search(output):
        return text("the certificate of the package index is not trusted")
    if CUT_OFF.search(output):
        return text("the connection was cut off")
    if UNREACHED.search(output):
        return _unreached(lines)
    if found := REFUSED.search(output):
        return text("the package index answers “{} {}”", found[1], found[2])
    if found := NOTHING.search(output):
        return text("the package index has no {} for this machine, or cannot be reached", found[1])
    said = [line for line in lines if line.startswith(MARK)] or [line for line in lines if line.strip()]
    return text("{}", said[-1].removeprefix(MARK).strip().rstrip(".")) if said else None


def _unreached(lines: Sequence[str]) -> Text:
    """Which package index cannot be reached, as packages come from two: PyPI, or its mirror, and PyTorch's own."""
    hosts = [found[1] for line in lines if UNREACHED.search(line) and (found := HOST.search(line))]
    return text("the package index on {} cannot be reached", hosts[0]) if hosts else text("the package index cannot be reached")
