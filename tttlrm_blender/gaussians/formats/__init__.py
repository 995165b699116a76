# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of splats, one module for each format; `registry` reads and writes them all."""
