# SPDX-License-Identifier: GPL-3.0-or-later
"""Time a worker decoding a scene again, compared with reconstructing it: 8 views of 256×256.

python -m benchmarks.decode PHOTOS [--runs 5]

Seconds are measured from the request until the client has the arrays.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row, best, show
from tttlrm_blender.client import Client, launch_worker
from tttlrm_blender.protocol import kinds
from tttlrm_blender.protocol.settings import DRAFT, DecodeSettings, ReconstructSettings

WHOLE = ReconstructSettings(views=8, width=256, height=256, refine=DRAFT)
TARGET = 0.3  # seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with launch_worker() as worker, worker.connect() as client:
        show(rows(client, options.photos, options.runs))


def rows(client: Client, photos: Path, runs: int) -> Iterator[Row]:
    """Both times, after a first reconstruction. The worker's CPU time is not known here."""
    files = {path.relative_to(photos).as_posix(): path for path in photos.rglob("*") if path.is_file()}
    client.submit("photos", kinds.RECONSTRUCT, WHOLE, files).result()
    keep = itertools.count(0.3, 0.05)  # different settings each time
    again, _ = best(lambda: client.submit("photos", kinds.DECODE, DecodeSettings(keep=next(keep))).result(), runs)
    anew, _ = best(lambda: client.submit("photos", kinds.RECONSTRUCT, WHOLE).result(), runs)
    yield Row("decoded with other settings", again, at_most=TARGET)
    yield Row("reconstructed again", anew)
    yield Row("reconstructing compared with decoding", anew / again, unit="times")


if __name__ == "__main__":
    main()
