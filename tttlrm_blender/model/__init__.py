# SPDX-License-Identifier: GPL-3.0-or-later
"""The network, from photos to fast weights to splats: configuration, checkpoints, scans and scene memory."""
