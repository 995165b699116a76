# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels of a few bytes under the names of the worker's packages, and the files that pin them."""

import hashlib
import re
import sys
import sysconfig
import zipfile
from pathlib import Path

_VERSION = f"cp{sys.version_info[0]}{sys.version_info[1]}"
HERE = f"{_VERSION}-{_VERSION}-{re.sub('[-.]', '_', sysconfig.get_platform())}"  # tag of wheels for this Python and machine
# What is imported, and from which package, as in the real ones.
PACKAGES = {
    "numba": "numba", "numpy": "numpy", "PIL": "pillow", "pycolmap": "pycolmap",
    "safetensors": "safetensors", "scipy": "scipy", "skimage": "scikit-image", "tqdm": "tqdm",
    "trimesh": "trimesh", "websockets": "websockets",
}  # fmt: skip
TORCH = "__version__ = '2.13.0+tiny'\nclass cuda:\n    is_available = staticmethod(lambda: False)\n"


def make_wheel(folder: Path, name: str, module: str, source: str = "", version: str = "1.0", tag: str = "py3-none-any") -> Path:
    """A wheel with one module of one file."""
    title = name.replace("-", "_")
    info = f"{title}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{title}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def make_wheels(folder: Path) -> Path:
    """A folder with all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for module, name in PACKAGES.items():
        make_wheel(folder, name, module)
    make_wheel(folder, "wgpu", "wgpu")
    make_wheel(folder, "torch", "torch", TORCH, "2.13.0", HERE)
    return folder


def pin(wheels: Path, folder: Path) -> tuple[Path, Path, Path]:
    """Write packages.txt, optional.txt and torch.txt into a folder, with the hashes of these wheels."""
    packages, torch = folder / "packages.txt", folder / "torch.txt"
    packages.write_text("# Pinned.\n" + "".join(_pinned(wheels, name, "1.0") for name in PACKAGES.values()))
    optional = pin_one(wheels, folder / "optional.txt", "wgpu", "1.0")
    return packages, optional, pin_one(wheels, torch, "torch", "2.13.0")


def pin_one(wheels: Path, file: Path, name: str, version: str) -> Path:
    """Write a file that pins one package, with the hash of the wheel in a folder."""
    file.write_text("# Pinned.\n" + _pinned(wheels, name, version))
    return file


def _pinned(wheels: Path, name: str, version: str) -> str:
    wheel = next(wheels.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
