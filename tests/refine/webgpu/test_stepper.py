# SPDX-License-Identifier: GPL-3.0-or-later
"""Refinement on the GPU: steps, what crosses the bus, and what happens when something does not fit or fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from tttlrm_blender.errors import Code, TttlrmError
from tttlrm_blender.gaussians.gaussians import Gaussians
from tttlrm_blender.photos.load import PhotoSet
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.settings import RefineSettings
from tttlrm_blender.refine.average import FROM
from tttlrm_blender.refine.growth import ROUNDS
from tttlrm_blender.refine.optimize import refine
from tttlrm_blender.refine.parameters import Parameters
from tttlrm_blender.refine.photo_gradients import PhotoGradients
from tttlrm_blender.refine.stepper import Moment, TorchStepper
from tttlrm_blender.refine.webgpu import stepper, work
from tttlrm_blender.refine.webgpu.stepper import GpuStepper, fastest, most_splats
from tttlrm_blender.render import choice
from tttlrm_blender.render.metrics import evaluate_views
from tttlrm_blender.render.webgpu import Array, Device, open_device
from tttlrm_blender.render.webgpu.rasterizer import Rasterizer

MILLION, GIBIBYTE = 1_000_000, 1 << 30


class Noted(Report):
    """Keeps notes."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, note: object) -> None:
        self.notes.append(str(note))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No GPU was given up before."""
    monkeypatch.setattr(choice, "_given_up", [])
    choice._chosen.clear()
    yield
    choice._chosen.clear()


@pytest.fixture
def start(blobs) -> Gaussians:
    """Splats of degree 2 that are about right, and no spheres, which have no gradients of rotations but rounding errors."""
    random = np.random.default_rng(2)
    sh = np.concatenate([blobs.sh, random.normal(0, 0.02, (len(blobs), 8, 3)).astype(np.float32)], 1)
    means = blobs.means + random.normal(0, 0.05, blobs.means.shape).astype(np.float32)
    scales = random.uniform(0.1, 0.4, blobs.scales.shape).astype(np.float32)
    return replace(blobs, means=means, scales=scales, opacities=blobs.opacities * 0.6, sh=sh, antialiased=True)


def torch_stepper(
    start: Gaussians,
    photos: PhotoSet,
    wanted: int = 0,
    settings: RefineSettings = RefineSettings(),  # noqa: B008 (frozen)
) -> TorchStepper:
    parameters = Parameters(start, 4.0, torch.device("cpu"))
    return TorchStepper(parameters, PhotoGradients(parameters, photos, settings), settings, wanted)


def moments(count: int, first: float = 0.0) -> Iterator[Moment]:
    """Steps from a share of the budget to its end."""
    random = np.random.default_rng(0)
    for step in range(count):
        used = first + (1 - first) * step / count
        yield Moment(step % 8, random.random(3), used, used, 300.0)


def assert_close(found: Gaussians, expected: Gaussians) -> None:
    """All but one number in a hundred, as some gradients are rounding errors, of which Adam takes the sign."""
    for name, array in expected.arrays().items():
        assert np.isclose(found.arrays()[name], array, rtol=2e-3, atol=2e-3).mean() > 0.99, name


def test_steps_are_those_of_torch(gpu: Device, start, photos) -> None:
    """With their mean."""
    plain, fast = torch_stepper(start, photos), GpuStepper(torch_stepper(start, photos), gpu, Report())
    plain.growth.round = fast.plain.growth.round = ROUNDS
    for moment in moments(6, first=0.75):
        plain.step(moment)
        fast.step(moment)
    assert_close(fast.to_numpy(), plain.to_numpy())
    assert_close(fast.mean(), plain.mean())
    assert not np.allclose(fast.mean().means, start.means, atol=1e-3)
    assert fast.plain.parameters.steps == plain.parameters.steps


def test_a_round_of_growth_divides_the_same_splats(gpu: Device, start, photos) -> None:
    plain, fast = (torch_stepper(start, photos, 200) for _ in range(2))
    gpu_steps = GpuStepper(fast, gpu, Report())
    for moment in moments(4, first=0.04):
        plain.step(replace(moment, used=min(moment.used, 0.05)))
        gpu_steps.step(replace(moment, used=min(moment.used, 0.05)))
    assert len(gpu_steps.to_numpy()) == len(plain.to_numpy()) > len(start)
    assert_close(gpu_steps.to_numpy(), plain.to_numpy())


def test_gentle_steps_and_pauses_are_those_of_torch(gpu: Device, start, photos) -> None:
    plain, fast = torch_stepper(start, photos, 200), GpuStepper(torch_stepper(start, photos, 200), gpu, Report())
    for moment in moments(4, first=0.04):
        gentle = replace(moment, used=min(moment.used, 0.05), share=0.2, pause=True)
        plain.step(gentle)
        fast.step(gentle)
    assert len(fast.to_numpy()) == len(start) and fast.plain.growth.round == plain.growth.round > 0
    assert_close(fast.to_numpy(), plain.to_numpy())


def test_least_sizes_are_measured_again(gpu: Device, start, photos) -> None:
    fast = GpuStepper(torch_stepper(start, photos), gpu, Report())
    resolution = fast.plain.resolution
    assert resolution
    for moment in moments(50, first=0.6):
        fast.step(moment)
    fast.to_numpy()
    parameters = fast.plain.parameters
    torch.testing.assert_close(parameters.least, resolution.least(parameters["means"].detach()), rtol=1e-5, atol=1e-7)


def test_a_step_crosses_the_bus_with_a_few_bytes(gpu: Device, start, photos) -> None:
    """A camera, 16 numbers, and for the mean its share; back comes the number of pairs."""
    fast = GpuStepper(torch_stepper(start, photos), gpu, Report())
    fast.plain.growth.round = ROUNDS
    for moment in moments(8, first=0.6):
        fast.step(moment)
    for used, extra in ((FROM - 0.1, 0), (FROM, 4)):
        for moment in moments(3):
            before = replace(gpu.traffic)
            fast.step(replace(moment, used=used))
            assert (gpu.traffic.up - before.up, gpu.traffic.down - before.down) == (80 + 64 + extra, 4)


def test_a_step_without_room_for_its_pairs_is_made_again(gpu: Device, monkeypatch: pytest.MonkeyPatch, start, photos) -> None:
    large = replace(photos, images=photos.images.repeat(3, 1).repeat(3, 2))
    plain, fast = torch_stepper(start, large), GpuStepper(torch_stepper(start, large), gpu, Report())
    plain.growth.round = fast.plain.growth.round = ROUNDS
    reserved, reserve = list[int](), Rasterizer.reserve
    monkeypatch.setattr(Rasterizer, "reserve", lambda self, pairs: reserved.append(pairs) or reserve(self, pairs))
    for moment in moments(3, first=0.6):
        plain.step(moment)
        fast.step(moment)
    assert len(reserved) == 1 and fast._work and reserved[0] < fast._work.raster.room
    assert_close(fast.to_numpy(), plain.to_numpy())


@pytest.mark.parametrize(
    "settings",
    [RefineSettings(poses=True), RefineSettings(surface=True), RefineSettings(densify="mcmc")],
    ids=["poses", "surface", "mcmc"],
)
def test_what_the_gpu_cannot_do_is_done_by_torch(
    gpu: Device, monkeypatch: pytest.MonkeyPatch, start, photos, settings: RefineSettings
) -> None:
    monkeypatch.setattr(stepper, "drawing_backend", lambda: f"webgpu:{gpu.name}")
    plain = torch_stepper(start, photos, settings=settings)
    assert fastest(plain, settings, Report()) is plain


def test_the_gpu_steps_where_webgpu_draws_photos_it_holds(gpu: Device, monkeypatch: pytest.MonkeyPatch, start, photos) -> None:
    plain = torch_stepper(start, photos)
    assert fastest(plain, RefineSettings(), Report()) is plain, "the processor draws"
    monkeypatch.setattr(stepper, "drawing_backend", lambda: f"webgpu:{gpu.name}")
    assert isinstance(fastest(plain, RefineSettings(), Report()), GpuStepper)
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 36 * photos.images[0, ..., 0].size - 4})
    monkeypatch.setattr(stepper, "shared_device", lambda name: small)
    assert fastest(plain, RefineSettings(), Report()) is plain


def test_splats_grow_only_as_far_as_buffers_hold_them(gpu: Device, start, photos) -> None:
    """Which is told."""
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 40_000, "max-buffer-size": 40_000})
    assert most_splats(small, 9) == 370
    report, plain = Noted(), torch_stepper(start, photos, 1000)
    GpuStepper(plain, small, report)
    assert plain.growth.goal == 370
    assert report.notes == ["The GPU’s buffers hold 370 splats at most; more were wanted."]


def test_steps_in_parts_are_the_same(gpu: Device, start, photos) -> None:
    """90 splats of degree 2 take 9,720 bytes of harmonics."""
    small = open_device(gpu.name, limits={"max-storage-buffer-binding-size": 40_000})
    small.limits["max-storage-buffer-binding-size"] = 9000
    small_photos = replace(photos, images=photos.images[:, ::4, ::4])
    plain, fast = torch_stepper(start, small_photos), GpuStepper(torch_stepper(start, small_photos), small, Report())
    plain.growth.round = fast.plain.growth.round = ROUNDS
    for moment in moments(3, first=0.8):
        plain.step(moment)
        fast.step(moment)
    assert fast._work, choice._given_up
    assert_close(fast.mean(), plain.mean())


def test_a_lost_gpu_leaves_the_last_splats_to_torch(gpu: Device, start, photos) -> None:
    lost = open_device(gpu.name)
    plain = torch_stepper(start, photos)
    fast = GpuStepper(plain, lost, Report())
    steps = moments(4, first=0.6)
    fast.step(next(steps))
    last = fast.to_numpy()
    lost.close()
    for moment in steps:
        fast.step(moment)
    assert fast.to_numpy().means.shape == last.means.shape and not np.array_equal(fast.to_numpy().means, last.means)
    report = Noted()
    choice.tell_failure(report)
    assert len(report.notes) == 1 and "Splats were drawn by the processor instead." in report.notes[0]


@pytest.mark.parametrize("when", ["at the start", "in a round of growth"])
def test_a_gpu_without_memory_leaves_the_rest_to_the_processor(
    gpu: Device, monkeypatch: pytest.MonkeyPatch, start, photos, when: str
) -> None:
    monkeypatch.setattr(stepper, "drawing_backend", lambda: f"webgpu:{gpu.name}")
    make, made = work.Splats, []

    def full(*arguments: object) -> object:
        if made or when == "at the start":
            raise TttlrmError("The GPU ran out of memory.", code=Code.OUT_OF_MEMORY)
        made.append(make(*arguments))
        return made[-1]

    monkeypatch.setattr(work, "Splats", full)
    plain = torch_stepper(start, photos, 200)
    steps = fastest(plain, RefineSettings(), Report())
    for moment in moments(4):
        steps.step(moment)
    assert len(steps.to_numpy()) == len(plain.parameters)
    report = Noted()
    choice.tell_failure(report)
    assert report.notes == ["The GPU ran out of memory. Splats were drawn by the processor instead."]


def test_a_refinement_is_as_good_as_by_torch(gpu: Device, monkeypatch: pytest.MonkeyPatch, start, photos) -> None:
    settings, steps, make = RefineSettings(steps=40), list[Moment](), work.Work.step
    before, expected = (evaluate_views(splats, photos) for splats in (start, refine(start, photos, settings, Report())))
    monkeypatch.setattr(stepper, "drawing_backend", lambda: f"webgpu:{gpu.name}")
    monkeypatch.setattr(work.Work, "step", lambda self, moment: steps.append(moment) or make(self, moment))
    found = evaluate_views(refine(start, photos, settings, Report()), photos)
    assert len(steps) == 40 and not choice._given_up
    assert found["psnr"] > before["psnr"] + 3
    assert found["psnr"] == pytest.approx(expected["psnr"], abs=0.2)


def test_a_million_splats_fit_into_four_gibibytes(gpu: Device, monkeypatch: pytest.MonkeyPatch, start, photos) -> None:
    """By the arrays of 90 and of 180 splats of degree 3 in a picture of 1920×1080, with 64 such photos and 8 million pairs."""
    sizes = list[int]()
    make = Array.__init__

    def counted(self: Array, link: object, shape: tuple[int, ...], dtype: object) -> None:
        make(self, link, shape, dtype)
        sizes.append(self.nbytes)

    monkeypatch.setattr(Array, "__init__", counted)

    def needed(count: int) -> int:
        some = start[np.arange(count) % len(start)]
        some = replace(some, sh=np.zeros((count, 16, 3), np.float32))
        sizes.clear()
        plain = torch_stepper(some, photos)
        plain.growth.round = ROUNDS
        work.Work(gpu, plain).step(next(moments(1, first=0.8)))
        return sum(sizes)

    per_splat = (needed(180) - needed(90)) / 90
    pixels = 1920 * 1080
    pictures, sent = 4 * (5 + 5 + 9) * pixels, 64 * 8 * pixels
    assert per_splat < 1500
    assert MILLION * per_splat + pictures + sent + 8 * MILLION * 1.25 * 16 < 4 * GIBIBYTE
