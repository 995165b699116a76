# SPDX-License-Identifier: GPL-3.0-or-later
"""The options shared by the commands that reconstruct."""

from argparse import ArgumentParser

import pytest

from tttlrm_blender.commands.options import add_reconstruct_options, options, reconstruct_settings
from tttlrm_blender.protocol.fields import Setting, describe
from tttlrm_blender.protocol.settings import (
    DRAFT,
    DecodeSettings,
    ExtendSettings,
    MeshSettings,
    ReconstructSettings,
    RefineSettings,
)
from tttlrm_blender.protocol.settings_json import from_json, to_json


def parse(*arguments: str, mesh: bool = False) -> ReconstructSettings:
    parser = ArgumentParser()
    add_reconstruct_options(parser, ReconstructSettings(mesh=MeshSettings() if mesh else None))
    return reconstruct_settings(parser.parse_args(arguments))


def test_no_options_are_the_default_settings():
    assert parse() == ReconstructSettings()
    assert parse(mesh=True) == ReconstructSettings(mesh=MeshSettings())


def test_every_option_reaches_its_setting():
    line = "--views 8 --size 270x480 --scan ar --elastic --poses p.json --keep .25 --refine 90 --mesh --checkpoint c.pt"
    line += " --hold-out 4 --remove-background u2net.onnx"
    asked = parse(*line.split())
    assert asked == ReconstructSettings(
        poses="p.json",
        views=8,
        width=270,
        height=480,
        hold_out=4,
        scan="ar",
        elastic=True,
        checkpoint="c.pt",
        remove_background="u2net.onnx",
        decode=DecodeSettings(keep=0.25),
        refine=RefineSettings(steps=90),
        mesh=MeshSettings(),
    )


def test_every_option_of_splats_and_mesh_reaches_its_setting():
    line = (
        "--query-views 4 --min-opacity 0.2 --max-splats 5000 --sh-degree 1 --splat-scale 1.5 --size-limit 0.1 --near 0.3 --far 9"
    )
    line += " --explore 0.2 --seed 5 --min-piece 0.1"
    line += " --merge 0.02 --floaters 0.5 --crop=-1,0,0,1,2,4 --mesh --mesh-resolution 64 --voxel 0.05 --faces 2000 --texture 512"
    asked = parse(*line.split())
    box = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.5, -1.0, 0.0, 0.0, 0.0, 1.0)
    assert asked.decode == DecodeSettings(
        views=4,
        min_opacity=0.2,
        max_splats=5000,
        sh_degree=1,
        scale=1.5,
        size_limit=0.1,
        near=0.3,
        far=9.0,
        crop=box,
        merge=0.02,
        floaters=0.5,
        explore=0.2,
        seed=5,
    )
    assert asked.mesh == MeshSettings(resolution=64, voxel=0.05, min_piece=0.1, faces=2000, texture=512)
    assert asked.views == 0 and from_json(ReconstructSettings, to_json(asked)) == asked


def test_a_mesh_can_be_declined():
    assert parse("--no-mesh", mesh=True).mesh is None


@pytest.mark.parametrize(
    ("text", "steps", "seconds"), [("1000", 1000, 0.0), ("120s", 0, 120.0), ("1.5s", 0, 1.5), (".5s", 0, 0.5)]
)
def test_the_budget_of_refinement(text: str, steps: int, seconds: float):
    assert parse("--refine", text).refine == RefineSettings(steps=steps, seconds=seconds)


@pytest.mark.parametrize("nothing", ["0", "0x", "0s", "0.0s"])
def test_a_limit_of_nothing_is_a_draft(nothing: str):
    assert parse("--quality", "best", "--refine", nothing).refine == DRAFT


def test_a_quality_and_a_limit_that_replaces_it():
    assert parse("--quality", "best").refine == RefineSettings(quality="best")
    asked = parse("--quality", "best", "--refine", "30s").refine
    assert asked == RefineSettings(quality="best", seconds=30.0) and asked.limited


def test_a_quality_replaces_limits_from_elsewhere():
    parser = ArgumentParser()
    add_reconstruct_options(parser, ReconstructSettings(refine=RefineSettings(steps=7)))
    assert reconstruct_settings(parser.parse_args(["--quality", "good"])).refine == RefineSettings()


def test_the_budget_of_refinement_in_passes():
    assert parse("--refine", "10x").refine == RefineSettings(passes=10)


