# SPDX-License-Identifier: GPL-3.0-or-later
"""Splat files of either format by their suffix."""

import numpy as np
import pytest

from tttlrm_blender.errors import TttlrmError
from tttlrm_blender.gaussians.files import read_splats, write_splats


@pytest.mark.parametrize(("name", "magic"), [("a.ply", b"ply"), ("a.SPZ", b"\x1f\x8b")])
def test_the_suffix_chooses_the_format(tmp_path, random_splats, name, magic):
    splats = random_splats(20)
    write_splats(tmp_path / name, splats)
    assert (tmp_path / name).read_bytes().startswith(magic)
    np.testing.assert_allclose(read_splats(tmp_path / name).means, splats.means, atol=1e-5)


def test_other_suffixes_are_refused(tmp_path, random_splats):
    for attempt in (lambda path: read_splats(path), lambda path: write_splats(path, random_splats(1))):
        with pytest.raises(TttlrmError, match=r"a\.obj is no splat file"):
            attempt(tmp_path / "a.obj")
    assert not list(tmp_path.iterdir())
