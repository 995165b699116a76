# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials that show the images of a mesh: base color, normal map and occlusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from ..narrowing import untyped
from . import nodes
from .editable import own

BASE_COLOR, NORMAL_MAP, OCCLUSION = "base_color", "normal_map", "occlusion"  # names of images, in results of the worker too
OURS = "tttlrm_images"  # custom property of the materials made here
GLTF = "glTF Material Output"  # the node group in which Blender's glTF exporter looks for occlusion
UV, READER = "_uv", "_reader"  # ends of the names of nodes before and behind an image
LEFT, WIDTH, LINE = -900, 300, 320  # places of nodes in the editor


def image_material(name: str, images: Mapping[str, bpy.types.Image], uv_map: str) -> bpy.types.Material:
    """A new matt material that shows images by the names above where a UV map puts them."""
    material = bpy.data.materials.new(name)
    material[OURS] = True
    matt(material)
    show_images(material, images, uv_map)
    return material


def show_images(material: bpy.types.Material, images: Mapping[str, bpy.types.Image], uv_map: str) -> None:
    """Let a material made here show other images; what else was changed in it stays. Images that nothing shows go."""
    tree = nodes.tree_of(material)
    for line, (name, image) in enumerate(images.items()):
        node: Any = tree.nodes.get(name)
        if node is None:
            node = nodes.add(tree, "ShaderNodeTexImage", image=image, name=name, location=(LEFT, -LINE * line))
            place = (LEFT - WIDTH, -LINE * line)
            nodes.connect(tree, nodes.add(tree, "ShaderNodeUVMap", name=f"{name}{UV}", location=place), node.inputs["Vector"])
            CONNECT[name](tree, node)
        else:
            _exchange(node, image)
    for kind in CONNECT:
        names = (f"{kind}{end}" for end in ("", UV, READER))
        for part in [tree.nodes[name] for name in names if name in tree.nodes]:
            if kind not in images:
                tree.nodes.remove(part)
            elif hasattr(part, "uv_map"):
                untyped(part).uv_map = uv_map


def is_ours(material: bpy.types.Material | None) -> bool:
    """Whether a material was made here and is shown by one mesh only, so that its images may be exchanged."""
    return material is not None and bool(untyped(material).get(OURS)) and material.users == 1 and material.library is None


def matt(material: bpy.types.Material) -> None:
    """Take the shine off a surface: photos show it already."""
    surface = _surface(nodes.tree_of(material))
    untyped(surface.inputs["Roughness"]).default_value = 1.0
    untyped(surface.inputs["Specular IOR Level"]).default_value = 0.0


def _surface(tree: bpy.types.NodeTree) -> Any:
    """The Principled BSDF, a new one where somebody has deleted it."""
    found = next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    return found or nodes.add(tree, "ShaderNodeBsdfPrincipled")


def _show_color(tree: bpy.types.NodeTree, node: Any) -> None:
    nodes.connect(tree, node, _surface(tree).inputs["Base Color"])


def _show_normals(tree: bpy.types.NodeTree, node: Any) -> None:
    place = (node.location[0] + WIDTH, node.location[1])
    normals = nodes.add(tree, "ShaderNodeNormalMap", name=f"{NORMAL_MAP}{READER}", location=place)
    nodes.connect(tree, node, normals.inputs["Color"])
    nodes.connect(tree, normals, _surface(tree).inputs["Normal"])


def _keep_occlusion(tree: bpy.types.NodeTree, node: Any) -> None:
    """Occlusion is for export only: renderers work out their own, and photos have most of it in their colors."""
    place = (node.location[0] + WIDTH, node.location[1])
    output = nodes.add(tree, "ShaderNodeGroup", name=f"{OCCLUSION}{READER}", node_tree=_gltf_output(), location=place)
    nodes.connect(tree, node, output.inputs["Occlusion"])


def _gltf_output() -> bpy.types.NodeTree:
    if found := own(bpy.data.node_groups, GLTF):
        return found
    tree = untyped(bpy.data.node_groups.new(GLTF, "ShaderNodeTree"))
    tree.interface.new_socket("Occlusion", in_out="INPUT", socket_type="NodeSocketFloat")
    tree.nodes.new("NodeGroupInput")
    return tree


CONNECT = {BASE_COLOR: _show_color, NORMAL_MAP: _show_normals, OCCLUSION: _keep_occlusion}


def _exchange(node: Any, image: bpy.types.Image) -> None:
    old, node.image = node.image, image
    if old is not None and old != image and old.users == 0:
        name = old.name
        bpy.data.images.remove(old)
        image.name = name
