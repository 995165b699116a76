# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the network beyond the golden cases."""

import io
import json
import math
import subprocess
import sys
import zipfile
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.model.checkpoint import load_checkpoint, save_checkpoint, training_record
from tttlrm_blender.model.config import Config
from tttlrm_blender.model.decoder import choose, decode, decode_all, joined, opacity_logits, patch_anchors
from tttlrm_blender.model.depth import Guess, Views, matching_costs, read_guess, sweep_again
from tttlrm_blender.model.memory import SLICE, encode, read_splats
from tttlrm_blender.model.network import Rule, TttLRM, chunk_ranges, orthogonalize

SMALL = Config(dim=32, head_dim=16, layers=2, expansion=2, sh_degree=1)
ANCHORED = Config(dim=32, head_dim=16, layers=2, expansion=2, sh_degree=0, depth_range="log", near=0.2, far=10, anchored=True)
MATCHING = replace(ANCHORED, hypotheses=8)
VIEWS, HEIGHT, WIDTH = 3, 16, 24


@pytest.fixture
def views():
    """Images, poses and intrinsics of three small views."""
    chance = np.random.default_rng(0)
    c2w = np.tile(np.eye(4), (VIEWS, 1, 1))
    c2w[:, :3, 3] = chance.uniform(-1, 1, (VIEWS, 3))
    images = chance.uniform(0, 1, (VIEWS, HEIGHT, WIDTH, 3)).astype(np.float32)
    return images, c2w, np.tile([20.0, 20.0, WIDTH / 2, HEIGHT / 2], (VIEWS, 1))


@pytest.fixture(params=[SMALL, ANCHORED, MATCHING], ids=["released", "anchored", "matching"])
def model(request):
    torch.manual_seed(0)
    return TttLRM(request.param).requires_grad_(False)


def test_query_views_that_are_input_views_need_no_separate_pass(model, views):
    tokens = model.tokenize(*(torch.as_tensor(np.float32(view))[None] for view in views))
    count = tokens.shape[1]
    twice, _ = model.scan(torch.cat([tokens, tokens], 1), count // VIEWS, [slice(0, count)])
    once, _ = model.scan(tokens.clone(), count // VIEWS, [slice(0, count)])
    torch.testing.assert_close(twice[:, count:], once)
    torch.testing.assert_close(twice[:, :count], once)


def test_slices_change_nothing(model, views):
    tokens = model.tokenize(*(torch.as_tensor(np.float32(view))[None] for view in views))
    view = model.view_tokens(HEIGHT, WIDTH)
    for chunks in (chunk_ranges(VIEWS, view, None), chunk_ranges(VIEWS, view, 2)):
        whole, _ = model.scan(tokens.clone(), view, chunks)
        sliced, _ = model.scan(tokens.clone(), view, chunks, Rule(slice=5))
        torch.testing.assert_close(sliced, whole, atol=1e-4, rtol=1e-4)


def test_masked_decoding_equals_decoding_all(model, views):
    memory = encode(model, *views)
    anchor = memory.anchor(model.config)
    logits = opacity_logits(model, memory.tokens, memory.guess)
    mask = choose(logits, VIEWS, 0.4, 0.1, seed=3)
    every = decode_all(model, memory.tokens[None], anchor[None])
    torch.testing.assert_close(every.logits[0].view_as(logits), logits)
    found = decode(model, memory.tokens, anchor, mask)
    order = mask.T.nonzero()
    wanted = order[:, 1] * mask.shape[1] + order[:, 0]
    for value, whole in zip(found, every, strict=True):
        torch.testing.assert_close(value, whole[0, wanted])


def test_decoding_in_parts_equals_decoding_at_once(model, views):
    memory = encode(model, *views)
    mask = choose(opacity_logits(model, memory.tokens, memory.guess), VIEWS, 0.4, 0.1, seed=3)
    whole = decode(model, memory.tokens, memory.anchor(model.config), mask)
    for cuts in ([1, 2], [2, 1], [1, 1, 1]):
        ends = np.cumsum(cuts)
        parts = [memory.of_views(slice(end - count, end)) for count, end in zip(cuts, ends, strict=True)]
        masks = mask.split([len(part.tokens) for part in parts])
        found = [decode(model, part.tokens, part.anchor(model.config), some) for part, some in zip(parts, masks, strict=True)]
        for value, expected in zip(joined(found, masks), whole, strict=True):
            torch.testing.assert_close(value, expected)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_size_of_slices_changes_nothing(model, views, size, monkeypatch):
    whole = encode(model, *views)
    monkeypatch.setitem(SLICE, "cpu", size)
    sliced = encode(model, *views)
    torch.testing.assert_close(sliced.tokens, whole.tokens, atol=1e-4, rtol=1e-4)
    for one, other in zip(sliced.weights, whole.weights, strict=True):
        torch.testing.assert_close(one.w, other.w, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("keep", "views", "share"), [(0.0, 8, 0.4), (0.0, 64, 0.3), (0.2, 8, 0.2)])
def test_choice_keeps_the_most_opaque_and_a_few_others(keep, views, share):
    logits = torch.randn(50, 64, generator=torch.Generator().manual_seed(0))
    mask = choose(logits, views, keep, explore=0.1, seed=0)
    best = round(share * logits.numel())
    assert mask.sum() == best + round(0.1 * share * (logits.numel() - best))
    assert mask.flatten()[logits.flatten().topk(best).indices].all()
    assert torch.equal(mask, choose(logits, views, keep, explore=0.1, seed=0))
    assert not torch.equal(mask, choose(logits, views, keep, explore=0.1, seed=1))


def test_splats_are_sound(model, views):
    splats = read_splats(model, encode(model, *views), sh_degree=0)
    assert splats.sh.shape[1:] == (1, 3)
    assert all(bool(torch.isfinite(array).all()) for array in splats.arrays().values())
    torch.testing.assert_close(splats.quats.norm(dim=1), torch.ones(len(splats)))
    assert bool((splats.scales > 0).all()) and bool(((splats.opacities > 0) & (splats.opacities < 1)).all())


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 16)])
def test_orthogonalization_evens_out_singular_values(shape):
    found = orthogonalize(torch.randn(2, *shape, generator=torch.Generator().manual_seed(0)), 5, torch.float32)
    values = torch.linalg.svdvals(found)
    assert bool(((values > 0.3) & (values < 1.5)).all())


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    model = TttLRM(MATCHING)
    nn.init.normal_(model.depth.expect.weight)
    views = torch.rand(2, 2, 16, 16, 3), torch.eye(4).expand(2, 2, 4, 4), torch.full((2, 2, 4), 10.0)
    costs = torch.stack([matching_costs(MATCHING, *scene) for scene in zip(*views, strict=True)])
    tokens, _ = model.scan(model.tokenize(*views, costs), 4, [slice(0, 8)])
    scenes = list(map(Views, *views))
    guesses = [
        read_guess(MATCHING, *sweep_again(model.depth, *given), given[-1]) for given in zip(tokens, costs, scenes, strict=True)
    ]
    guess = Guess(*(torch.stack(part) for part in zip(*guesses, strict=True)))
    found = decode_all(model, tokens, patch_anchors(MATCHING, *views, guess))
    sum(part.square().mean() for part in found).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())


