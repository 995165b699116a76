# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimization of one scene's splats against its photos."""
