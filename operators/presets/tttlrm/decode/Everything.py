# SPDX-License-Identifier: GPL-3.0-or-later
"""Every pixel of the query views becomes a splat."""

import bpy

decode = bpy.context.object.tttlrm.decode

decode.keep = 1.0
decode.explore = 0.1
decode.min_opacity = 0.0
decode.max_splats = 0
decode.sh_degree = 3
decode.scale = 1.0
decode.size_limit = 0.0
decode.floaters = 0.0
decode.fog = 0.0
