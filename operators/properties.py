# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the engine as Blender properties: names and defaults from the dataclasses, words and limits from here."""

from collections.abc import Callable
from dataclasses import fields, replace
from math import isfinite
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from .engine import settings
from .jobs import waiting
from .sources import properties as source_properties

FIRST_STEPS = 500  # of refinement that are offered for splats which had none

STARTS = (
    ("auto", "Choose", "Sparse points of the photos, and decoded splats where these resemble the photos"),
    ("decoded", "Decoded Splats", "What is there, without sparse points"),
    ("points", "Sparse Points", "Sparse points of the photos alone"),
    ("both", "Both", "Sparse points and decoded splats"),
)
STRATEGIES = (
    ("split", "Split", "Splats that the photos pull most are split; transparent ones are removed"),
    ("mcmc", "MCMC", "Transparent splats move to opaque ones; opacity and size are penalised, faint splats stirred"),
)
ORIENTATIONS = (
    ("auto", "Where Estimated", "Turn scenes whose cameras had to be estimated upright; others stay in their world"),
    ("always", "Always", "Turn every scene upright"),
    ("never", "Never", "Leave every scene as its cameras have it"),
)
SCANS = (
    ("full", "One Pass", "All photos at once: the sharpest"),
    ("ar", "Chunk by Chunk", "A few photos at a time: for very many photos"),
)


def _words(name: str, description: str, **limits: Any) -> dict[str, Any]:
    return {"name": name, "description": description, **limits}


WORDS: dict[type, dict[str, dict[str, Any]]] = {
    settings.DecodeSettings: {
        "views": _words("Views", "Photos that splats are read for; 0 for as many as are sensible"),
        "keep": _words("Keep", "Share of the most opaque pixels that become splats; 0 chooses by itself", subtype="FACTOR"),
        "explore": _words("Explore", "Random share of the fainter pixels kept too, as a fraction of Keep", subtype="FACTOR"),
        "min_opacity": _words("Least Opacity", "Splats fainter than this are dropped", subtype="FACTOR"),
        "max_splats": _words("Most Splats", "Upper bound on the number of splats; 0 for none"),
        "sh_degree": _words("SH Degree", "How finely colour depends on the direction of view"),
        "scale": _words("Splat Size", "Factor on the size of every splat", soft_max=4),
        "size_limit": _words(
            "Size Limit", "Largest splat, as a share of its distance from the nearest photo's camera; 0 for none", soft_max=0.5
        ),
        "near": _words("Near", "Splats nearer than this to a photo's camera are dropped", subtype="DISTANCE"),
        "far": _words(
            "Far", "Splats farther than this from the cameras of all photos are dropped; 0 for none", subtype="DISTANCE"
        ),
        "merge": _words("Merge Distance", "Splats in a cube of this side become one; 0 for none", subtype="DISTANCE"),
        "floaters": _words(
            "Drop Floaters", "How strictly splats are dropped that lie apart from others; 0 for not at all", subtype="FACTOR"
        ),
        "seed": _words("Seed", "Of the random choice among the faint splats"),
    },
    settings.RefineSettings: {
        "steps": _words("Steps", "Optimisation steps; 0 for no limit by these", min=0),
        "passes": _words("Passes", "Over all photos, a step for each; 0 for no limit by these", min=0),
        "seconds": _words("Seconds", "Time to spend; 0 for no limit by time", min=0),
        "start": _words("Start", "What is optimised", items=STARTS),
        "exposure": _words("Exposure", "Photos were metered one by one: let each have its exposure"),
        "poses": _words("Correct Poses", "Learn small corrections of the cameras while the splats are learned"),
        "sky": _words("Sky", "Far splats where the photos look past everything near"),
        "densify": _words("Densify", "Where splats are added and removed", items=STRATEGIES),
        "max_splats": _words("Most Splats", "Splats are added up to here", min=1),
        "sh_degree": _words("SH Degree", "How finely colour depends on the direction of view", min=0, max=3),
    },
    settings.MeshSettings: {
        "resolution": _words("Resolution", "Voxels along the longest side of the scene", soft_max=512),
        "voxel": _words("Voxel Size", "Side of a voxel, in place of a resolution; 0 for none", subtype="DISTANCE"),
        "min_piece": _words("Smallest Piece", "Pieces with a smaller share of the faces are dropped", subtype="FACTOR"),
        "faces": _words("Most Faces", "Triangles to which the mesh is simplified; 0 for as many as there are"),
        "texture": _words("Texture Size", "Pixels along a side of the texture; 0 for vertex colours", subtype="PIXEL"),
    },
    settings.ReconstructSettings: {
        "poses": _words("Poses", "“auto”, “estimate”, or a file or folder of camera poses", subtype="FILE_PATH"),
        "orient": _words("Upright", "Whether the scene is turned upright, put on the ground and centred", items=ORIENTATIONS),
        "distance": _words("Distance", "How many metres apart two photos were taken: a.jpg:b.jpg=2.5; empty where nobody knows"),
        "views": _words("Views", "Photos given to the network; 0 for all that make sense", min=0),
        "width": _words("Width", "Of the photos as they are used; 0 for their own", min=0, subtype="PIXEL"),
        "height": _words("Height", "Of the photos as they are used; 0 for their own", min=0, subtype="PIXEL"),
        "hold_out": _words("Hold Out", "Every n-th photo is kept for measuring; 0 for none", min=0),
        "scan": _words("Scan", "How the photos are read", items=SCANS),
        "elastic": _words("Elastic", "Hold the memory of early photos in long scans"),
        "checkpoint": _words("Checkpoint", "“default”, or a file with the network's weights", subtype="FILE_PATH"),
        "remove_background": _words(
            "Cut Out", "An ONNX network that finds things, to remove what is behind; empty: no", subtype="FILE_PATH"
        ),
    },
}

