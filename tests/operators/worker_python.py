# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that has the engine's packages: this one, unless a Blender with another Python is tested."""

import os
import sys

WORKER_PYTHON = os.environ.get("TTTLRM_PYTHON", sys.executable)
