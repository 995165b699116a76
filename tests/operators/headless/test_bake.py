# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos onto a mesh of a .blend file, by command."""

import bpy
import pytest

from tests.operators.headless.commands import made, objects, tttlrm

pytestmark = pytest.mark.slow


def test_a_mesh_gets_the_photos(tmp_path, capsys):
    file = made(tmp_path, "--no-mesh")
    bpy.ops.wm.open_mainfile(filepath=str(file))
    bpy.ops.mesh.primitive_plane_add()
    bpy.ops.wm.save_mainfile()
    kept = ("--out", file, "--scenes", tmp_path / "scenes")
    assert tttlrm("bake", file, *kept, "--onto", "Plane", "--texture", 16, "--image", "png") == 0
    (plane,) = objects(file, "MESH")
    image = plane.active_material.node_tree.nodes["base_color"].image
    assert tuple(image.size) == (16, 16) and image.packed_file
    assert tttlrm("bake", file, *kept, "--onto", "nothing") == 1
    assert "no mesh “nothing” with a UV map" in capsys.readouterr().err
