# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files and videos become a `PhotoSet`: pixels, their weights and their cameras; what is left out, which views are used."""