WORDS[settings.ExtendSettings] = {
    "poses": _words("Poses", "“auto”, “estimate”, or a file or folder of camera poses of all photos", subtype="FILE_PATH"),
    "views": _words("Views", "New photos given to the network; 0 for all that make sense", min=0),
    "remove_background": WORDS[settings.ReconstructSettings]["remove_background"],
}

MAKERS = {bool: BoolProperty, int: IntProperty, float: FloatProperty, str: StringProperty}


def annotations(kind: type, update: Callable[[Any, bpy.types.Context], None] | None = None) -> dict[str, Any]:
    """A Blender property for every setting of a dataclass that has words here; `update` hears of changes."""
    default = kind()
    heard = {"update": update} if update else {}
    limits = {setting.name: _limits(*setting.metadata.get("bounds", ())) for setting in fields(kind)}
    return {name: _property(getattr(default, name), words | limits[name] | heard) for name, words in WORDS[kind].items()}


def _limits(*bounds: float) -> dict[str, float]:
    return {name: bound for name, bound in zip(("min", "max"), bounds, strict=False) if isfinite(bound)}


def _property(default: Any, words: dict[str, Any]) -> Any:
    make = EnumProperty if "items" in words else MAKERS[type(default)]
    precise = {"precision": 3} if make is FloatProperty else {}
    return make(default=default, **words, **precise)


def plain(holder: Any, kind: type) -> Any:
    """The settings dataclass that a property group or an operator holds."""
    return kind(**{name: getattr(holder, name) for name in WORDS[kind]})


def overlaid(values: Any, operator: bpy.types.Operator) -> Any:
    """Settings with the fields that the operator's caller has set by name."""
    names = (field.name for field in fields(values) if field.name in WORDS[type(values)])
    return replace(values, **{name: getattr(operator, name) for name in names if operator.properties.is_property_set(name)})


class TTTLRM_PG_decode(bpy.types.PropertyGroup):
    """How kept query tokens become splats."""

    __annotations__ = annotations(settings.DecodeSettings, waiting.changed)


