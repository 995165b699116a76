# SPDX-License-Identifier: GPL-3.0-or-later
"""Splats: the container, transforms and files."""
