# SPDX-License-Identifier: GPL-3.0-or-later
"""Train a network on procedural scenes.

Resumes from the state file if it exists, and writes a checkpoint for `--checkpoint`.
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    from ..train.options import add_arguments as add

    add(parser)


def run(args: argparse.Namespace) -> int:
    """Train with the given options."""
    from ..train.loop import run as train

    return train(args)
