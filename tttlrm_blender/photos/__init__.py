# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files become a PhotoSet: images with cameras."""
