# SPDX-License-Identifier: GPL-3.0-or-later
"""LPIPS and VGG16's features against a plain step-by-step computation, with random weights."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.render.perceptual import Lpips, VggFeatures

from .vgg import CHANNELS, random_weights, write_weights

TAPPED = (2, 7, 14, 21, 28)  # convolutions whose results, once positive, are the features


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return random_weights()


@pytest.fixture(scope="module")
def file(weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights") / "lpips.safetensors", weights)


@pytest.fixture(scope="module")
def lpips(file: Path) -> Lpips:
    return Lpips(file)


@pytest.fixture(scope="module")
def pair() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    first, second = torch.rand(2, 2, 34, 40, 3, generator=generator)
    return first, second


def plain_features(weights: dict[str, Tensor], images: Tensor) -> list[Tensor]:
    """The features of LPIPS's own recipe: to -1…1, shift, scale, convolve."""
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x = ((images * 2 - 1 - shift) / scale).permute(0, 3, 1, 2)
    found = []
    for index in CHANNELS:
        x = F.relu(F.conv2d(x, weights[f"features.{index}.weight"], weights[f"features.{index}.bias"], padding=1))
        if index in TAPPED:
            found.append(x)
            x = F.max_pool2d(x, 2, 2)
    return found


def plain_lpips(weights: dict[str, Tensor], pictures: Tensor, photos: Tensor) -> Tensor:
    total = torch.zeros(len(pictures))
    for index, (x, y) in enumerate(zip(plain_features(weights, pictures), plain_features(weights, photos), strict=True)):
        x, y = (f / (f.square().sum(1, keepdim=True).sqrt() + 1e-10) for f in (x, y))
        weighted = (x - y) ** 2 * weights[f"lin{index}.model.1.weight"]
        total += weighted.sum(1).flatten(1).mean(1)
    return total


def test_lpips_is_that_of_the_recipe(lpips: Lpips, weights: dict[str, Tensor], pair: tuple[Tensor, Tensor]) -> None:
    torch.testing.assert_close(lpips(*pair), plain_lpips(weights, *pair), rtol=1e-4, atol=1e-6)
    assert (lpips(*pair) > 0.01).all()


def test_equal_pictures_are_at_no_distance(lpips: Lpips, file: Path, pair: tuple[Tensor, Tensor]) -> None:
    assert lpips(pair[0], pair[0]).tolist() == [0, 0]
    assert VggFeatures(file)(pair[0], pair[0]).tolist() == [0, 0]


def test_the_loss_is_the_mean_distance_of_features(file: Path, weights: dict[str, Tensor], pair: tuple[Tensor, Tensor]) -> None:
    first, second = (plain_features(weights, images) for images in pair)
    expected = sum((x - y).abs().flatten(1).mean(1) for x, y in zip(first, second, strict=True)) / 5
    torch.testing.assert_close(VggFeatures(file)(*pair), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", [VggFeatures, Lpips])
def test_pictures_get_gradients_and_weights_do_not(file: Path, kind: type[VggFeatures], pair: tuple[Tensor, Tensor]) -> None:
    network, picture = kind(file), torch.zeros(1, 16, 16, 3, requires_grad=True)  # also where all features are the same
    network(picture, pair[1][:1, :16, :16]).sum().backward()
    assert picture.grad is not None and picture.grad.isfinite().all() and picture.grad.any()
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_features_alone_are_enough_for_the_loss_only(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    features = {name: value for name, value in weights.items() if name.startswith("features")}
    torch.save(features | {"classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg16.pth")
    VggFeatures(tmp_path / "vgg16.pth")
    with pytest.raises(TttlrmError, match=r"vgg16\.pth lacks .* lin0\.model\.1\.weight is missing; .*; and 2 more\.") as caught:
        Lpips(tmp_path / "vgg16.pth")
    assert caught.value.code == "bad_weights"


def test_the_lpips_packages_own_names(
    tmp_path: Path, lpips: Lpips, weights: dict[str, Tensor], pair: tuple[Tensor, Tensor]
) -> None:
    """Layers are numbered continuously across its five slices."""
    own = {name.replace("features.", f"net.slice{1 + at % 5}."): value for at, (name, value) in enumerate(weights.items())}
    torch.save(own, tmp_path / "lpips.pt")
    torch.testing.assert_close(Lpips(tmp_path / "lpips.pt")(*pair), lpips(*pair))


def test_a_wrong_shape_is_named(tmp_path: Path, weights: dict[str, Tensor]) -> None:
    file = write_weights(tmp_path / "other.safetensors", weights | {"features.5.weight": torch.zeros(1, 2)})
    with pytest.raises(TttlrmError, match=r"features\.5\.weight is \[1, 2\] instead of \[128, 64, 3, 3\]\."):
        VggFeatures(file)


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x02]q\x00."])
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TttlrmError, match=rf"{name} cannot be read as weights"):
        Lpips(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TttlrmError, match=r"There are no weights at .*a\.pt\. See docs/evaluation\.md"):
        Lpips(tmp_path / "a.pt")


def test_tiny_pictures_are_refused(lpips: Lpips) -> None:
    with pytest.raises(TttlrmError, match="Pictures of 20×15 pixels are too small"):
        lpips(torch.zeros(1, 15, 20, 3), torch.zeros(1, 15, 20, 3))
