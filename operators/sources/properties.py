# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties that choose the source of a reconstruction."""

from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, PointerProperty

from ..engine import errors, photo_files
from ..paths import file_property, folder_property, resolved
from .photo_sets import photos_in

MODEL = "cameras.bin"  # of COLMAP, in the folder itself
KINDS = (
    ("FOLDER", "Folder", "Photos in a folder, each with a check mark", "FILE_FOLDER", 1),
    ("SELECTED", "Selected Images", "Selected image empties and cameras with background images", "RESTRICT_SELECT_OFF", 0),
    ("VIDEO", "Video", "A video file, from which the worker takes sharp frames along the camera path", "FILE_MOVIE", 2),
    ("CAMERAS", "Cameras with Images", "All cameras with background images in a collection or in the scene", "CAMERA_DATA", 3),
    ("CLIP", "Solved Clip", "Frames of a movie clip, with the poses of its solved camera", "TRACKER", 4),
)
CAMERAS = (
    (
        "AUTO",
        "Find or Estimate",
        "Use poses from Blender's cameras or from a file next to the photos; estimate them if there are none",
    ),
    ("ESTIMATE", "Estimate", "Estimate the poses from the photos alone, ignoring any known poses"),
    ("FILE", "From a File", "Use a transforms.json, a COLMAP model or another pose file"),
    ("BLENDER", "From Blender's Cameras", "Use the poses of the cameras that show the photos as background images"),
)


class TTTLRM_PG_photo(bpy.types.PropertyGroup):
    """A photo of the folder; its name is its path in the folder."""

    use: BoolProperty(name="Use", description="Use this photo", default=True)


class TTTLRM_PG_source(bpy.types.PropertyGroup):
    """The source of the next photos and their camera poses."""

    kind: EnumProperty(name="Source", description="Where the photos come from", items=KINDS, default="FOLDER")
    folder: folder_property(name="Folder", description="Folder of photos; call `list_photos` after a change")
    photos: CollectionProperty(type=TTTLRM_PG_photo)
    poses_beside: BoolProperty(
        name="Poses beside Photos",
        description="Whether the folder had camera poses when its photos were listed",
        options={"HIDDEN"},
    )
    photos_listed: BoolProperty(name="Photos", description="Show the list of photos", default=True)
    active_photo: IntProperty(name="Photo", description="Photo shown in the large preview")
    video: file_property(name="Video", description="Video file")
    collection: PointerProperty(
        name="Collection",
        description="Collection whose cameras are used; leave empty to use all cameras of the scene",
        type=bpy.types.Collection,
    )
    clip: PointerProperty(name="Clip", description="Movie clip with a solved camera", type=bpy.types.MovieClip)
    cameras: EnumProperty(name="Poses", description="Where the camera poses of the photos come from", items=CAMERAS)


def list_photos(group: Any) -> None:
    """List the photos in the folder, keeping the check marks."""
    unused = {photo.name for photo in group.photos if not photo.use}
    group.photos.clear()
    for name in _names(group.folder) if group.folder else ():
        photo = group.photos.add()
        photo.name, photo.use = name, name not in unused
    group.active_photo, group.photos_listed = 0, True
    group.poses_beside = bool(group.folder) and _has_poses(group.folder)


def _names(chosen: str) -> list[str]:
    try:
        folder = resolved(chosen)
        return [path.relative_to(folder).as_posix() for path in photos_in(folder)]
    except errors.TttlrmError:
        return []  # the panel reports that there are none


def _has_poses(chosen: str) -> bool:
    """Whether there may be poses beside the photos of a folder, as the worker looks for them."""
    try:
        folder = resolved(chosen)
        return any((folder / name).exists() for name in (MODEL, *photo_files.POSES_BESIDE) if name != ".")
    except (errors.TttlrmError, OSError):
        return False


CLASSES = (TTTLRM_PG_photo, TTTLRM_PG_source)
