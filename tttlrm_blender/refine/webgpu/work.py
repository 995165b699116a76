# SPDX-License-Identifier: GPL-3.0-or-later
"""A refinement on the GPU: the splats, the photos, and how a step is made."""

from __future__ import annotations

import numpy as np
import torch

from ...render.convention import MAX_DEGREE, Views
from ...render.webgpu import Device
from ...render.webgpu.rasterizer import Rasterizer, view_row
from ..average import FROM, share_of
from ..photo_gradients import degree_at
from ..stepper import Moment, TorchStepper
from .loss import PhotoLoss
from .photos import Photo, Photos
from .programs import FLOATS, step_row
from .splats import Splats


class Work:
    """The state of a `TorchStepper` on the GPU, which goes on here. Whatever fails is raised as `TttlrmError`."""

    def __init__(self, gpu: Device, plain: TorchStepper) -> None:
        self.gpu, self.plain, self.gradients = gpu, plain, plain.gradients
        self.terms = min(1 + plain.parameters["rest"].shape[1], (MAX_DEGREE + 1) ** 2)
        self.photos, self.now, self.share = Photos(gpu, self.gradients), gpu.empty((FLOATS,)), gpu.empty((1,))
        size = self.gradients.size(1.0)
        self.cameras = gpu.array(self._cameras(size))
        self._take(size)

    def step(self, moment: Moment) -> None:
        """Make a step, and let follow what depends on the splats."""
        self._optimize(moment)
        if self.plain.growth.due(moment.used):
            self._next_round(moment.pause)
        self._follow(moment.used)

    def read(self) -> None:
        """Copy the current splats into the parameters of torch."""
        self.splats.read(self.plain.parameters)

    def read_mean(self) -> None:
        """Copy the mean of the splats into the parameters of torch; these themselves if none were counted."""
        self.splats.read(self.plain.parameters, mean=self.counted > 0)

    def _optimize(self, moment: Moment) -> None:
        """Draw a photo and change the parameters; again where there was too little room for all pairs of splats and tiles."""
        size = self.gradients.size(moment.pace)
        if size != self.raster.size:
            self._draw_at(size)
        for count in self.plain.parameters.steps.values():
            count += 1
        photo = self.photos.at(moment.view, moment.pace)
        self.raster.view.write(self.rows[moment.view])
        self.raster.use_terms(min((degree_at(moment.pace) + 1) ** 2, self.terms))
        if not self._fits(moment, photo):
            self.raster.reserve(int(self.raster.number.read()[0]))
            self._fits(moment, photo)

    def _fits(self, moment: Moment, photo: Photo) -> bool:
        """Make a step, if there is room for all pairs."""
        parameters, raster, splats = self.plain.parameters, self.raster, self.splats
        rates = parameters.rates(moment.pace, moment.expected, moment.share)
        steps = int(parameters.steps["means"])
        known_height, known_width, _ = photo.known.shape
        self.now.write(step_row(moment.background, raster.size, (known_width, known_height), rates, steps, raster.room))
        with self.gpu.passes() as passes:
            splats.activate(passes)
            raster.draw(passes, splats.drawn, splats.sh)
            self.loss.backward(passes, self.now, raster.images, photo)
            raster.backward(passes, splats.drawn, splats.sh, self.loss.g_images, splats.g_drawn, splats.g_sh)
            splats.step(passes, self.now, raster)
        return int(raster.number.read()[0]) <= raster.room

    def _next_round(self, pause: bool) -> None:
        """Hold a round of growth by torch, or leave it out."""
        growth, parameters = self.plain.growth, self.plain.parameters
        if pause:
            growth.next_round(pause)
            return
        self.splats.read(parameters, moments=True)
        growth.pull, growth.seen = torch.from_numpy(self.splats.pulls.read().T.copy())
        size = self.raster.size
        del self.splats, self.raster, self.loss  # whose memory the next ones may need
        growth.next_round(pause)
        self._take(size)

    def _follow(self, used: float) -> None:
        """Let least sizes and the mean follow a step."""
        measured = self.plain.resolution is not None and self.plain.resolution.due()
        counts = used >= FROM
        if counts:
            self.counted += 1
            self.share.write(np.array([share_of(self.counted)], np.float32))
        with self.gpu.passes() as passes:
            if measured:
                self.splats.measure(passes, self.cameras)
            if counts:
                self.splats.average(passes, self.share)

    def _take(self, size: tuple[int, int]) -> None:
        """Take the splats from torch, to draw them at a size."""
        self.splats, self.counted = Splats(self.gpu, self.plain.parameters), 0
        self._draw_at(size)

    def _draw_at(self, size: tuple[int, int]) -> None:
        """Draw pictures of a size from now on."""
        parameters, stored = self.plain.parameters, self.splats.sh.shape[1]
        self.rows = self._cameras(size)
        self.raster = Rasterizer(self.gpu, len(parameters), size, stored, self.terms, parameters.antialiased)
        self.loss = PhotoLoss(self.gpu, size, self.gradients.light.differs, self.gradients.depth is not None)

    def _cameras(self, size: tuple[int, int]) -> np.ndarray:
        """All cameras [V, 20] as programs read them, for pictures of a size."""
        views = Views.of(self.gradients.photos.cameras.resized(*size))
        return np.stack([view_row(views, view, size) for view in range(len(views))])
