# SPDX-License-Identifier: GPL-3.0-or-later
"""Few splats, without view-dependent color."""

import bpy

decode = bpy.context.object.tttlrm.decode

decode.keep = 0.2
decode.explore = 0.0
decode.min_opacity = 0.0
decode.max_splats = 50000
decode.sh_degree = 0
decode.scale = 1.0
decode.size_limit = 0.0
decode.floaters = 0.3
decode.fog = 0.3
