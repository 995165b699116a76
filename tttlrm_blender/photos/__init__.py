# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files and videos become a `PhotoSet`: pixels, weights and cameras; culling, choice of views, removal of backgrounds."""
