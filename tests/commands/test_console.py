# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console says about a job, and what Ctrl+C does to it."""

import signal

import pytest

from tttlrm_blender.commands.console import Console
from tttlrm_blender.commands.reconstruct import summary
from tttlrm_blender.errors import Cancelled
from tttlrm_blender.stages import Step


def test_an_interrupt_ends_a_job_with_the_splats_so_far_and_the_second_one_at_once():
    report = Console(quiet=True)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), report.finishing_on_interrupt():
        report.keeps = True
        signal.raise_signal(signal.SIGINT)
        assert report.finishing
        report("save", 0.0)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


def test_an_interrupt_stops_a_job_that_has_nothing_yet():
    report = Console(quiet=True)
    with pytest.raises(KeyboardInterrupt), report.finishing_on_interrupt():
        report("load", 0.0)
        signal.raise_signal(signal.SIGINT)


def test_the_time_that_refinement_takes_is_said(capsys):
    report = Console()
    report.keeps = True
    report("refine", 0.0)
    report.expect(71.6)
    assert "refining for about 72 s; Ctrl+C keeps the splats so far" in capsys.readouterr().err
    report.cancel()
    with pytest.raises(Cancelled):
        report("refine", 0.1)


def test_a_line_tells_the_step_and_the_whole(capsys):
    report = Console()
    report.plan({Step.DRAFT: 100.0, Step.REFINE: 100.0})
    report.begin(Step.REFINE)
    report("refine", 0.0)
    assert capsys.readouterr().err == " 50% Step 2 of 2: Refining splats, about 2 min left\n"


def test_the_summary_names_the_photos_set_aside():
    figures = {"seconds": {"refine": 70.0}, "refinement": {"psnr": 30.123, "set_aside": 4}, "psnr": 31.5, "ssim": 0.9}
    assert summary(figures) == "PSNR 30.12 dB over 4 photos set aside; held-out PSNR 31.50 dB, SSIM 0.900; refine 70.0 s"
    assert summary({"seconds": {"load": 1.0}, "refinement": {"psnr": None, "set_aside": 0}}) == "load 1.0 s"
