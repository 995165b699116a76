# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a reconstruction is expected to take, and what machines teach about that."""

import pytest

from tttlrm_blender.outlook import paces
from tttlrm_blender.outlook.expected import Machine, Photos, expected_seconds
from tttlrm_blender.outlook.limits import SECONDS
from tttlrm_blender.protocol.settings import DRAFT, MeshSettings, RefineSettings
from tttlrm_blender.stages import Step

PHONE = Photos(23, 4000, 3000, posed=False)
TWO = Machine(2)


def total(photos=PHONE, refine=RefineSettings(), mesh=None, machine=TWO, **options) -> float:  # noqa: B008 (frozen)
    return sum(expected_seconds(photos, refine, mesh, machine, **options).values())


def test_the_steps_follow_what_is_asked_for():
    everything = expected_seconds(PHONE, RefineSettings(), MeshSettings(), TWO)
    assert list(everything) == [step for step in Step if step != Step.CLOSER]
    posed = expected_seconds(Photos(23, 4000, 3000, posed=True), DRAFT, None, TWO)
    assert list(posed) == [Step.PHOTOS, Step.DRAFT]


def test_more_work_takes_longer_and_more_cores_take_less():
    more = Photos(100, 4000, 3000, posed=False)
    assert total(machine=Machine(16)) < total() < total(more) and total(refine=DRAFT) < total() < total(mesh=MeshSettings())
    assert total(machine=Machine(2, gpu=True)) < total()
    assert total(refine=DRAFT, side=200) <= total(refine=DRAFT)


def test_a_refinement_never_takes_longer_than_its_limit():
    slow = expected_seconds(PHONE, RefineSettings(seconds=30), None, TWO, {Step.REFINE: 9.0})
    assert slow[Step.REFINE] == 30
    assert expected_seconds(PHONE, RefineSettings(), None, Machine(1))[Step.REFINE] <= 1.8 * SECONDS


def test_what_jobs_took_is_remembered(monkeypatch, tmp_path):
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path / "cache"))
    assert paces.known_paces() == {}
    paces.learn({Step.DRAFT: 2.0})
    assert paces.known_paces() == {Step.DRAFT: 2.0}
    paces.learn({Step.DRAFT: 4.0, Step.DEPTH: 100.0})
    assert paces.known_paces() == {Step.DRAFT: 4.0, Step.DEPTH: paces.SANE[1]}
    assert total(paces=paces.known_paces()) > total()


def test_a_gpu_is_remembered_and_makes_what_was_known_worthless(monkeypatch, tmp_path):
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path))
    paces.learn_gpu(False)
    assert not (tmp_path / paces.NAME).exists() and not paces.known_gpu()
    paces.learn({Step.DRAFT: 2.0})
    paces.learn_gpu(True)
    assert paces.known_gpu() and paces.known_paces() == dict.fromkeys(Step, 1.0)


@pytest.mark.parametrize("content", ["", "[]", '{"draft": "fast"}', '{"fold": 1}', "3", '{"draft": null}'])
def test_what_cannot_be_read_is_forgotten(monkeypatch, tmp_path, content):
    monkeypatch.setenv("TTTLRM_CACHE", str(tmp_path))
    (tmp_path / paces.NAME).write_text(content)
    assert paces.known_paces() == {}
    paces.learn({Step.DRAFT: 2.0})
    assert paces.known_paces() == {Step.DRAFT: 2.0}
