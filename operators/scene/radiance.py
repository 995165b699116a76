# SPDX-License-Identifier: GPL-3.0-or-later
"""The colors of splats as attributes of a point cloud, by the names that Blender 5.3 reads."""

BASE = "radiance:base"  # raw coefficients of degree 0, and the opacity
NATIVE_BASE, OLDER_BASE = "FLOAT4", "FLOAT_COLOR"  # its type in a Blender that draws splats by itself, and before
SH = tuple(f"radiance:sh_{index}" for index in range(15))  # raw coefficients of degrees 1 to 3, three colors each
