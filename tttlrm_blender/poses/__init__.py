# SPDX-License-Identifier: GPL-3.0-or-later
"""Where photos were taken from: pose files of many programs read and written, poses estimated, worlds set upright."""
