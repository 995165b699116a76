# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: stages in their order, their terms, the networks."""

import argparse
from pathlib import Path

import pytest

from tttlrm_blender.model.checkpoint import save_checkpoint
from tttlrm_blender.model.network import TttLRM
from tttlrm_blender.train.options import stages
from tttlrm_blender.train.plan import NETWORKS, STAGES, TERMS, Budget, Plan


def test_stages_follow_one_another_by_their_shares() -> None:
    plan = Plan(stages={"chunks": 1, "depth": 2, "views": 1})
    assert [plan.stage(spent) for spent in (0, 0.24, 0.26, 0.74, 0.76, 1)] == [
        "views",
        "views",
        "depth",
        "depth",
        "chunks",
        "chunks",
    ]


def test_every_stage_has_terms() -> None:
    assert set(TERMS) == set(STAGES) and all(weight > 0 for terms in TERMS.values() for weight in terms.values())


def test_budget_ends_with_whichever_limit_comes_first() -> None:
    assert Budget(steps=10).spent(5, 1e9) == 0.5
    assert Budget(steps=10, seconds=100).spent(5, 90) == 0.9
    assert Budget(seconds=100).spent(10**6, 200) == 1.0


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_fit_into_a_file_of_16_mib(name: str, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "network.safetensors", TttLRM(NETWORKS[name]), {})
    assert (tmp_path / "network.safetensors").stat().st_size < 16 * 2**20


def test_stages_are_read_from_text() -> None:
    assert stages("depth=0.7,splats=0.3") == {"depth": 0.7, "splats": 0.3}
    for wrong in ("", "depth", "depth=", "sleep=1", "depth=-1,splats=2", "depth=0", "depth=nan"):
        with pytest.raises(argparse.ArgumentTypeError, match="stages are"):
            stages(wrong)