class TTTLRM_PG_refine(bpy.types.PropertyGroup):
    """How long splats are optimised against the photos."""

    __annotations__ = annotations(settings.RefineSettings)


class TTTLRM_PG_mesh(bpy.types.PropertyGroup):
    """How splats become a surface."""

    __annotations__ = annotations(settings.MeshSettings)


class TTTLRM_PG_scene(bpy.types.PropertyGroup):
    """How the next photos become splats."""

    __annotations__ = annotations(settings.ReconstructSettings) | {
        "source": PointerProperty(type=source_properties.TTTLRM_PG_source),
        "decode": PointerProperty(type=TTTLRM_PG_decode),
        "refine": PointerProperty(type=TTTLRM_PG_refine),
        "mesh": PointerProperty(type=TTTLRM_PG_mesh),
        "with_mesh": BoolProperty(name="Mesh", description="Make a mesh too"),
    }


class TTTLRM_PG_object(bpy.types.PropertyGroup):
    """What a splat object remembers: the scene on the worker that it came from, and its own settings."""

    __annotations__ = {
        "session": StringProperty(name="Scene", description="The name under which the worker keeps this object's scene"),
        "files": StringProperty(name="Files", description="Names of the files that the worker has of this scene, a line each"),
        "live": BoolProperty(
            name="Live", description="Decode again as soon as a setting has changed; refined splats are replaced too"
        ),
        "crop": PointerProperty(
            name="Crop Box",
            description="Splats outside this object's bounding box are dropped; of an empty, outside the cube of its size",
            type=bpy.types.Object,
            poll=lambda group, obj: obj != group.id_data,
            update=waiting.changed,
        ),
        "decode": PointerProperty(type=TTTLRM_PG_decode),
        "refine": PointerProperty(type=TTTLRM_PG_refine),
        "mesh": PointerProperty(type=TTTLRM_PG_mesh),
    }


CLASSES = (*source_properties.CLASSES, TTTLRM_PG_decode, TTTLRM_PG_refine, TTTLRM_PG_mesh, TTTLRM_PG_scene, TTTLRM_PG_object)


def reconstruct_settings(scene: bpy.types.Scene) -> settings.ReconstructSettings:
    """What the panel says about the next reconstruction."""
    group = scene.tttlrm
    poses = {"ESTIMATE": "estimate", "FILE": group.poses}.get(group.source.cameras, "auto")
    return replace(
        plain(group, settings.ReconstructSettings),
        poses=poses,
        decode=plain(group.decode, settings.DecodeSettings),
        refine=plain(group.refine, settings.RefineSettings),
        mesh=plain(group.mesh, settings.MeshSettings) if group.with_mesh else None,
    )


def remember(obj: bpy.types.Object, session: str, used: settings.ReconstructSettings) -> None:
    """Give a new splat object its scene on the worker and the settings that it was made with."""
    group = obj.tttlrm
    group.session = session
    refine = used.refine if used.refine.wanted else replace(used.refine, steps=FIRST_STEPS)
    for part, values in (("decode", used.decode), ("refine", refine), ("mesh", used.mesh or settings.MeshSettings())):
        take_over(getattr(group, part), values, type(values))


def take_over(group: bpy.types.PropertyGroup, source: Any, kind: type) -> None:
    """Give a group the settings of a dataclass or of another group."""
    for name in WORDS[kind]:
        setattr(group, name, getattr(source, name))


def register() -> None:
    """Add the groups, `Scene.tttlrm` and `Object.tttlrm`."""
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.tttlrm = PointerProperty(type=TTTLRM_PG_scene)
    bpy.types.Object.tttlrm = PointerProperty(type=TTTLRM_PG_object)


def unregister() -> None:
    """Take them back out."""
    del bpy.types.Object.tttlrm
    del bpy.types.Scene.tttlrm
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
