# SPDX-License-Identifier: GPL-3.0-or-later
"""Opaque splats near surfaces, without view-dependent color, as input for meshes."""

import bpy

decode = bpy.context.object.tttlrm.decode

decode.keep = 0.0
decode.explore = 0.0
decode.min_opacity = 0.5
decode.max_splats = 0
decode.sh_degree = 0
decode.scale = 1.0
decode.size_limit = 0.03
decode.floaters = 0.5
decode.fog = 0.5
