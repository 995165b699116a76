# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's jobs, shared by panel, batch, command line and worker, and the scenes that they work on."""
