# SPDX-License-Identifier: GPL-3.0-or-later
"""A network and a plan so small that tests of training take seconds."""

from dataclasses import replace

from tttlrm_blender.train.loader import StepData, make_step_data
from tttlrm_blender.train.plan import SMALL_NETWORK, Plan
from tttlrm_blender.train.trainer import Trainer, fresh_model

CONFIG = replace(SMALL_NETWORK, dim=32, head_dim=16, layers=2, hypotheses=8)
PLAN = Plan(
    stages={"views": 0.25, "depth": 0.25, "splats": 0.25, "chunks": 0.25},
    tokens=48,
    max_views=3,
    others=1,
    curriculum=((1.0, ((32, 32), (24, 32))),),
    views_per_update=2,
    warmup=2,
)
SPENT = {"views": 0.1, "depth": 0.4, "splats": 0.6, "chunks": 0.9}  # shares of the budget, within the stages of the plan


def step_data(stage: str, step: int = 1, plan: Plan = PLAN) -> StepData:
    """Data of a step of the small plan in one of its stages."""
    return make_step_data(CONFIG, plan, step, SPENT[stage], "cpu")


def small_trainer(plan: Plan = PLAN) -> Trainer:
    """The small network at the beginning of a run."""
    return Trainer(fresh_model(CONFIG, plan.seed), plan)
