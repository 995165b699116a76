# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the product, which panel, batch, command and worker share, and the scenes that they work on."""
