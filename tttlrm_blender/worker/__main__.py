# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tttlrm_blender.worker`"""

from .program import main

main()
