# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators, mostly one per file."""
