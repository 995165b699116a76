# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of files that a stranger can hand over: for each a small sound sample, and all that reads it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from tests.fuzzing.containers import Opened, in_glb, in_gzip, in_png, in_safetensors, in_zip, plain
from tests.photos.files import write_photo, write_transforms
from tttlrm_blender.progress import Report


@dataclass(frozen=True)
class Kind:
    """A kind of file, or of a folder with several of them."""

    name: str
    write: Callable[[Path], list[Path]]  # a sound sample into a folder; the files that are then changed
    read: Callable[[Path, Path], None]  # the folder and the changed file
    open: Callable[[bytes], Opened] = plain
    sound: str = "read"  # what comes of the sound sample


def splat_file(suffix: str, degree: int = 1) -> Callable[[Path], list[Path]]:
    """A writer of a file of ten splats."""

    def write(folder: Path) -> list[Path]:
        from tttlrm_blender.gaussians.formats.registry import write_splats
        from tttlrm_blender.gaussians.gaussians import Gaussians

        chance, count = np.random.default_rng(0), 10
        quats = chance.normal(size=(count, 4))
        quats /= np.linalg.norm(quats, axis=1, keepdims=True)
        sh = chance.uniform(-0.9, 0.9, (count, (degree + 1) ** 2, 3))
        values = (chance.normal(size=(count, 3)), quats, np.full((count, 3), 0.02), np.linspace(0.1, 0.9, count), sh)
        write_splats(folder / f"a{suffix}", Gaussians(*(value.astype(np.float32) for value in values)), "z")
        return [folder / f"a{suffix}"]

    return write


def ascii_ply(folder: Path) -> list[Path]:
    """A text file with plain colors, and an element of lists before the splats."""
    names = ["x", "y", "z", "opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
    lines = ["ply", "format ascii 1.0", "element face 1", "property list uchar int vertex_indices", "element vertex 4"]
    lines += [*(f"property float {name}" for name in names), *(f"property uchar {name}" for name in ("red", "green", "blue"))]
    lines += ["end_header", "3 0 1 2", *["0.1 0.2 0.3 1.5 -4 -4 -4 1 0 0 0 255 10 0"] * 4, ""]
    (folder / "a.ply").write_text("\n".join(lines))
    return [folder / "a.ply"]


def ply_after_lists(folder: Path) -> list[Path]:
    """A binary file with an element of lists before the splats."""
    (path,) = splat_file(".ply", 0)(folder)
    head, body = path.read_bytes().split(b"element vertex")
    head += b"element face 3\nproperty list uchar int vertex_indices\nelement vertex"
    rest, records = body.split(b"end_header\n", 1)
    path.write_bytes(head + rest + b"end_header\n" + (b"\x03" + bytes(12)) * 3 + records)
    return [path]


def spz_4(folder: Path) -> list[Path]:
    """SPZ version 4, which the product only reads."""
    from tests.gaussians.formats.spz_4 import version_4

    (path,) = splat_file(".spz")(folder)
    path.write_bytes(version_4(path.read_bytes()))
    return [path]


def read_splat_file(folder: Path, path: Path) -> None:
    """Read splats, which are sound then."""
    from tttlrm_blender.gaussians.formats.registry import read_splats, up_axis

    up_axis(path)
    splats = read_splats(path)
    assert all(np.isfinite(array).all() for array in splats.arrays().values()), "it has values that are not finite"
    assert not len(splats) or (splats.opacities.min() >= 0 and splats.opacities.max() <= 1), "its opacities are out of range"
    assert (splats.scales >= 0).all(), "it has negative scales"


def image_file(suffix: str, **options: object) -> Callable[[Path], list[Path]]:
    """A writer of an image with EXIF data and a color profile."""

    def write(folder: Path) -> list[Path]:
        if suffix == ".heic":
            from pillow_heif import register_heif_opener

            register_heif_opener()
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = 6, "Toy"
        exif.get_ifd(0x8769)[0xA405] = 28
        exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 1.5), 3: "E", 4: (11.0, 34.0, 2.5), 6: 500.0})
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        gradient = np.stack([*np.meshgrid(np.arange(0, 256, 8), np.arange(0, 240, 10)), np.full((24, 32), 90)], axis=-1)
        Image.fromarray(gradient.astype(np.uint8)).save(folder / f"a{suffix}", exif=exif, icc_profile=profile, **options)
        return [folder / f"a{suffix}"]

    return write


