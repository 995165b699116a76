# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the network: procedural scenes, batches, stages, losses and metrics."""
