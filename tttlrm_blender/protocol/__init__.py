# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol between client and worker: messages, their frames, and the settings and results of jobs."""
