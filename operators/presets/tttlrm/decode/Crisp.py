# SPDX-License-Identifier: GPL-3.0-or-later
"""No faint, very large or isolated splats, for sharp edges and no floaters."""

import bpy

decode = bpy.context.object.tttlrm.decode

decode.keep = 0.0
decode.explore = 0.1
decode.min_opacity = 0.3
decode.max_splats = 0
decode.sh_degree = 3
decode.scale = 1.0
decode.size_limit = 0.02
decode.floaters = 0.5
decode.fog = 0.5
