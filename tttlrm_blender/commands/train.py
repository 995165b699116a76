# SPDX-License-Identifier: GPL-3.0-or-later
"""Train a network on procedural scenes.

Resumes from its state file where there is one, and writes a checkpoint that `--checkpoint` takes.
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    from ..train.options import add_arguments as add

    add(parser)


def run(args: argparse.Namespace) -> int:
    """Train as the options say."""
    from ..train.loop import run as train

    return train(args)
