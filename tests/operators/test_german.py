# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong at the worker is told in the language of the interface.

The bpy module knows no languages: the German table stands in for them here.
"""

import os
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.operators.installed import part, reconstructed

ops = bpy.ops.tttlrm


@pytest.fixture
def translations(toy, monkeypatch) -> ModuleType:
    """A Blender that looks its texts up in the table."""
    module = part("translations")
    table = module.read_table(module.FOLDER / "de.po")
    for look_up in ("pgettext_rpt", "pgettext_iface"):
        monkeypatch.setattr(module, look_up, lambda english, *context: table.get(english, english))
    return module


def test_an_error(translations, splats):
    failures, splats.tttlrm.session = part("jobs.failures"), "gone"
    with pytest.raises(
        RuntimeError, match=r"Der Worker hat diese Szene nicht \(mehr\)\. Sie aus ihren Fotos erneut rekonstruieren\."
    ):
        ops.mesh()
    assert failures.text(failures.of(splats)).startswith("Der Worker auf diesem Rechner hat diese Szene nicht.")


def test_a_note(translations, photos, capfd):
    group = bpy.context.scene.tttlrm
    group.with_mesh, group.mesh.voxel = True, 1000.0
    reconstructed(photos)
    assert "Es gibt kein Mesh: the voxels are too large." in capfd.readouterr().out


def test_what_keeps_another_operator_from_starting_is_no_text_of_blenders(translations, tmp_path):
    """The one that was called first tells it, once."""
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(RuntimeError) as caught:
        ops.drop(directory=str(tmp_path), files=[{"name": "film.mp4"}])
    assert str(caught.value).count("Error") == 1 and f"{tmp_path / 'film.mp4'} gibt es nicht" in str(caught.value)


def test_what_a_file_lacks(translations, tmp_path):
    (tmp_path / "a.ply").write_text("no ply")
    with pytest.raises(RuntimeError, match=r"a\.ply ist keine PLY-Datei, oder der Kopf ist beschädigt"):
        ops.import_splats(filepath=str(tmp_path / "a.ply"))


def test_what_is_in_an_error_is_translated_too(translations):
    errors, messages = part("engine").errors, part("engine").messages
    size = errors.text("The size of the photo {} has changed.", Path("images", "a.jpg"))
    error = errors.TttlrmError("There is no mesh: {}", size, hint=errors.text("Choose {} to {}.", 2, 4.5))
    ((number, message),) = [messages.Decoder(0).feed(frame) for frame in messages.encode(3, messages.Failed.of(error))]
    assert number == 3
    assert translations.explained(message.error()) == (
        f"Es gibt kein Mesh: Die Größe des Fotos images{os.sep}a.jpg hat sich geändert. 2 bis 4.5 wählen."
    )


def test_what_is_not_in_the_table_is_told_in_english(translations):
    assert translations.worded(part("engine").errors.text("A newer worker says {}.", "this")) == "A newer worker says this."
