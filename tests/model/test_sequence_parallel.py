# SPDX-License-Identifier: GPL-3.0-or-later
"""A sequence shared by two processes gives what one process gives."""

from itertools import pairwise

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from tttlrm_blender.model.config import Config
from tttlrm_blender.model.network import Rule, TttLRM, chunk_ranges
from tttlrm_blender.model.sequence_parallel import sequence_parallel, views_of_rank

VIEWS, TOKENS = 6, 4
CONFIG = Config(dim=32, head_dim=16, layers=2, expansion=2)
CASES = (None, 2)  # views per update


def scan(tokens, chunks, rule):
    torch.manual_seed(0)
    with torch.no_grad():
        return TttLRM(CONFIG).scan(tokens, TOKENS, chunks, rule)


def sequence():
    return torch.randn(1, VIEWS, TOKENS, CONFIG.dim, generator=torch.Generator().manual_seed(1))


def share(rank, ranks, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=ranks)
    torch.save({case: share_of(rank, ranks, case) for case in CASES}, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def share_of(rank, ranks, views_per_update):
    held = views_of_rank(VIEWS, rank, ranks, views_per_update)
    ends = torch.tensor([0] + [len(part) for part in held]).cumsum(0).tolist()
    chunks = [slice(a * TOKENS, b * TOKENS) for a, b in pairwise(ends)]
    views = [view for part in held for view in part]
    return views, scan(sequence()[:, views].flatten(1, 2), chunks, sequence_parallel(Rule()))[0]


@pytest.mark.slow
def test_two_ranks_agree_with_one(tmp_path):
    mp.spawn(share, (2, str(tmp_path)), nprocs=2)
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for case in CASES:
        expected, _ = scan(sequence().flatten(1, 2), chunk_ranges(VIEWS, TOKENS, case), Rule())
        expected = expected.unflatten(1, (VIEWS, TOKENS))
        for views, tokens in (shares[case] for shares in found):
            torch.testing.assert_close(tokens.unflatten(1, (-1, TOKENS)), expected[:, views], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("views", [1, 5, 8])
def test_every_view_has_one_rank(views):
    shares = [views_of_rank(views, rank, 3, 4) for rank in range(3)]
    assert sorted(view for held in shares for chunk in held for view in chunk) == list(range(views))
    assert len({len(held) for held in shares}) == 1
