# SPDX-License-Identifier: GPL-3.0-or-later
"""What worker and client share: messages, their frames, and the settings and results of jobs."""
