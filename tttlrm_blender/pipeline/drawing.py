# SPDX-License-Identifier: GPL-3.0-or-later
"""What draws splats in this process, for the results of jobs."""

from __future__ import annotations

from ..protocol.results import Drawing
from ..render import choice


def drawing() -> Drawing:
    """What draws now, and why not a better one."""
    chosen = choice.choice()
    return Drawing(choice.name(chosen.backend), **{f"not_{kind}": fault for kind, fault in chosen.faults.items()})


def prepare_drawing() -> None:
    """Begin in the background what precedes the first picture, such as the trial of a GPU."""
    choice.prepare()