def raw_file(folder: Path) -> list[Path]:
    """A small DNG."""
    from tests.photos.test_formats import gray_ramp, write_dng

    return [write_dng(folder / "a.dng", gray_ramp())]


def read_image_file(folder: Path, path: Path) -> None:
    """Read everything that an image file says and shows."""
    from tttlrm_blender.photos.exif import camera_name, gps_place
    from tttlrm_blender.photos.images import has_transparency, image_size, read_image, read_reduced

    width, height = image_size(path)
    assert width > 0 and height > 0, "it has no size"
    has_transparency(path), camera_name(path), gps_place(path)
    image = read_image(path)
    as_said = image.shape == (height, width, 3)  # unless LibRaw makes pixels square; `load_photos` compares the sizes
    assert as_said or path.suffix == ".dng", "its size is not that of its header"
    assert image.min() >= 0 and image.max() <= 1 + 1e-5, "it has colors that are none"
    read_reduced(path, 16)


def pose_file(name: str) -> Callable[[Path], list[Path]]:
    """A writer of three photos with a JSON file of poses."""

    def write(folder: Path) -> list[Path]:
        content = write_transforms(folder, k1=0.1, aabb_scale=4)
        (folder / "masks").mkdir()
        Image.new("L", (16, 12), 255).save(folder / "masks/0.png")
        if name == "opencv_cameras.json":
            (folder / "transforms.json").unlink()
            frames = content["frames"]
            for frame in frames:
                w2c = np.linalg.inv(np.array(frame.pop("transform_matrix")) @ np.diag([1, -1, -1, 1]))
                frame |= {"w2c": w2c.tolist(), "fx": 20.0, "fy": 21.0, "cx": 7.5, "cy": 6.5, "w": 16, "h": 12}
            (folder / name).write_text(json.dumps({"frames": frames}))
        return [folder / name]

    return write


def numbered(folder: Path) -> list[Path]:
    """Three photos with a camera each as an array."""
    for index in range(3):
        write_photo(folder / f"{index:03}.png", seed=index)
        np.save(folder / f"{index:03}.npy", np.eye(4)[:3] + index)
    return [folder / "000.npy", folder / "001.npy"]


