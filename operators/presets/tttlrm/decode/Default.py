# SPDX-License-Identifier: GPL-3.0-or-later
"""The splats of the network, without filters."""

import bpy

decode = bpy.context.object.tttlrm.decode

decode.views = 0
decode.keep = 0.0
decode.explore = 0.1
decode.min_opacity = 0.0
decode.max_splats = 0
decode.sh_degree = 3
decode.scale = 1.0
decode.size_limit = 0.0
decode.near = 0.0
decode.far = 0.0
decode.merge = 0.0
decode.floaters = 0.0
decode.fog = 0.0
decode.seed = 0
