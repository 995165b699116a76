# SPDX-License-Identifier: GPL-3.0-or-later
"""Results there and back through the codec, and what it refuses."""

import json
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.worker.small_worker import splats
from tttlrm_blender.errors import TttlrmError, text
from tttlrm_blender.gaussians.gaussians import Gaussians, allocate
from tttlrm_blender.pipeline.jobs import JOBS
from tttlrm_blender.protocol import kinds, results
from tttlrm_blender.protocol.codec import decode, encode
from tttlrm_blender.protocol.messages import Done
from tttlrm_blender.setup import CheckupResult, SetupResult

numbers = st.floats(-1e6, 1e6)
singles = st.floats(-1e6, 1e6, width=32)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
files = hnp.arrays(np.uint8, st.integers(0, 9))
figures = st.builds(results.Figures, numbers, numbers)
photo_figures = st.builds(results.PhotoFigures, st.dictionaries(texts, numbers, max_size=3), st.lists(texts, max_size=2))
refinements = st.builds(
    results.Refinement, st.integers(0, 1 << 40), st.integers(0, 8), st.none() | numbers, st.none() | numbers, st.booleans()
)


def floats(*shape: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float32, shape, elements=singles)


@st.composite
def gaussians(draw: st.DrawFn) -> Gaussians:
    count, terms = draw(st.integers(0, 4)), draw(st.sampled_from(results.TERMS))
    return Gaussians(*(draw(floats(count, *shape)) for shape in ((3,), (4,), (3,), (), (terms, 3))))


@st.composite
def cameras(draw: st.DrawFn) -> results.CameraTable:
    names = draw(st.lists(texts, min_size=1, max_size=4))
    doubles = (hnp.arrays(np.float64, (len(names), *shape), elements=numbers) for shape in ((4, 4), (4,)))
    sizes = hnp.arrays(np.int64, (len(names), 2), elements=st.integers(1, 1 << 40))
    return results.CameraTable(names, *(draw(part) for part in doubles), draw(sizes), draw(st.none() | sizes))


@st.composite
def surfaces(draw: st.DrawFn) -> results.Surface:
    vertices, faces = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    indices = hnp.arrays(np.int32, (faces, 3), elements=st.integers(0, 9))
    parts = [draw(part) for part in (floats(vertices, 3), indices, floats(vertices, 3), files)]
    return results.Surface(*parts, *draw(st.sampled_from([(None, None), (np.zeros((faces, 3, 2), np.float32), parts[3])])))


PARTS = {
    results.ReconstructResult: st.builds(
        results.ReconstructResult,
        gaussians(),
        cameras(),
        st.integers(0, 1 << 60),
        st.dictionaries(texts, st.floats(0, 1e6), max_size=3),
        *[st.none() | figures] * 3,
        st.none() | surfaces(),
        st.just({}),
        st.none() | refinements,
        st.none() | photo_figures,
    ),
    results.PosesResult: st.builds(results.PosesResult, cameras()),
    results.ExportResult: st.builds(results.ExportResult, files),
    results.DecodeResult: st.builds(results.DecodeResult, gaussians(), st.none() | figures),
    results.RefineResult: st.builds(
        results.RefineResult,
        gaussians(),
        *[st.none() | figures] * 2,
        st.none() | refinements,
        st.none() | photo_figures,
    ),
    results.MeshResult: st.builds(results.MeshResult, surfaces()),
    results.BakeResult: st.builds(results.BakeResult, st.dictionaries(texts, files)),
    results.RenderResult: st.builds(
        results.RenderResult,
        st.dictionaries(texts, hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2).map(lambda s: (*s, 3)))),
    ),
    results.Nothing: st.builds(results.Nothing),
    SetupResult: st.builds(SetupResult, *[texts] * 4),
    CheckupResult: st.builds(CheckupResult, st.lists(texts), st.booleans()),
}


def assert_same(one: Any, other: Any) -> None:
    """Dataclasses with the same values, of the same types."""
    assert type(one) is type(other)
    if is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            assert_same(one[name], other[name])
    else:
        assert one == other


def test_the_results_of_all_jobs_are_tried():
    told = [kind for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)]
    assert {job.kind for job in JOBS.values()} == set(told) and {kind.result for kind in told} <= set(PARTS)


