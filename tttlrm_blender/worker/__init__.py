# SPDX-License-Identifier: GPL-3.0-or-later
"""The server process: scenes, jobs, queue and events."""
