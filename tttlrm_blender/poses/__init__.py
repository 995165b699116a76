# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera poses of photos: files of many programs are read and written, missing poses estimated, worlds set upright."""