@given(st.one_of([PARTS[kind] for kind in PARTS]))
def test_every_result_is_read_as_it_was_written(result):
    info, arrays = encode(result)
    assert_same(decode(type(result), json.loads(json.dumps(info, allow_nan=False)), arrays), result)


def test_what_travels_has_the_names_that_it_has_in_files():
    table = results.CameraTable(["a"], np.eye(4)[None], np.ones((1, 4)), np.array([[4, 3]]))
    surface = results.Surface(*(np.zeros((1, 3), kind) for kind in ("f4", "i4", "f4")), glb=np.zeros(5, np.uint8))
    result = results.ReconstructResult(splats(2), table, 1, {"load": 0.5}, results.Figures(20.0, 0.5), mesh=surface)
    info, arrays = encode(result)
    assert info == {
        "gaussians": {"antialiased": False},
        "cameras": {"names": ["a"], "c2w": np.eye(4)[None].tolist(), "intrinsics": [[1.0] * 4], "sizes": [[4, 3]]},
        "views": 1,
        "seconds": {"load": 0.5},
        "figures": {"psnr": 20.0, "ssim": 0.5},
    }
    splat = [f"gaussians.{part}" for part in ("means", "quats", "scales", "opacities", "sh")]
    assert list(arrays) == [*splat, *(f"mesh.{part}" for part in ("vertices", "faces", "colors", "glb"))]
    assert list(encode(results.RenderResult({"a.png": np.zeros((1, 1, 3), np.uint8)}))[1]) == ["image.a.png"]


def test_a_report_says_all_but_cameras_and_arrays():
    table = results.CameraTable(["a"], np.eye(4)[None], np.ones((1, 4)), np.array([[4, 3]]))
    plain = results.ReconstructResult(splats(2), table, 1, {"load": 0.5})
    assert plain.report() == {"views": 1, "seconds": {"load": 0.5}, "splats": 2}
    some = [results.Figures(float(number), 0.5) for number in range(3)]
    refined = results.ReconstructResult(splats(2), table, 1, {"refine": 0.5}, *some)
    assert refined.report() == {
        "decoded": {"psnr": 1.0, "ssim": 0.5},
        "views": 1,
        "seconds": {"refine": 0.5},
        "psnr": 0.0,
        "ssim": 0.5,
        "exposed": {"psnr": 2.0, "ssim": 0.5},
        "splats": 2,
    }


def test_a_report_says_what_drew_and_why_nothing_better_did():
    table = results.CameraTable(["a"], np.eye(4)[None], np.ones((1, 4)), np.array([[4, 3]]))
    drawing = results.Drawing(text("WebGPU ({})", "Radeon"), not_cuda=text("PyTorch is built without CUDA."))
    report = results.ReconstructResult(splats(2), table, 1, {}, drawing=drawing).report()
    assert report["drawing"] == {"by": "WebGPU (Radeon)", "not_by": {"cuda": "PyTorch is built without CUDA."}}


def test_arrays_are_not_copied():
    many = allocate(5, 3).map(np.ascontiguousarray)
    arrays = encode(results.DecodeResult(many))[1]
    read = decode(results.DecodeResult, {}, arrays).gaussians
    for name, array in many.arrays().items():
        assert np.shares_memory(arrays[f"gaussians.{name}"], array) and getattr(read, name) is arrays[f"gaussians.{name}"]


@pytest.mark.parametrize("antialiased", [False, True])
def test_splats_tell_whether_they_are_antialiased(antialiased):
    values, arrays = encode(results.DecodeResult(replace(splats(2), antialiased=antialiased)))
    assert decode(results.DecodeResult, values, arrays).gaussians.antialiased == antialiased
    assert not decode(results.DecodeResult, {}, arrays).gaussians.antialiased


