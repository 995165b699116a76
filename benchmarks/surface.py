# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how far meshes are from exact ones.

python -m benchmarks.inside.surface out/scenes      # needs bpy; four scenes
python -m benchmarks.surface out/scenes/vase mesh.glb [MORE …]

Meshes are .glb (y up) or .ply (z up). F-scores (Knapitsch et al. 2017) have thresholds in percent of the box of the scene, the
"main" ones count only the thing and not the ground. Only what at least two photos see can be missing, and only what a photo would
see can be wrong. Normals are compared at the nearest points. The texture is compared with the test views, inside of the box.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image
from scipy.spatial import cKDTree
from trimesh import Trimesh
from trimesh.graph import connected_component_labels

from benchmarks.table import Row, show
from tttlrm_blender.geometry.cameras import Cameras
from tttlrm_blender.mesh.depth_maps import rays
from tttlrm_blender.mesh.face_raster import rasterize_faces
from tttlrm_blender.photos.load import PhotoSet, load_photos
from tttlrm_blender.poses.find import find_photos

SAMPLES = 100_000
THRESHOLDS = (1.0, 0.5, 0.25)  # percent of the longest side of the box
FINE = 2  # pictures of the truth have this many times the pixels of photos along a side
SEEN, OBSERVED = 0.002, 0.02  # how far behind the visible surface points may lie, relative to the box
GRAZING = 0.15  # smallest cosine of the angle at which a photo sees a surface
NEAR = 1e-3  # faces with corners nearer to a camera are left out
COARSE = 0.1  # sides of faces relative to the box, so that few are left out
CANDIDATES = 4  # nearest samples whose faces are tried for the nearest point
Y_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])  # from y up to z up


@dataclass(frozen=True)
class Points:
    """N points on a surface."""

    places: np.ndarray  # [N, 3]
    faces: np.ndarray  # [N], of the mesh


class Truth:
    """An exact mesh, and what cameras see of it."""

    def __init__(self, folder: Path) -> None:
        content = json.loads((folder / "transforms.json").read_text())
        self.mesh = trimesh.load_mesh(folder / "gt.ply", process=False)
        labels = self.mesh.metadata["_ply_raw"]["face"]["data"]["object"].reshape(-1)
        self.main = np.isin(labels, [content["objects"].index(name) for name in content["main"]])
        self.box = np.array(content["box"])
        self.size = float(np.ptp(self.box, axis=0).max())
        self.cameras = load_photos(find_photos(folder)).cameras
        self.folder = folder

    @cached_property
    def fine(self) -> Trimesh:
        """The mesh with small faces."""
        vertices, faces = trimesh.remesh.subdivide_to_size(self.mesh.vertices, self.mesh.faces, COARSE * self.size, 20)
        return Trimesh(vertices, faces, process=False)

    @cached_property
    def depths(self) -> list[np.ndarray]:
        """What the photos see, in FINE times their pixels, infinite for the sky."""
        return [seen(self.fine, self.cameras, view, FINE)[0] for view in range(len(self.cameras))]

    @cached_property
    def samples(self) -> Points:
        """Points on the mesh in the box."""
        return sampled(self.mesh, self.box, 0)

    @cached_property
    def visible(self) -> np.ndarray:
        """Which samples at least two photos see."""
        normals = self.mesh.face_normals[self.samples.faces]
        return sum(self._looks(self.samples.places, SEEN, normals)) >= 2

    def observed(self, places: np.ndarray) -> np.ndarray:
        """Which places [N, 3] are not hidden from every photo by the truth."""
        return sum(self._looks(places, OBSERVED)) > 0

    def _looks(self, places: np.ndarray, behind: float, normals: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """For each photo, which places [N, 3] it sees."""
        for depth, c2w, lens in zip(self.depths, self.cameras.c2w, FINE * self.cameras.intrinsics, strict=True):
            local = (places - c2w[:3, 3]) @ c2w[:3, :3]
            z = local[:, 2]
            ahead = z > NEAR
            corner = np.floor(local[:, :2] / np.where(ahead, z, 1)[:, None] * lens[:2] + lens[2:] - 0.5).astype(int)
            inside = ahead & (corner >= 0).all(1) & (corner < np.array(depth.shape[::-1]) - 1).all(1)
            x, y = np.where(inside[:, None], corner, 0).T
            deepest = np.maximum.reduce([depth[y, x], depth[y, x + 1], depth[y + 1, x], depth[y + 1, x + 1]])
            visible = inside & (z <= deepest + behind * self.size)
            if normals is not None:
                cosines = np.einsum("ni,ni->n", normals, places - c2w[:3, 3]) / np.linalg.norm(local, axis=1)
                visible &= np.abs(cosines) > GRAZING
            yield visible


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path)
    parser.add_argument("meshes", nargs="+", type=Path)
    options = parser.parse_args()
    truth = Truth(options.scene)
    for path in options.meshes:
        show(rows(str(path), measured(truth, read_mesh(path))))


