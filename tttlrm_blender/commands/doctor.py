# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what is installed and what works, with a small reconstruction as a test.

The exit status is 1 if the test fails.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .. import __version__
from ..errors import TttlrmError
from ..protocol.kinds import RECONSTRUCT
from ..protocol.messages import PROTOCOL
from ..protocol.results import ReconstructResult
from ..protocol.settings import MeshSettings, ReconstructSettings, RefineSettings
from ..scratch import Scratch

# Optional packages by their names on PyPI, and the purpose of each.
PACKAGES = {
    "pycolmap": "camera poses of photos without any",
    "gsplat": "drawing on NVIDIA GPUs",
    "wgpu": "drawing on any GPU, without a compiler",
    "pillow-heif": "HEIC photos",
    "rawpy": "camera raw photos",
    "av": "videos instead of photos",
    "onnxruntime": "--remove-background",
    "cryptography": "certificates for workers that serve other machines",
}
VIEWS, SIZE = 4, (64, 64)  # of the photos of the test
# A mesh is simplified to a few faces, so that every kernel is compiled before somebody waits for it.
WANTED = ReconstructSettings(hold_out=2, refine=RefineSettings(steps=5), mesh=MeshSettings(resolution=32, texture=512, faces=200))
LEAST_PSNR = 12.0  # dB over held-out photos of the test; about 20 is normal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of a report")


def run(args: argparse.Namespace) -> int:
    """Print the facts, then run the test."""
    known = facts()
    if not args.json:
        print(page(known), flush=True)
    test = self_test()
    print(json.dumps(known | {"self_test": test}) if args.json else _line("self-test", _outcome(test)))
    return 0 if test["ok"] else 1


def facts() -> dict[str, Any]:
    """Facts about this installation; a part that cannot be determined is an object with an `error`."""
    return {
        "version": __version__,
        "protocol": PROTOCOL,
        "python": {"version": platform.python_version(), "file": sys.executable, "system": platform.platform()},
        "torch": _tried(_torch),
        "devices": _tried(_devices),
        "rasterizers": _tried(_rasterizers),
        "drawn_by": _tried(_drawn_by),
        "checkpoint": _tried(_checkpoint),
        "packages": {name: _installed(name) for name in PACKAGES},
        "cache": _tried(_cache),
    }


def self_test() -> dict[str, Any]:
    """Launch a worker and reconstruct a procedural scene; returns whether it succeeded, or a sentence on the failure."""
    start = time.perf_counter()
    try:
        found = _reconstruct()
    except TttlrmError as error:
        return {"ok": False, "sentence": str(error)}
    except Exception as error:  # anything may be broken
        return {"ok": False, "sentence": f"{type(error).__name__}: {error}"}
    psnr = found.figures.psnr if found.figures else 0.0
    if not psnr >= LEAST_PSNR:
        return {"ok": False, "sentence": f"The splats look wrong: {psnr:.1f} dB over held-out photos."}
    return {"ok": True, "seconds": round(time.perf_counter() - start, 1), "splats": len(found.gaussians), "psnr": psnr}


def page(known: dict[str, Any]) -> str:
    """Format the facts for humans."""
    python, lines = known["python"], [f"tttLRM {known['version']}, protocol {known['protocol']}"]
    lines.append(_line("Python", f"{python['version']} ({python['file']}) on {python['system']}"))
    lines.append(_line("torch", _told(known["torch"], lambda t: f"{t['version']} for {t['built_for']}, {t['threads']} threads")))
    if isinstance(known["devices"], dict):
        lines.append(_line("devices", _told(known["devices"], str)))
    else:
        lines += [_line(each["device"], _device(each)) for each in known["devices"]]
    by = known["drawn_by"] if isinstance(known["drawn_by"], str) else "nothing"
    lines.append(_line("drawing", _told(known["rasterizers"], lambda faults: f"by {by}. {_drawing(faults)}")))
    lines.append(_line("checkpoint", _told(known["checkpoint"], _weights)))
    lines += [_line(name, _package(name, found)) for name, found in known["packages"].items()]
    lines.append(_line("cache", _told(known["cache"], lambda cache: f"{_bytes(cache['bytes'])} in {cache['folder']}")))
    return "\n".join(lines)


def _tried(find: Callable[[], Any]) -> Any:
    try:
        return find()
    except Exception as error:  # anything may be broken; the other facts are still useful
        return {"error": str(error) or type(error).__name__}


def _torch() -> dict[str, Any]:
    from ..render.hardware import torch_facts

    return torch_facts()


def _devices() -> list[dict[str, Any]]:
    from ..render.hardware import devices

    return devices()


def _rasterizers() -> dict[str, str]:
    from ..render.choice import faults

    return {kind: str(fault) for kind, fault in faults().items()}


def _drawn_by() -> str:
    from ..render.choice import drawing_backend, name

    return str(name(drawing_backend()))


def _checkpoint() -> dict[str, Any]:
    from ..model.checkpoint import DEFAULT, load_checkpoint

    weights = sum(weight.numel() for weight in load_checkpoint().parameters())
    return {"file": str(DEFAULT), "bytes": DEFAULT.stat().st_size, "weights": weights}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cache() -> dict[str, Any]:
    from ..cache import cache_folder

    folder = cache_folder()
    return {"folder": str(folder), "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())}


def _reconstruct() -> ReconstructResult:
    """Reconstruct the test scene."""
    from ..client import launch_worker
    from .procedural import write_scene

    with Scratch() as scratch:
        folder = scratch / "photos"
        write_scene(folder, 0, VIEWS, SIZE)
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        with launch_worker() as worker, worker.connect() as client:
            return client.submit("self-test", RECONSTRUCT, WANTED, files).result()


def _line(name: str, told: str) -> str:
    return f"{name:13} {told}"


def _told(fact: Any, tell: Callable[[Any], str]) -> str:
    return f"fails: {fact['error']}" if "error" in fact else tell(fact)


def _device(found: dict[str, Any]) -> str:
    memory = "" if found["memory"] is None else f", {_bytes(found['memory'])} of memory"
    return found["name"] + memory + ("" if found["free"] is None else f", {_bytes(found['free'])} free")


def _drawing(faults: dict[str, str]) -> str:
    return " ".join(f"On {name}: {f'no. {fault}' if fault else 'yes.'}" for name, fault in faults.items())


def _weights(found: dict[str, Any]) -> str:
    return f"{found['weights'] / 1e6:.1f} million weights, {_bytes(found['bytes'])} in {found['file']}"


def _package(name: str, found: str | None) -> str:
    purpose = PACKAGES[name]
    return f"{found:10} {purpose}" if found else f"missing    {purpose}: pip install {name}"


def _bytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def _outcome(test: dict[str, Any]) -> str:
    if not test["ok"]:
        return f"failed: {test['sentence']}"
    return f"ok: {test['splats']} splats in {test['seconds']} s, {test['psnr']:.1f} dB over held-out photos"
