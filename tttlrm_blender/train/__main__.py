# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tttlrm_blender.train --minutes M --state FILE --out FILE`."""

from __future__ import annotations

import argparse
import sys

from ..errors import TttlrmError
from .loop import run
from .options import add_arguments


def main(argv: list[str] | None = None) -> int:
    """Train a network on procedural scenes; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tttlrm_blender.train", description=main.__doc__)
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except TttlrmError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
