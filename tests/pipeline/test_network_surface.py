# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes from the network's memory, with a small network that only compares photos."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.worker.photo_folder import CONFIG, write_photos
from tttlrm_blender.errors import Cancelled, TttlrmError
from tttlrm_blender.model.checkpoint import load_checkpoint, save_checkpoint
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.model.surface import SurfaceDecoder, fingerprint, save_decoder
from tttlrm_blender.pipeline import jobs
from tttlrm_blender.pipeline.network_surface import distance_maps
from tttlrm_blender.pipeline.scene import Scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import DRAFT, MeshSettings, ReconstructSettings
from tttlrm_blender.stages import Stage

MATCHING = replace(CONFIG, hypotheses=32, near=0.5, far=16.0)
WALL = 4.0  # y of the wall that the photos show
WANTED = MeshSettings(source="network", resolution=48, texture=0, smooth=0)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A reconstructed scene, and an untrained decoder of its network, which believes the network's distances."""
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "network.safetensors", TttLRM(MATCHING), {})
    path = tmp_path / "surface.safetensors"
    network = fingerprint(load_checkpoint(tmp_path / "network.safetensors"))
    save_decoder(path, SurfaceDecoder(MATCHING), network, {})
    monkeypatch.setattr("tttlrm_blender.model.surface.DECODER", path)
    scene = Scene(write_photos(tmp_path / "photos"))
    jobs.reconstruct(scene, ReconstructSettings(checkpoint=str(tmp_path / "network.safetensors"), refine=DRAFT), Report())
    return scene


def test_the_distances_of_the_network_are_depth_maps(scene: Scene) -> None:
    reconstruction = scene.reconstruction()
    maps = distance_maps(reconstruction.memory, reconstruction.similarity)
    assert maps.depth.shape == maps.confidence.shape == (6, 32, 48) and maps.color.shape == (6, 32, 48, 3)
    assert np.median(maps.depth) == pytest.approx(WALL, rel=0.1)
    names = {photo.name: photo for photo in reconstruction.photos.chosen}
    assert len(names) == 6 and np.allclose(maps.cameras.c2w[:, 1, 3], 0, atol=1e-5)


def test_the_mesh_is_where_the_photos_show_the_wall_and_the_same_every_time(scene: Scene) -> None:
    first = jobs.mesh(scene, WANTED, Report()).mesh
    assert len(first.faces) > 100
    assert np.median(first.vertices[:, 1]) == pytest.approx(WALL, rel=0.1)
    assert first.colors.shape == first.vertices.shape and 0.1 < first.colors.mean() < 0.9
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    again = jobs.mesh(scene, WANTED, Report()).mesh
    torch.set_num_threads(threads)
    assert np.array_equal(first.vertices, again.vertices) and np.array_equal(first.colors, again.colors)


def test_the_mesh_gets_a_texture_of_the_photos(scene: Scene) -> None:
    made = jobs.mesh(scene, replace(WANTED, texture=256, faces=500), Report()).mesh
    assert made.texture is not None and len(made.faces) <= 500


def test_a_job_can_be_canceled(scene: Scene) -> None:
    class Stopper(Report):
        def progress(self, stage: Stage, fraction: float) -> None:
            if stage == Stage.FUSE_DEPTH and fraction == 1:
                self.cancel()

    with pytest.raises(Cancelled):
        jobs.mesh(scene, WANTED, Stopper())
    assert scene.state.mesh is None


def test_other_networks_have_no_decoder(scene: Scene, tmp_path: Path) -> None:
    torch.manual_seed(1)
    save_checkpoint(tmp_path / "network.safetensors", TttLRM(MATCHING), {})
    with pytest.raises(TttlrmError, match="belongs to other weights of the network"):
        jobs.mesh(scene, WANTED, Report())