def scannet(folder: Path) -> list[Path]:
    """Photos, poses and intrinsics as text."""
    for index in range(3):
        write_photo(folder / f"color/{index}.jpg", seed=index)
        (folder / "pose").mkdir(exist_ok=True)
        rows = np.eye(4) + np.eye(4, k=3) * index
        (folder / f"pose/{index}.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))
    (folder / "intrinsic").mkdir()
    (folder / "intrinsic/intrinsic_color.txt").write_text("20 0 8 0\n0 20 6 0\n0 0 1 0\n0 0 0 1\n")
    return [folder / "pose/0.txt", folder / "intrinsic/intrinsic_color.txt"]


def shapenet(folder: Path) -> list[Path]:
    """Photos and poses as text, with intrinsics in another form."""
    for index in range(3):
        write_photo(folder / f"rgb/{index}.png", seed=index)
        (folder / "pose").mkdir(exist_ok=True)
        (folder / f"pose/{index}.txt").write_text(" ".join(map(str, (np.eye(4) + np.eye(4, k=3) * index).ravel())))
    (folder / "intrinsics.txt").write_text("20.0 8.0 6.0 0.\n0. 0. 0.\n1.\n12 16\n")
    return [folder / "pose/0.txt", folder / "intrinsics.txt"]


def colmap(binary: bool) -> Callable[[Path], list[Path]]:
    """A writer of three photos with a COLMAP model of four points."""

    def write(folder: Path) -> list[Path]:
        names = [write_photo(folder / f"images/{index}.png", seed=index).name for index in range(3)]
        model = folder / "sparse/0"
        model.mkdir(parents=True)
        (_binary_model if binary else _text_model)(model, names)
        return sorted(model.glob("*"))

    return write


def _binary_model(model: Path, names: list[str]) -> None:
    (model / "cameras.bin").write_bytes(struct.pack("<QiiQQ4d", 1, 1, 2, 16, 12, 20.0, 8.0, 6.0, 0.01))
    images = struct.pack("<Q", len(names))
    for index, name in enumerate(names):
        images += struct.pack("<I7dI", index + 1, 1, 0, 0, 0, index, 0, 0, 1) + name.encode() + b"\0"
        images += struct.pack("<QddqddQ", 2, 1.0, 2.0, 1, 3.0, 4.0, 2)
    (model / "images.bin").write_bytes(images)
    points = struct.pack("<Q", 4)
    for index in range(4):
        points += struct.pack("<Q3d3BdQ4I", index + 1, 0.1, 0.2, index, 255, 0, 9, 0.5, 2, 1, 0, 2, 1)
    (model / "points3D.bin").write_bytes(points)


def _text_model(model: Path, names: list[str]) -> None:
    (model / "cameras.txt").write_text("# cameras\n1 OPENCV 16 12 20 20 8 6 0.01 0 0 0\n")
    rows = [f"{i + 1} 1 0 0 0 {i} 0 0 1 {name}\n1.0 2.0 1 3.0 4.0 2\n" for i, name in enumerate(names)]
    (model / "images.txt").write_text("# images\n" + "".join(rows))
    (model / "points3D.txt").write_text("".join(f"{i + 1} 0.1 0.2 {i} 255 0 9 0.5 1 0 2 1\n" for i in range(4)))


def read_photo_set(folder: Path, path: Path) -> None:
    """Find the photos of a folder with their poses, load them, and read the points that they see."""
    from tttlrm_blender.photos.load import load_photos
    from tttlrm_blender.poses.colmap import read_points
    from tttlrm_blender.poses.find import find_photos

    poses = next((name for name in ("transforms.json", "sparse/0") if (folder / name).exists()), "auto")
    photos = find_photos(folder, poses, Report())
    for photo in photos:
        assert np.isfinite(photo.c2w).all() and np.isfinite(photo.intrinsics).all(), "it has cameras that are not finite"
    load_photos(photos, 16, 12)
    if (folder / "sparse/0").exists():
        read_points(folder / "sparse/0")


def camera_file(folder: Path) -> list[Path]:
    """Cameras as `tttlrm reconstruct` writes them."""
    content = {"names": ["a", "b"], "c2w": [np.eye(4).tolist()] * 2, "intrinsics": [[20, 20, 8, 6]] * 2, "sizes": [[16, 12]] * 2}
    (folder / "cameras.json").write_text(json.dumps(content))
    return [folder / "cameras.json"]


def read_camera_file(folder: Path, path: Path) -> None:
    """Read cameras to draw from."""
    from tttlrm_blender.poses.camera_files import read_cameras

    read_cameras(path)


def video_file(suffix: str) -> Callable[[Path], list[Path]]:
    """A writer of a video of six frames."""

    def write(folder: Path) -> list[Path]:
        from fractions import Fraction

        import av

        noise = np.random.default_rng(0).integers(0, 256, (48, 128, 3), dtype=np.uint8)
        with av.open(str(folder / f"a{suffix}"), "w") as container:
            stream = container.add_stream("mpeg4", rate=15)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for index in range(6):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(noise[:, 8 * index :][:, :64]), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 15)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return [folder / f"a{suffix}"]

    return write


