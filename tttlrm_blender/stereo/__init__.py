# SPDX-License-Identifier: GPL-3.0-or-later
"""How well photos agree about the distance of every pixel."""
