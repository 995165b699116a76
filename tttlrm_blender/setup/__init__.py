# SPDX-License-Identifier: GPL-3.0-or-later
"""Setup of the worker's Python environment: creation, checkup and repair. Needs no more packages than the client.

setup = Setup(Wanted(folder=Path("environment"), log=Path("setup.log"), python=sys.executable))
python = setup.result(on_event=print).python
"""

from .checkup import Checkup, CheckupResult
from .environment import Environment, place
from .install import Setup, SetupResult, Wanted
from .size import download_size

__all__ = ["Checkup", "CheckupResult", "Environment", "Setup", "SetupResult", "Wanted", "download_size", "place"]
