# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that has the engine's packages, and a toy for it to run."""

import os
import sys
from pathlib import Path

WORKER_PYTHON = os.environ.get("TTTLRM_PYTHON", sys.executable)
TOY = Path(__file__).with_name("toy_worker.py")