def test_every_option_of_refinement_reaches_its_setting():
    line = "--refine 3x --start both --exposure --correct-poses --no-sky --no-antialiased --for-mesh --densify mcmc"
    line += " --refine-max-splats 9000 --refine-sh-degree 2"
    asked = RefineSettings(
        passes=3,
        start="both",
        exposure=True,
        poses=True,
        sky=False,
        antialiased=False,
        surface=True,
        densify="mcmc",
        max_splats=9000,
        sh_degree=2,
    )
    assert parse(*line.split()).refine == asked
    assert parse(*line.split()).decode == DecodeSettings()


def test_the_options_of_all_parts_of_a_reconstruction_stand_side_by_side():
    """Options are unique, and none is a prefix of another."""
    kinds = (ReconstructSettings, DecodeSettings, RefineSettings, MeshSettings)
    names = [name for kind in kinds for name in options(kind)]
    assert len(names) == len(set(names))
    settings = [name for kind in kinds for part in options(kind).values() for name in part]
    assert len(settings) == sum(isinstance(each, Setting) for kind in kinds for each in describe(kind).values())


def test_an_option_that_two_jobs_have_in_common_means_the_same_to_both():
    assert set(options(ExtendSettings)) == {"poses", "views", "remove-background"} < set(options(ReconstructSettings))


def test_defaults_may_be_others_and_help_names_them(capsys: pytest.CaptureFixture):
    parser = ArgumentParser()
    add_reconstruct_options(parser, ReconstructSettings(hold_out=8))
    assert reconstruct_settings(parser.parse_args([])) == ReconstructSettings(hold_out=8)
    assert reconstruct_settings(parser.parse_args(["--hold-out", "0"])) == ReconstructSettings()
    said = " ".join(parser.format_help().split())
    assert "Hold out every n-th photo for evaluation; 0 for none (default: 8)" in said
    assert "Share of pixels that become splats, the most opaque first; 0 for automatic (default: 0)" in said


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--size", "270", "--size must be WIDTHxHEIGHT, such as 270x480; got 270"),
        ("--size", "0x480", "--size must be WIDTHxHEIGHT, such as 270x480; got 0x480"),
        ("--refine", "2min", "of passes over the photos (10x) or of seconds (120s); got 2min"),
        ("--refine", "1.5", "of passes over the photos (10x) or of seconds (120s); got 1.5"),
        ("--keep", "40%", "40% is not a number from 0 to 1"),
        ("--keep", "1.5", "1.5 is not a number from 0 to 1"),
        ("--keep", "٠", "٠ is not a number from 0 to 1"),
        ("--views", "many", "many is not a whole number from 0 to 100000"),
        ("--views", "٣", "٣ is not a whole number from 0 to 100000"),
        ("--views", "1_0", "1_0 is not a whole number from 0 to 100000"),
        ("--near", "1_0", "1_0 is not a number from 0 to 1000000000"),
        ("--hold-out", "-1", "-1 is not a whole number from 0 to 100000"),
        ("--sh-degree", "4", "4 is not a whole number from 0 to 3"),
        ("--sh-degree", "high", "high is not a whole number from 0 to 3"),
        ("--near", "-1", "-1 is not a number from 0 to 1000000000"),
        ("--far", "away", "away is not a number from 0 to 1000000000"),
        ("--far", "inf", "inf is not a number from 0 to 1000000000"),
        ("--floaters", "nan", "nan is not a number from 0 to 1"),
        ("--size", "40000x480", "40000 is not a whole number from 0 to 32768"),
        ("--refine", "1000000000", "1000000000 is not a whole number from 0 to 100000000"),
        ("--distance", "3", "3 is not a text such as a.jpg:b.jpg=2.5"),
        ("--start", "foo", "choose from"),
        ("--scan", "chunks", "choose from"),
        ("--crop", "1,2,3", "a box must be two corners X,Y,Z,X,Y,Z that differ in every coordinate; got 1,2,3"),
        ("--crop", "0,0,0,1,1,0", "a box must be two corners X,Y,Z,X,Y,Z that differ in every coordinate; got 0,0,0,1,1,0"),
    ],
)
def test_a_wrong_value_is_answered_with_a_sentence(option: str, value: str, sentence: str, capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as stop:
        parse(option, value)
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err
