# SPDX-License-Identifier: GPL-3.0-or-later
"""The network, its configuration and checkpoints."""
