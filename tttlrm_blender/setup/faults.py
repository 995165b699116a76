# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a command of the setup failed, from what it said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import Text, text

OTHER_FILE = re.compile(r"DO NOT MATCH THE HASHES[^\n]*\n\s*(\S+?)(?:=|\s|$)")
CUT_OFF = re.compile(r"not enough bytes were received|IncompleteRead|Connection broken|ConnectionResetError|ReadTimeoutError")
NO_ARCHIVE = re.compile(r"Wheel '([^']+)' located at .* is invalid")
UNTRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError")
UNREACHED = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError|Max retries exceeded")
NOTHING = re.compile(r"satisfies the requirement (\S+) \(from versions: none\)")
FULL = re.compile(r"\[Errno 28\]|No space left on device")
MARK = "ERROR: "  # of pip's errors


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
        return text("the download was cut off")
    if UNREACHED.search(output):
        return text("the package index cannot be reached")
    if found := NOTHING.search(output):
        return text("the package index has no {} for this machine, or cannot be reached", found[1])
    said = [line for line in lines if line.startswith(MARK)] or [line for line in lines if line.strip()]
    return text("{}", said[-1].removeprefix(MARK).strip().rstrip(".")) if said else None