def rows(name: str, figures: dict[str, float]) -> Iterator[Row]:
    """The figures of a mesh."""
    for figure, value in figures.items():
        yield Row(f"{name}: {figure}", value, unit="")


def read_mesh(path: Path) -> Trimesh:
    """A mesh file, with z up."""
    mesh = trimesh.load_mesh(path, process=False)
    return mesh.apply_transform(Y_UP) if path.suffix == ".glb" else mesh


def measured(truth: Truth, mesh: Trimesh) -> dict[str, float]:
    """All figures of a mesh."""
    return compared(truth, mesh) | topology(mesh) | texture(truth, mesh)


def compared(truth: Truth, mesh: Trimesh) -> dict[str, float]:
    """F-scores, Chamfer distance in percent, normals in degrees, and the share of the thing that is missing."""
    found = sampled(mesh, truth.box, 1)
    if not len(found.places):
        return {f"F {threshold:g} %": 0.0 for threshold in THRESHOLDS}
    unhidden = truth.observed(found.places)
    judged = Points(found.places[unhidden], found.faces[unhidden])
    wanted = Points(truth.samples.places[truth.visible], truth.samples.faces[truth.visible])
    off, there = nearest(judged.places, truth.mesh, truth.samples)
    away, here = nearest(wanted.places, mesh, found)
    off, away = off / truth.size * 100, away / truth.size * 100
    ours, theirs = truth.main[there], truth.main[wanted.faces]
    scores = {f"F {limit:g} %": f_score(off, away, limit) for limit in THRESHOLDS}
    scores |= {f"main F {limit:g} %": f_score(off[ours], away[theirs], limit) for limit in THRESHOLDS}
    cosines = np.einsum("ni,ni->n", mesh.face_normals[here], truth.mesh.face_normals[wanted.faces])[theirs & (away < 1)]
    scores["main precision 0.5 %"], scores["main recall 0.5 %"] = (off[ours] < 0.5).mean(), (away[theirs] < 0.5).mean()
    scores["Chamfer (%)"] = (off.mean() + away.mean()) / 2
    scores["normals, median (°)"] = float(np.degrees(np.arccos(np.median(np.abs(cosines).clip(0, 1))))) if len(cosines) else 90.0
    scores["main missing (%)"] = 100 * float((away[theirs] > 1).mean())
    return scores


def f_score(off: np.ndarray, away: np.ndarray, limit: float) -> float:
    """The harmonic mean of the shares of two kinds of distances that are below a limit."""
    precision, recall = (float((distances < limit).mean()) if len(distances) else 0.0 for distances in (off, away))
    return 2 * precision * recall / max(precision + recall, 1e-9)


def sampled(mesh: Trimesh, box: np.ndarray, seed: int) -> Points:
    """`2 * SAMPLES` points on a mesh, evenly over its area in a box; none if there is no such area."""
    corners = mesh.triangles
    inside = np.flatnonzero(((corners.max(1) >= box[0]) & (corners.min(1) <= box[1])).all(1))
    places, faces = np.empty((0, 3)), np.empty(0, int)
    if len(inside):
        part = Trimesh(mesh.vertices, mesh.faces[inside], process=False)
        while len(places) < 2 * SAMPLES:
            more, index = trimesh.sample.sample_surface(part, 2 * SAMPLES, seed=seed)
            keep = ((more >= box[0]) & (more <= box[1])).all(1)
            if not keep.any():
                break
            places, faces, seed = np.concatenate([places, more[keep]]), np.concatenate([faces, inside[index[keep]]]), seed + 7
    return Points(places[: 2 * SAMPLES], faces[: 2 * SAMPLES])


def nearest(places: np.ndarray, mesh: Trimesh, samples: Points) -> tuple[np.ndarray, np.ndarray]:
    """Distances [N] of places [N, 3] from a mesh, and the faces [N] there, found through samples of it."""
    _, candidates = cKDTree(samples.places).query(places, CANDIDATES, workers=-1)
    faces = samples.faces[candidates]
    distances = np.stack(
        [np.linalg.norm(trimesh.triangles.closest_point(mesh.triangles[of], places) - places, axis=1) for of in faces.T], 1
    )
    best = distances.argmin(1)
    rows = np.arange(len(places))
    return distances[rows, best], faces[rows, best]


def topology(mesh: Trimesh) -> dict[str, float]:
    """Faces, pieces, holes and edges that no surface has, after vertices in one place are joined."""
    _, welded = np.unique(np.asarray(mesh.vertices, np.float32), axis=0, return_inverse=True)
    faces = welded.reshape(-1)[mesh.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(1)]
    edges, counts = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0, return_counts=True)
    count = int(faces.max()) + 1
    border = edges[counts == 1]
    return {
        "faces": len(faces),
        "pieces": len(np.unique(connected_component_labels(edges, count)[faces[:, 0]])),
        "holes": len(np.unique(connected_component_labels(border, count)[border[:, 0]])) if len(border) else 0,
        "border edges": len(border),
        "non-manifold edges": int((counts > 2).sum()),
    }