def read_video_file(folder: Path, path: Path) -> None:
    """Take frames from a video, and measure a picture."""
    from tttlrm_blender.photos.images import image_size
    from tttlrm_blender.photos.video import frames_of

    for picture in list(frames_of(path, Report(), 2).iterdir())[:1]:
        image_size(picture)


def checkpoint_file(suffix: str) -> Callable[[Path], list[Path]]:
    """A writer of a small checkpoint, of our own kind or as the released ones."""

    def write(folder: Path) -> list[Path]:
        import torch

        from tttlrm_blender.model.checkpoint import save_checkpoint
        from tttlrm_blender.model.config import Config
        from tttlrm_blender.model.network import TttLRM

        model = TttLRM(Config(dim=8, head_dim=8, layers=1, patch_size=2, expansion=1, sh_degree=0))
        if suffix == ".pt":
            torch.save({"model": model.state_dict()}, folder / "a.pt")
        else:
            save_checkpoint(folder / "a.safetensors", model, {"steps": 1})
        return [folder / f"a{suffix}"]

    return write


def read_checkpoint_file(folder: Path, path: Path) -> None:
    """Load a network, and the record of its training."""
    from tttlrm_blender.model.checkpoint import load_checkpoint, training_record

    load_checkpoint(path)
    training_record(path)


def weights_file(folder: Path) -> list[Path]:
    """A .pt file of other weights."""
    import torch

    torch.save({"features.0.weight": torch.zeros(4, 3, 3, 3)}, folder / "a.pt")
    return [folder / "a.pt"]


def read_weights_file(folder: Path, path: Path) -> None:
    """Read weights for LPIPS, which these are not."""
    from torch import nn

    from tttlrm_blender.render.perceptual import load_weights

    load_weights(nn.Sequential(nn.Identity()), path)


SPLATS = [
    Kind("ply", splat_file(".ply"), read_splat_file),
    Kind("ply-text", ascii_ply, read_splat_file),
    Kind("ply-lists", ply_after_lists, read_splat_file),
    Kind("ply-compressed", splat_file(".compressed.ply"), read_splat_file),
    Kind("spz", splat_file(".spz"), read_splat_file, in_gzip),
    Kind("spz-4", spz_4, read_splat_file),
    Kind("splat", splat_file(".splat"), read_splat_file),
    Kind("glb", splat_file(".glb"), read_splat_file, in_glb),
]
IMAGES = [
    Kind("jpeg", image_file(".jpg"), read_image_file),
    Kind("png", image_file(".png"), read_image_file, in_png),
    Kind("webp", image_file(".webp"), read_image_file),
    Kind("tiff", image_file(".tif", compression="tiff_lzw"), read_image_file),
    Kind("avif", image_file(".avif"), read_image_file),
    Kind("heic", image_file(".heic"), read_image_file),
    Kind("raw", raw_file, read_image_file),
]
POSES = [
    Kind("transforms", pose_file("transforms.json"), read_photo_set),
    Kind("opencv", pose_file("opencv_cameras.json"), read_photo_set),
    Kind("colmap-binary", colmap(binary=True), read_photo_set),
    Kind("colmap-text", colmap(binary=False), read_photo_set),
    Kind("npy", numbered, read_photo_set),
    Kind("scannet", scannet, read_photo_set),
    Kind("shapenet", shapenet, read_photo_set),
    Kind("cameras", camera_file, read_camera_file),
]
OTHERS = [
    Kind("mp4", video_file(".mp4"), read_video_file),
    Kind("mkv", video_file(".mkv"), read_video_file),
    Kind("safetensors", checkpoint_file(".safetensors"), read_checkpoint_file, in_safetensors),
    Kind("pt", checkpoint_file(".pt"), read_checkpoint_file, in_zip),
    Kind("weights", weights_file, read_weights_file, in_zip, sound="sentence"),
]
KINDS = {kind.name: kind for kind in (*SPLATS, *IMAGES, *POSES, *OTHERS)}
