# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports a file of splats into Blender, gives the object a matrix, and exports it: SOURCE TARGET MATRIX(JSON)."""

import json
import os
import sys

import bpy
from mathutils import Matrix

from operators.actions.files.export_splats import TTTLRM_OT_export_splats
from operators.actions.files.import_splats import TTTLRM_OT_import_splats

source, target, matrix = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
for kind in (TTTLRM_OT_import_splats, TTTLRM_OT_export_splats):
    bpy.utils.register_class(kind)
bpy.ops.tttlrm.import_splats(filepath=source, up_axis="Z")
bpy.context.object.matrix_world = Matrix(json.loads(matrix))
bpy.ops.tttlrm.export_splats(filepath=target, up_axis="Z")
sys.stdout.flush()
os._exit(0)  # the module of Blender 4.2 crashes when Python takes it down
