# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's jobs, which panel, batch, command and worker share, and the scenes that they work on."""
