# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python environment that the worker runs in: made, checked and mended. Needs no more than the client does.

setup = Setup(Wanted(folder=Path("environment"), log=Path("setup.log"), python=sys.executable))
python = setup.result(on_event=print).info["python"]
"""

from .checkup import Checkup
from .environment import Environment, place
from .install import Setup, Wanted

__all__ = ["Checkup", "Environment", "Setup", "Wanted", "place"]
