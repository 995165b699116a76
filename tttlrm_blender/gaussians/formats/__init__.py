# SPDX-License-Identifier: GPL-3.0-or-later
"""File formats of splats, one module each; `registry` reads and writes all of them."""
