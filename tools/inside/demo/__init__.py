# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: a reconstruction of Suzanne on a table, photographed by Blender. Run as `python -m tools.inside.demo`."""
