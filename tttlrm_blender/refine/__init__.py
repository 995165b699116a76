# SPDX-License-Identifier: GPL-3.0-or-later
"""Per-scene optimisation of splats against the photos."""
