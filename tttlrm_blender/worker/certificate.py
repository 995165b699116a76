# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS certificate of a worker. Clients identify it by its fingerprint, not by who signed it."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from ..atomic_files import make_folder, replacing
from ..errors import Code, TttlrmError, text

NAME = "certificate.pem"  # file with a generated certificate and its key
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280: no expiration


def config_folder() -> Path:
    """The system's folder for user configuration; it need not exist."""
    return Path(os.environ.get("APPDATA") or os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "tttlrm"


def own_certificate(folder: Path) -> Path:
    """The file with a certificate and its key in a folder, generated if it is missing. Raises `TttlrmError`."""
    file = folder / NAME
    if not file.exists():
        make_folder(folder)
        _write_private(file, _make_certificate())
    elif os.name == "posix" and file.stat().st_mode & 0o077:
        raise TttlrmError(
            "Other users can read the key in {}.", file, hint=text("Run: chmod 600 {}", file), code=Code.BAD_CERTIFICATE
        )
    return file


def tls(certificate: Path, key: Path | None = None) -> tuple[ssl.SSLContext, str]:
    """The TLS context and the certificate's fingerprint. Without `key`, the certificate's file contains the key.

    Raises `TttlrmError` ("bad_certificate").
    """
    files = f"{certificate} and the key {key}" if key else f"{certificate}"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, password="")  # with a password, OpenSSL does not prompt for one
        return context, fingerprint(certificate)
    except ssl.SSLError as error:
        apart = error.reason == "KEY_VALUES_MISMATCH"
        why = text("they do not match" if apart else "they must be PEM without a password")
    except OSError as error:
        why = text("{}", error)
    except ValueError:
        why = text("it must be PEM")
    hint = "Give the files of one certificate, or use only --tls."
    raise TttlrmError("The certificate {} cannot be used: {}.", files, why, hint=hint, code=Code.BAD_CERTIFICATE) from None


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, in hexadecimal. Raises OSError or ValueError."""
    first = PEM.search(certificate.read_text(encoding="ascii", errors="replace"))
    if not first:
        raise ValueError("no certificate")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[0])).hexdigest()


def _write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    with replacing(file) as part, os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(content)


def _make_certificate() -> bytes:
    """Generate a key and a self-signed certificate, as PEM. Raises `TttlrmError` ("no_package")."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    except ImportError:
        hint = "Run pip install cryptography, or give --certificate and --key."
        raise TttlrmError(
            "Making a certificate requires the Python package cryptography.", hint=hint, code=Code.NO_PACKAGE
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tttLRM worker")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))  # clocks differ, and clients do not check the time
        .not_valid_after(FOR_EVER)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