def test_a_checkpoint_returns(tmp_path, model, views):
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, model, {"steps": 3})
    loaded = load_checkpoint(path)
    assert loaded.config == model.config
    torch.testing.assert_close(encode(loaded, *views).tokens, encode(model, *views).tokens, atol=0.05, rtol=0.05)


def test_a_released_file_is_read_as_data_and_its_sizes_from_its_shapes(tmp_path):
    torch.manual_seed(0)
    model = TttLRM(SMALL)
    path = tmp_path / "released.pt"
    torch.save({"model": model.state_dict() | {"loss.vgg.weight": torch.zeros(3)}, "step": 7}, path)
    loaded = load_checkpoint(path)
    assert loaded.config == SMALL
    for name, value in loaded.state_dict().items():
        torch.testing.assert_close(value, model.state_dict()[name])


class Harmful:
    """An object whose unpickling calls a function."""

    def __reduce__(self):
        return print, ("executed",)


def test_a_file_with_code_is_refused_and_its_code_not_run(tmp_path, capsys):
    path = tmp_path / "harmful.pt"
    torch.save({"model": Harmful()}, path)
    with pytest.raises(TttlrmError, match=r"harmful\.pt"):
        load_checkpoint(path)
    assert "executed" not in capsys.readouterr().out


def test_all_faults_of_a_checkpoint_are_named_in_one_error(tmp_path):
    weights = TttLRM(SMALL).state_dict()
    del weights["input_layernorm.weight"]
    weights["blocks.1.module_list.1.f.w1"] = torch.zeros(1, 3, 4)
    torch.save({"model": weights}, tmp_path / "bad.pt")
    with pytest.raises(TttlrmError) as caught:
        load_checkpoint(tmp_path / "bad.pt")
    assert "input_layernorm.weight is missing" in caught.value.sentence
    assert "blocks.1.module_list.1.f.w1 is [1, 3, 4] instead of [1, 64, 32]" in caught.value.sentence


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x08\0\0\0\0\0\0\0{broken}"])
@pytest.mark.parametrize("name", ["broken.safetensors", "broken.pt"])
def test_files_that_are_no_checkpoints_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TttlrmError, match=name):
        load_checkpoint(tmp_path / name)


def unlike(**changes):
    """A function that writes a checkpoint whose configuration has other values."""

    def write(path):
        config = json.dumps({**asdict(SMALL), **changes})
        save_file(TttLRM(SMALL).state_dict(), path, {"config": config})

    return write


def saved(content):
    """A function that saves an object as a .pt file."""
    return lambda path: torch.save(content, path)


def with_weights(**weights):
    """A function that saves a released file with other tensors."""
    return saved({"model": TttLRM(SMALL).state_dict() | {name.replace("_1_", ".1."): value for name, value in weights.items()}})