SPLATS = encode(results.DecodeResult(splats(2)))[1]
TABLE = encode(results.CameraTable(["a"], np.eye(4)[None], np.ones((1, 4)), np.array([[4, 3]])))[0]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "DecodeResult lacks 'gaussians'"),
        ({name: array for name, array in SPLATS.items() if name != "gaussians.sh"}, "Gaussians lacks 'sh'"),
        (SPLATS | {"gaussians.more": np.zeros(2)}, "DecodeResult has no arrays 'gaussians.more'"),
        (SPLATS | {"mesh.faces": np.zeros((2, 3), np.int32)}, "DecodeResult has no arrays 'mesh.faces'"),
        (SPLATS | {"gaussians.means": np.zeros((2, 3))}, "'means' is not <f4"),
        (SPLATS | {"gaussians.means": np.zeros(2, np.float32)}, "'means' is not <f4 of 2 axes"),
        (SPLATS | {"gaussians.means": np.zeros((3, 3), np.float32)}, r"'quats' has the shape \(2, 4\)"),
        (SPLATS | {"gaussians.quats": np.zeros((2, 3), np.float32)}, r"'quats' has the shape \(2, 3\)"),
        (SPLATS | {"gaussians.sh": np.zeros((2, 5, 3), np.float32)}, r"'sh' has the shape \(2, 5, 3\)"),
    ],
)
def test_arrays_that_are_no_splats_are_refused(arrays, words):
    assert_refused(results.DecodeResult, {}, arrays, words)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ([], "DecodeResult is not an object"),
        ({"splats": 2}, "DecodeResult has no 'splats'"),
        ({"gaussians": {"means": []}}, "Gaussians has no 'means'"),
        ({"figures": {"psnr": 1.0}}, "Figures lacks 'ssim'"),
        ({"figures": {"psnr": "1", "ssim": 1.0}}, "'psnr' is not of the type float"),
        ({"figures": {"psnr": True, "ssim": 1.0}}, "'psnr' is not of the type float"),
        ({"figures": {"psnr": None, "ssim": 1.0}}, "'psnr' is not of the type float"),
        ({"figures": 3}, "Figures is not an object"),
    ],
)
def test_values_of_other_names_or_types_are_refused(info, words):
    assert_refused(results.DecodeResult, info, SPLATS, words)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"names": "a"}, "'names' is not of the type list"),
        ({"names": [1]}, "'names' is not of the type str"),
        ({"names": ["a", "b"]}, "2 names of 1 cameras"),
        ({"c2w": [[1.0]]}, "'c2w' is not <f8 of 3 axes"),
        ({"c2w": [[[1.0] * 4] * 3]}, r"'c2w' has the shape \(1, 3, 4\)"),
        ({"c2w": [[[1.0] * 4] * 3 + [[1.0]]]}, "cannot be read"),
        ({"c2w": "0" * 16}, "'c2w' is not a table of numbers"),
        ({"intrinsics": [["1"] * 4]}, "'intrinsics' is not a table of numbers"),
        ({"intrinsics": [[1.0] * 4] * 2}, r"'intrinsics' has the shape \(2, 4\)"),
        ({"sizes": [[4.5, 3]]}, "'sizes' is not a table of numbers"),
        ({"sizes": [[1 << 63, 3]]}, "'sizes' is not a table of numbers"),
        ({"c2w": [[[float("nan")] * 4] * 4]}, "'c2w' is not a table of numbers"),
        ({"sizes": [[True, False]]}, "'sizes' is not a table of numbers"),
        ({"originals": {}}, "'originals' is not a table of numbers"),
    ],
)
def test_tables_that_are_no_cameras_are_refused(changed, words):
    assert_refused(results.PosesResult, {"cameras": TABLE | changed}, {}, words)


def assert_refused(kind: type, info: Any, arrays: dict[str, np.ndarray], words: str) -> None:
    with pytest.raises(TttlrmError, match=words) as caught:
        decode(kind, info, arrays)
    assert caught.value.code == "bad_message"


def test_whole_numbers_are_fractions_too():
    table = decode(results.CameraTable, TABLE | {"intrinsics": [[1, 2, 3, 4]]}, {})
    assert table.intrinsics.dtype == np.float64
    assert decode(results.Figures, {"psnr": 20, "ssim": 1}, {}) == results.Figures(20.0, 1.0)


@pytest.mark.parametrize("part", ["c2w", "intrinsics"])
def test_tables_without_numbers_are_not_sent(part):
    table = decode(results.CameraTable, TABLE, {})
    with pytest.raises(ValueError, match="is not a table of numbers"):
        encode(replace(table, **{part: np.full_like(getattr(table, part), np.inf)}))


def test_a_done_of_another_job_is_refused():
    done = Done.of(results.DecodeResult(splats(2)))
    assert len(done.result(results.DecodeResult).gaussians) == 2
    with pytest.raises(TttlrmError, match="cannot be read"):
        done.result(results.MeshResult)
