# SPDX-License-Identifier: GPL-3.0-or-later
"""A plane sweep: how well the photos agree on the distance of every pixel."""
