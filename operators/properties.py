# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's settings as Blender properties, with the names, defaults, texts and limits of the dataclass fields."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import bpy
import numpy as np
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from . import check_boxes
from .engine import fields, settings
from .narrowing import given, group_of, untyped
from .paths import absolute, file_property
from .scene import cleaning, compare, figures, look
from .sources import properties as source_properties

SUBTYPES = {"share": "FACTOR", "distance": "DISTANCE", "pixels": "PIXEL", "seconds": "TIME_ABSOLUTE", "": "NONE"}
BAKED_FILES = ("mesh", "dense")  # settings of baking


def described(kind: type) -> dict[str, fields.Setting]:
    """Return the settings of a dataclass that become Blender properties, by name. A crop box does not: it is an object here."""
    known = fields.describe(kind).items()
    return {
        name: each for name, each in known if isinstance(each, fields.Setting) and not isinstance(each.values, fields.Several)
    }


def _changed(group: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Blender calls this when a user or a script changes a setting, but not on undo or while it reads a file."""
    look.follow(given(group.id_data))


def _switched_region(group: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Blender calls this when regions are switched on or off: the first time, one is put around the subject."""
    cleaning.region_switched(untyped(group.id_data))


def annotations(kind: type) -> dict[str, Any]:
    """Return a Blender property for every setting of a dataclass, for operators: their redo panels have no check boxes.

    So the descriptions tell which value means off or automatic.
    """
    return {name: setting_property(kind, name, description=setting.explained()) for name, setting in described(kind).items()}


def group_annotations(kind: type, update: Callable[[Any, bpy.types.Context], None] | None = None) -> dict[str, Any]:
    """Return those for groups, with check boxes where a setting may be off; Blender calls `update` after changes."""
    heard = {"update": update} if update else {}
    made: dict[str, Any] = {}
    for name, setting in described(kind).items():
        made[name] = setting_property(kind, name, **heard)
        made |= check_boxes.beside(name, setting, partial(setting_property, kind, name))
    return made


def setting_property(kind: type, name: str, /, **instead: Any) -> Any:
    """Return the Blender property for a setting; `instead` overrides or adds arguments of it."""
    setting = described(kind)[name]
    words = {"name": setting.label, "description": setting.description, "default": getattr(kind(), name)} | instead
    match setting.values:
        case fields.Numbers():
            return _number_property(setting.values, words)
        case fields.Switch():
            return BoolProperty(**words)
        case fields.Choices(items):
            return EnumProperty(items=[(item.identifier, item.label, item.description) for item in items], **words)
        case fields.FilePath():
            return file_property(**words)
        case _:
            return StringProperty(**words)


def _number_property(numbers: fields.Numbers, words: dict[str, Any]) -> Any:
    limits = {"min": numbers.least, "max": numbers.most, "soft_max": numbers.soft_most or numbers.most}
    if numbers.whole:
        return IntProperty(subtype=SUBTYPES[numbers.unit], **(limits | words))
    return FloatProperty(subtype=SUBTYPES[numbers.unit], precision=3, **(limits | words))


def plain(holder: Any, kind: type) -> Any:
    """Return the settings of a property group or an operator as a dataclass."""
    return kind(**{name: _value(holder, kind, name) for name in described(kind)})


def overlaid(values: Any, operator: bpy.types.Operator) -> Any:
    """Return settings in which the properties set by the operator's caller replace those of `values`."""
    kind = type(values)
    names = (name for name in described(kind) if operator.properties.is_property_set(name))
    return replace(values, **{name: _value(operator, kind, name) for name in names})


def _value(holder: Any, kind: type, name: str) -> Any:
    """Return a setting as displayed: Blender stores floats, and their bounds, in single precision, so 0.1 is not quite 0.1.

    Paths are made absolute. Raises `TttlrmError` for those that cannot be.
    """
    value, setting = getattr(holder, name), described(kind)[name]
    if isinstance(setting.values, fields.FilePath):
        return absolute(value) or (setting.off.value if setting.off else "")
    return float(str(np.float32(value))) if isinstance(value, float) else value


class TTTLRM_PG_decode(bpy.types.PropertyGroup):
    """How a kept scene is decoded to splats."""

    __annotations__ = group_annotations(settings.DecodeSettings, _changed)


class TTTLRM_PG_refine(bpy.types.PropertyGroup):
    """How long splats are optimized against the photos."""

    __annotations__ = group_annotations(settings.RefineSettings)


class TTTLRM_PG_mesh(bpy.types.PropertyGroup):
    """How splats become a surface."""

    __annotations__ = group_annotations(settings.MeshSettings)


def bake_annotations() -> dict[str, Any]:
    """Return the Blender properties of `BakeSettings`, but for files, which are objects here, and where to put the images."""
    packed = BoolProperty(
        name="Pack Images",
        description="Keep the images in the .blend file; off to write them into a folder beside it",
        default=True,
    )
    return {name: each for name, each in annotations(settings.BakeSettings).items() if name not in BAKED_FILES} | {
        "packed": packed
    }


class TTTLRM_PG_bake(bpy.types.PropertyGroup):
    """How photos are baked onto a mesh object."""

    __annotations__ = bake_annotations() | {
        "splats": PointerProperty(
            name="Photos From",
            description="Splats of the scene whose photos are baked; empty for those that are selected, or the only ones",
            type=bpy.types.Object,
            poll=lambda group, obj: bool(group_of(obj).session),
        ),
        "dense": PointerProperty(
            name="Dense Mesh",
            description="A finer mesh of the same surface, for normals; empty for the mesh that was last made of the splats",
            type=bpy.types.Object,
            poll=lambda group, obj: obj.type == "MESH" and obj != group.id_data,
        ),
    }


def _measured(name: str) -> Any:
    """Return the property for one of two objects between which a distance is known."""
    return PointerProperty(
        name=name,
        description="An empty at one end of a known distance, or the camera of a photo",
        type=bpy.types.Object,
        poll=lambda group, obj: obj.type in {"EMPTY", "CAMERA"},
    )


class TTTLRM_PG_measure(bpy.types.PropertyGroup):
    """A known distance between two objects."""

    __annotations__ = {
        "first": _measured("From"),
        "second": _measured("To"),
        "distance": FloatProperty(
            name="Real Distance", description="The real distance between the two", subtype="DISTANCE", min=1e-6, default=1.0
        ),
    }


def _poses_file(group: Any) -> str:
    return "" if group.poses == settings.ReconstructSettings().poses else group.poses


def _choose_poses_file(group: Any, path: str) -> None:
    group.poses = path or settings.ReconstructSettings().poses


class TTTLRM_PG_scene(bpy.types.PropertyGroup):
    """How the next photos become splats."""

    __annotations__ = group_annotations(settings.ReconstructSettings) | {
        "source": PointerProperty(type=source_properties.TTTLRM_PG_source),
        "decode": PointerProperty(type=TTTLRM_PG_decode),
        "refine": PointerProperty(type=TTTLRM_PG_refine),
        "mesh": PointerProperty(type=TTTLRM_PG_mesh),
        "poses_file": file_property(
            name="File",
            description="File or folder of camera poses",
            get=_poses_file,
            set=_choose_poses_file,
            options=check_boxes.FOLLOWS,
        ),
        "with_mesh": BoolProperty(name="Mesh", description="Also make a mesh"),
        "measure": PointerProperty(type=TTTLRM_PG_measure),
        "compare": PointerProperty(type=compare.TTTLRM_PG_compare),
    }


class TTTLRM_PG_object(bpy.types.PropertyGroup):
    """Data of a splat object: its scene on the worker, and its own settings. Mesh objects have those for baking."""

    __annotations__ = {
        "session": StringProperty(name="Scene", description="Name of this object's scene on the worker"),
        "version": StringProperty(
            name="Version", description="A name for the splats that the last job made, bit for bit", options={"HIDDEN"}
        ),
        "refined": BoolProperty(
            name="Refined", description="Whether the splats were optimized against the photos", options={"HIDDEN"}
        ),
        "steps": IntProperty(name="Steps", description="How many steps the splats were refined for", options={"HIDDEN"}),
        "psnr": FloatProperty(
            name="PSNR",
            description="PSNR in dB over photos set aside while the splats were refined; 0 where it is unknown",
            options={"HIDDEN"},
        ),
        "figures": CollectionProperty(type=figures.TTTLRM_PG_figure),
        "active_figure": IntProperty(
            name="Photo",
            description="Photo of the list through whose camera the view looks",
            options={"HIDDEN"},
            update=compare.chosen_in_list,
        ),
        "measured": IntProperty(name="Measured", description="How many splats the photos were compared with", options={"HIDDEN"}),
        "applied": FloatVectorProperty(
            name="Applied",
            description="The matrix of all transforms that were applied to the splats, row by row",
            size=16,
            default=np.eye(4).ravel().tolist(),
            options={"HIDDEN"},
        ),
        "files": StringProperty(name="Files", description="Names of this scene's files on the worker, one per line"),
        "share": FloatProperty(
            name="Show",
            description="Share of the splats that are shown, the most opaque first",
            min=0.0,
            max=1.0,
            default=1.0,
            subtype="FACTOR",
            update=_changed,
        ),
        "crop": PointerProperty(
            name="Crop Box",
            description="Drop splats outside this object's bounding box; for an empty, outside the cube of its size",
            type=bpy.types.Object,
            poll=lambda group, obj: obj != group.id_data,
            update=_changed,
        ),
        "use_region": BoolProperty(
            name="Region",
            description="Show only the splats inside a box with handles in the 3D view, which moves with the object",
            update=_switched_region,
        ),
        "region": FloatVectorProperty(
            name="Region",
            description="The matrix from the cube between −1 and 1 to the region in the object's own coordinates, row by row",
            size=16,
            default=np.eye(4).ravel().tolist(),
            options={"HIDDEN"},
            update=_changed,
        ),
        "decode": PointerProperty(type=TTTLRM_PG_decode),
        "refine": PointerProperty(type=TTTLRM_PG_refine),
        "mesh": PointerProperty(type=TTTLRM_PG_mesh),
        "bake": PointerProperty(type=TTTLRM_PG_bake),
    }


CLASSES = (
    *source_properties.CLASSES,
    compare.TTTLRM_PG_compare,
    figures.TTTLRM_PG_figure,
    TTTLRM_PG_decode,
    TTTLRM_PG_refine,
    TTTLRM_PG_mesh,
    TTTLRM_PG_bake,
    TTTLRM_PG_measure,
    TTTLRM_PG_scene,
    TTTLRM_PG_object,
)


def reconstruct_settings(scene: bpy.types.Scene) -> settings.ReconstructSettings:
    """Return the panel's settings for the next reconstruction."""
    group = group_of(scene)
    own = plain(group, settings.ReconstructSettings)
    return replace(
        own,
        poses={"ESTIMATE": "estimate", "FILE": own.poses}.get(group.source.cameras, "auto"),
        decode=plain(group.decode, settings.DecodeSettings),
        refine=plain(group.refine, settings.RefineSettings),
        mesh=plain(group.mesh, settings.MeshSettings) if group.with_mesh else None,
    )


def draft_settings(obj: bpy.types.Object) -> settings.DecodeSettings:
    """Return an object's settings for a new draft, of all splats: what of them is shown, and how, follows in Blender."""
    return without_look(plain(group_of(obj).decode, settings.DecodeSettings))


def without_look(wanted: settings.DecodeSettings) -> settings.DecodeSettings:
    """Return settings with which all splats are kept as they are decoded."""
    return replace(wanted, **{name: getattr(settings.LookSettings(), name) for name in fields.describe(settings.LookSettings)})


def remember(obj: bpy.types.Object, session: str, used: settings.ReconstructSettings) -> None:
    """Store in a new splat object its scene on the worker and the settings it was made with, which show all of its splats."""
    group = group_of(obj)
    group.session = session
    refine = used.refine if used.refine.wanted else used.refine.with_quality(settings.RefineSettings().quality)
    for part, values in (
        ("decode", without_look(used.decode)),
        ("refine", refine),
        ("mesh", used.mesh or settings.MeshSettings()),
    ):
        take_over(getattr(group, part), values, type(values))


def take_over(group: bpy.types.PropertyGroup, source: Any, kind: type) -> None:
    """Copy the settings of a dataclass or of another group to a group."""
    for name in described(kind):
        setattr(group, name, getattr(source, name))


def register() -> None:
    """Add the groups, `Scene.tttlrm` and `Object.tttlrm`."""
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    untyped(bpy.types.Scene).tttlrm = PointerProperty(type=TTTLRM_PG_scene)
    untyped(bpy.types.Object).tttlrm = PointerProperty(type=TTTLRM_PG_object)


def unregister() -> None:
    """Remove them."""
    del untyped(bpy.types.Object).tttlrm
    del untyped(bpy.types.Scene).tttlrm
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