def claiming(path):
    """A few bytes that claim a thousand million layers."""
    save_file({"a": torch.zeros(1)}, path, {"config": json.dumps({"layers": 10**9})})


def zipped(pickled):
    """A .pt file of a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", pickled)
        archive.writestr("a/version", "3\n")
    return file.getvalue()


REALISTIC = {
    "a state dict without an entry for it": saved(dict(TttLRM(SMALL).state_dict())),
    "a whole module": saved({"model": nn.Linear(2, 2)}),
    "a tensor": saved({"model": torch.zeros(3)}),
    "a tensor alone": saved(torch.zeros(3)),
    "a list": saved([1, 2]),
    "a name": saved({"model": "tttlrm"}),
    "nothing": saved({"model": None}),
    "another network": saved({"model": nn.Linear(2, 2).state_dict()}),
    "numbers for tensors": saved({"model": dict.fromkeys(TttLRM(SMALL).state_dict(), 1.0)}),
    "a vector for a matrix": with_weights(tokenizer_1_weight=torch.zeros(7)),
    "patches of no size": with_weights(tokenizer_1_weight=torch.zeros(32, 1)),
    "a number for a vector": with_weights(decoder_1_weight=torch.tensor(1.0)),
    "complex numbers": with_weights(decoder_1_weight=torch.zeros(64 * 23, 32, dtype=torch.complex64)),
    "a name without a number": saved({"model": TttLRM(SMALL).state_dict() | {"blocks.x": torch.zeros(1)}}),
    "a layer far out": saved({"model": TttLRM(SMALL).state_dict() | {"blocks.999999999.a": torch.zeros(1)}}),
    "a view of one number": with_weights(decoder_1_weight=torch.zeros(1).half().expand(64 * 23, 32)),
    "only a shape": with_weights(decoder_1_weight=torch.zeros(64 * 23, 32, device="meta")),
    "a name that never ends": lambda path: path.write_bytes(
        zipped(b"\x80\x02}(X\x05\0\0\0model" + b"ca" + b"b" * 10**6 + b"\nc\n.")
    ),
    "an old file": lambda path: torch.save({"model": {}}, path, _use_new_zipfile_serialization=False),
    "a sparse tensor": with_weights(decoder_1_weight=torch.zeros(64 * 23, 32).to_sparse()),
}
CLAIMS = {
    "layers": 10**9,
    "dim": 10**12,
    "head_dim": 0,
    "patch_size": -8,
    "expansion": 1.5,
    "sh_degree": 10**6,
    "muon_steps": 10**9,
    "depth_range": "far",
    "near": -1.0,
    "far": math.nan,
    "most_views": True,
    "anchored": "yes",
    "hypotheses": "8",
}


@pytest.mark.parametrize("what", REALISTIC)
def test_another_file_is_a_sentence(tmp_path, what):
    """Realistic mistakes, and hostile files; no word of Python's exceptions reaches a person."""
    REALISTIC[what](tmp_path / "other.pt")
    with pytest.raises(TttlrmError, match=r"other\.pt") as caught:
        load_checkpoint(tmp_path / "other.pt")
    assert caught.value.code == "bad_checkpoint" and caught.value.hint
    words = ("object", "expected", "invalid literal", "division", "out of range", "unpack", "NoneType")
    assert not [word for word in words if word in caught.value.sentence]


@pytest.mark.parametrize("name", CLAIMS)
def test_an_impossible_network_is_named(tmp_path, name):
    unlike(**{name: CLAIMS[name]})(tmp_path / "odd.safetensors")
    with pytest.raises(TttlrmError, match=rf"odd\.safetensors describes an impossible network: its {name} is") as caught:
        load_checkpoint(tmp_path / "odd.safetensors")
    assert caught.value.code == "bad_checkpoint"


@pytest.mark.parametrize("write", [claiming, unlike(other=1), unlike(layers=3), unlike(dim=64), unlike(depth_range="log")])
def test_a_small_file_cannot_claim_a_large_network(tmp_path, write):
    write(tmp_path / "odd.safetensors")
    with pytest.raises(TttlrmError, match=r"odd\.safetensors"):
        load_checkpoint(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("training", ["{", "[1]", "null", "1"])
def test_a_record_that_is_none_is_a_sentence(tmp_path, training):
    save_file({"a": torch.zeros(1)}, tmp_path / "odd.safetensors", {"training": training})
    with pytest.raises(TttlrmError, match=r"odd\.safetensors is damaged"):
        training_record(tmp_path / "odd.safetensors")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TttlrmError, match=r"nowhere\.pt"):
        load_checkpoint(tmp_path / "nowhere.pt")


@pytest.mark.slow
def test_loading_a_checkpoint_leaves_the_compiler_alone():
    """It takes a second to load, and nothing needs it."""
    program = "import sys; from tttlrm_blender.model.checkpoint import load_checkpoint; load_checkpoint()"
    subprocess.run([sys.executable, "-c", f"{program}; sys.exit('torch._dynamo' in sys.modules)"], check=True)
