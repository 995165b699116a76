# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural scenes and the training of the network."""
