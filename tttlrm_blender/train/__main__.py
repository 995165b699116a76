# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tttlrm_blender.train --minutes M --state FILE --out FILE`."""

from __future__ import annotations

import argparse
import os
import sys

from ..errors import TttlrmError
from .options import add_arguments


def main(argv: list[str] | None = None) -> int:
    """Train a network on procedural scenes."""
    parser = argparse.ArgumentParser(prog="python -m tttlrm_blender.train", description=main.__doc__)
    add_arguments(parser)
    args = parser.parse_args(argv)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads slow down a busy machine tenfold
    from .loop import run

    try:
        return run(args)
    except TttlrmError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