def texture(truth: Truth, mesh: Trimesh) -> dict[str, float]:
    """PSNR at the test views inside of the box, and the same where the mesh covers the picture."""
    tests = load_photos(find_photos(truth.folder, "test_transforms.json"))
    color = colors_of(mesh)
    if color is None:
        return {}
    whole, covered, shares = [], [], []
    for view in range(len(tests)):
        counted = in_box(truth, tests, view)
        picture, hit = shaded(mesh, color, tests.cameras, view)
        error = ((picture - tests.images[view]) ** 2).mean(-1)
        both = counted & (hit > 0.99)
        whole.append(-10 * np.log10(error[counted].mean()))
        covered.append(-10 * np.log10(error[both].mean()))
        shares.append(100 * both.sum() / counted.sum())
    return {"texture (dB)": np.mean(whole), "where covered (dB)": np.mean(covered), "covered (%)": np.mean(shares)}


def in_box(truth: Truth, tests: PhotoSet, view: int) -> np.ndarray:
    """Which pixels [H, W] of a test view show what is in the box."""
    depth, _, _ = seen(truth.fine, tests.cameras, view, 1)
    c2w = tests.cameras.c2w[view]
    finite = np.where(np.isfinite(depth), depth, 0)
    places = (rays(tests.cameras.intrinsics[view], *depth.shape) * finite[..., None]) @ c2w[:3, :3].T + c2w[:3, 3]
    return np.isfinite(depth) & (places >= truth.box[0]).all(-1) & (places <= truth.box[1]).all(-1)


@dataclass(frozen=True)
class Colors:
    """Either the picture and the coordinates of a texture, or the colors of vertices."""

    texture: np.ndarray | None  # [H, W, 3], 0 to 1
    values: np.ndarray  # [N, 2] coordinates, v up, or [N, 3] colors, sRGB, 0 to 1

    def at(self, corners: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Colors [K, 3] between vertices [K, 3] with shares [K, 3]."""
        mixed = np.einsum("kc,kci->ki", shares, self.values[corners])
        if self.texture is None:
            return mixed
        height, width = self.texture.shape[:2]
        place = np.stack([mixed[:, 0] * width, (1 - mixed[:, 1]) * height], 1) - 0.5
        x, y = place.clip(0, np.array([width, height]) - 1.001).T
        j, i = x.astype(int), y.astype(int)
        s, t = (x - j)[:, None], (y - i)[:, None]
        upper = self.texture[i, j] * (1 - s) + self.texture[i, j + 1] * s
        return upper * (1 - t) + (self.texture[i + 1, j] * (1 - s) + self.texture[i + 1, j + 1] * s) * t


def colors_of(mesh: Trimesh) -> Colors | None:
    """The colors of a mesh from a file."""
    if mesh.visual.kind == "texture" and mesh.visual.uv is not None:
        material = mesh.visual.material
        picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
        if isinstance(picture, Image.Image):
            return Colors(np.asarray(picture.convert("RGB")) / 255, mesh.visual.uv)
    return Colors(None, mesh.visual.vertex_colors[:, :3] / 255) if mesh.visual.kind == "vertex" else None


def shaded(mesh: Trimesh, colors: Colors, cameras: Cameras, view: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture [H, W, 3] of a mesh, on black, and how much of each pixel it covers [H, W]."""
    depth, face, shares = seen(mesh, cameras, view, FINE)
    hit = np.isfinite(depth)
    picture = np.zeros((*depth.shape, 3))
    picture[hit] = colors.at(mesh.faces[face[hit]], shares[hit])
    small = depth.shape[0] // FINE, FINE, depth.shape[1] // FINE, FINE
    return picture.reshape(*small, 3).mean((1, 3)), hit.reshape(small).mean((1, 3))


def seen(mesh: Trimesh, cameras: Cameras, view: int, times: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Depth [H, W], infinite where nothing is, face [H, W] and its corners' shares [H, W, 3], in `times` the pixels of a view."""
    c2w, lens = cameras.c2w[view], times * cameras.intrinsics[view]
    width, height = (times * cameras.sizes[view]).tolist()
    local = (np.asarray(mesh.vertices) - c2w[:3, 3]) @ c2w[:3, :3]
    ahead = np.flatnonzero((local[mesh.faces][..., 2] > NEAR).all(1))
    corners = local[mesh.faces[ahead]]
    flat = corners[..., :2] / corners[..., 2:] * lens[:2] + lens[2:]
    front, _ = rasterize_faces(flat, 1 / corners[..., 2], height, width)  # as 1 / z is linear in a picture
    hit = front >= 0
    triangles, directions = corners[front[hit]], rays(lens, height, width)[hit].astype(np.float64)
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    z = np.einsum("ki,ki->k", normals, triangles[:, 0]) / np.einsum("ki,ki->k", normals, directions)
    depth, face = np.full((height, width), np.inf), np.full((height, width), -1)
    shares = np.zeros((height, width, 3))
    depth[hit], face[hit] = z, ahead[front[hit]]
    shares[hit] = trimesh.triangles.points_to_barycentric(triangles, directions * z[:, None])
    return depth, face, shares


if __name__ == "__main__":
    main()
