# SPDX-License-Identifier: GPL-3.0-or-later
"""The photos and videos of a folder by their names, in Blender as in the worker, and what is said where there are none."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath, PurePosixPath

from .errors import Code, TttlrmError, some

HEIF = (".heic", ".heif", ".hif")
PHOTOS = (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".avif", *HEIF)
RAW = (".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw")
VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".mpg", ".mpeg", ".3gp", ".wmv")
UNREAD = (".gif", ".exr", ".hdr", ".psd", ".jxl", ".jp2", ".tga", ".dds", ".ppm", ".svg", ".insp", ".x3f", ".heics")  # images

SMALLER = tuple(f"images_{factor}" for factor in (2, 4, 8))  # folders with the images of `images` at a fraction of the size
MASKS = ("masks", "mask")  # folders of them
BESIDE = (*MASKS, "depth", "depths", "normal", "normals", "confidence", *SMALLER)  # folders of images that go with the photos
POSES_BESIDE = (  # where poses are looked for, in this order
    "transforms.json",
    "transforms_train.json",
    "nerfstudio/transforms.json",
    "sparse",
    "colmap/sparse",
    ".",
    "opencv_cameras.json",
    "intrinsic/intrinsic_color.txt",
    "intrinsic_color.txt",
    "intrinsics.txt",
    "000.npy",
    "cameras.json",
)
ADDED = ("@eadir", "__macosx")  # folders of previews and the like, which file servers and archives add
DEEPEST, MOST = 3, 1000  # levels of subfolders that are searched, and folders of each

STRANGE = re.compile(r'[\\/:*?"<>|\x00-\x1f\ud800-\udfff]')  # characters that some system has in no file name
DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\..*)?", re.IGNORECASE)  # Windows: with any suffix
LONGEST = 255  # bytes of a file name


def image_files(folder: Path) -> list[Path]:
    """The photos of a folder or, without any, of its folder `images` or else of its other subfolders, sorted by name.

    Camera raw files beside an image of the same name are left out: the camera made that image of them. So are folders of
    masks, of depths and, beside others, of smaller copies.
    """
    for places in _levels(folder):
        found = [path for place in places for path in images_in(place)]
        if found:
            return sorted(found)
    return []


def images_in(folder: Path) -> list[Path]:
    """The photos of one folder, sorted by name, without camera raw files that an image was made of."""
    found = [path for path in sorted(folder.glob("*")) if is_photo(path) and path.is_file()]
    finished = {path.stem for path in found if path.suffix.lower() in PHOTOS}
    return [path for path in found if path.suffix.lower() in PHOTOS or path.stem not in finished]


def video_files(folder: Path) -> list[Path]:
    """The videos of a folder, sorted by name."""
    return [path for path in sorted(folder.glob("*")) if is_video(path) and path.is_file()]


def is_photo(path: PurePath) -> bool:
    """Whether a file has the suffix of a photo, and is not hidden."""
    return path.suffix.lower() in PHOTOS + RAW and not _hidden(path)


def is_video(path: PurePath) -> bool:
    """Whether a file has the suffix of a video, and is not hidden."""
    return path.suffix.lower() in VIDEOS and not _hidden(path)


def is_plain(name: str) -> bool:
    """Whether a name is a valid file name on every system."""
    refused = STRANGE.search(name) or DEVICES.fullmatch(name) or name.endswith((".", " "))
    return bool(name) and not refused and len(name.encode()) <= LONGEST


def plain(name: str, most: int = LONGEST - 15) -> str:
    """A valid file name on every system that is like the last part of a name or path of any system.

    It has at most `most` bytes, by default so many that a number can be added.
    """
    last = STRANGE.sub("_", re.split(r"[\\/]", name)[-1].rstrip(". "))
    suffix = PurePath(last).suffix if is_photo(PurePath(last)) else ""
    stem = last.removesuffix(suffix).encode()[: most - len(suffix)].decode(errors="ignore").rstrip(". ")
    whole = f"{stem or 'photo'}{suffix}"
    return f"_{whole}" if DEVICES.fullmatch(whole) else whole


def files_below(folder: Path) -> list[Path]:
    """The files in a folder and its subfolders, sorted by path; those that the system does not list are left out."""
    paths = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return sorted(filter(_is_file, paths))


def is_folder(path: Path) -> bool:
    """Whether a path is that of a folder; one that the system refuses, such as one too long, is not."""
    with suppress(OSError):
        return path.is_dir()
    return False


def _is_file(path: Path) -> bool:
    with suppress(OSError):
        return path.is_file()
    return False


def named(path: Path, folder: Path) -> str:
    """The name of a file as a path below a folder, with forward slashes; its own name if it is elsewhere."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def names_of(paths: Sequence[Path]) -> list[str]:
    """The names of files below the folder that contains them all."""
    folder = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return [named(path, folder) for path in paths]


def key(name: str) -> str:
    """What is left of a name without regard to capital letters and the way accents are composed."""
    return unicodedata.normalize("NFC", name).casefold()


def stem_key(name: str, suffixes: Collection[str] = PHOTOS + RAW) -> str:
    """The key of a name without its suffix, if that is one of files of this kind; `r.0` has none."""
    whole = key(name)
    suffix = PurePosixPath(whole).suffix
    return whole.removesuffix(suffix) if suffix in suffixes else whole


def no_photos(folder: Path) -> TttlrmError:
    """The error for a folder without photos: it says what is there instead."""
    if not is_folder(folder):
        return TttlrmError("The folder {} does not exist.", folder, hint="Choose another folder.", code=Code.NO_PHOTOS)
    places = list(dict.fromkeys(place for level in _levels(folder) for place in level))
    videos = [named(path, folder) for place in places for path in video_files(place)]
    if videos:
        template = "There are no photos in {}, but videos: {}."
        return TttlrmError(template, folder, some(videos), hint="Choose one of the videos.", code=Code.NO_PHOTOS)
    others = kinds(path for place in places for path in place.glob("*"))
    if others:
        template = "There are no photos in {}, only files of other kinds: {}."
        hint = "Choose a folder with JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC or camera raw files, or with one video."
        return TttlrmError(template, folder, others, hint=hint, code=Code.NO_PHOTOS)
    hint = "Choose a folder with at least two photos of the same scene."
    return TttlrmError("There are no photos in {}: the folder is empty.", folder, hint=hint, code=Code.NO_PHOTOS)


def kinds(paths: Iterable[Path]) -> str:
    """How many files of the most frequent suffixes there are, such as `12 .exr, 1 .txt`."""
    counts = Counter((path.suffix or path.name).lower() for path in paths if path.is_file())
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]
    return ", ".join(f"{count} {suffix}" for suffix, count in frequent)


def _levels(folder: Path) -> Iterator[list[Path]]:
    """Groups of folders to look for photos in, one after the other."""
    yield [folder]
    yield [folder / "images"]
    places = [folder]
    for _ in range(DEEPEST):
        places = [child for place in places for child in _children(place)][:MOST]
        yield places
    yield from ([folder / name] for name in SMALLER)


def _children(folder: Path) -> list[Path]:
    """The subfolders to look into: only `images` if it has photos, as at the top."""
    wanted = (child for child in sorted(folder.glob("*")) if child.name.lower() not in BESIDE + ADDED and not _hidden(child))
    children = [child for child in wanted if child.is_dir()]
    return [child for child in children if child.name.lower() == "images" and images_in(child)] or children


def _hidden(path: PurePath) -> bool:
    """Whether a name begins with a dot, as those of the files that macOS adds beside photos on other disks."""
    return path.name.startswith(".")
