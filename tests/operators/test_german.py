# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong at the worker is told in the language of the interface.

The bpy module knows no languages: the German table stands in for them here.
"""

from pathlib import Path

import bpy
import pytest

import operators
from operators.engine import errors, messages
from operators.jobs import troubles, worker
from operators.jobs.chosen_worker import Worker
from tests.operators.photos import save_photo
from tests.operators.worker_python import WORKER_PYTHON

pytestmark = pytest.mark.usefixtures("registered")

translations = operators.translations
ops = bpy.ops.tttlrm


@pytest.fixture(autouse=True)
def german(registered, toy_workers, monkeypatch) -> None:
    """An empty scene, a worker that is a toy, and a Blender that looks its texts up in the table."""
    bpy.ops.wm.read_homefile(use_empty=True)
    monkeypatch.setattr(worker, "chosen_worker", lambda: Worker(python=Path(WORKER_PYTHON)))
    table = translations.read_table(translations.FOLDER / "de.po")
    for look_up in ("pgettext_rpt", "pgettext_iface"):
        monkeypatch.setattr(translations, look_up, lambda english, *context: table.get(english, english))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return save_photo(tmp_path / "1.png").parent


def test_an_error(photos):
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    splats = bpy.context.object
    splats.tttlrm.session = "gone"
    with pytest.raises(RuntimeError, match=r"Der Worker kennt diese Szene nicht \(mehr\)\. Sie aus ihren Fotos rekonstruieren\."):
        ops.mesh()
    assert troubles.text(troubles.of(splats)).startswith("Der Worker auf diesem Rechner hat diese Szene nicht.")


def test_a_note(photos, capfd):
    group = bpy.context.scene.tttlrm
    group.with_mesh, group.mesh.voxel = True, 1000.0
    assert ops.reconstruct(directory=str(photos)) == {"FINISHED"}
    assert "Es gibt kein Mesh: the voxels" in capfd.readouterr().out


def test_what_is_in_an_error_is_translated_too():
    size = errors.text("The photo {} has another size than it had before.", Path("images", "a.jpg"))
    error = errors.TttlrmError("There is no mesh: {}", size, hint=errors.text("Choose {} to {}.", 2, 4.5))
    ((number, message),) = [messages.Decoder(0).feed(frame) for frame in messages.encode(3, messages.Failed.of(error))]
    assert number == 3
    assert translations.explained(message.error()) == (
        "Es gibt kein Mesh: Das Foto images/a.jpg hat eine andere Größe als zuvor. 2 bis 4.5 wählen."
    )


def test_what_is_not_in_the_table_is_told_in_english():
    assert translations.worded(errors.text("A newer worker says {}.", "this")) == "A newer worker says this."
