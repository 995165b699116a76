# SPDX-License-Identifier: GPL-3.0-or-later
"""The outlook of a job before and while it runs: its steps, how much is done, and how long it still takes."""
