# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by a whole Blender that has the extension: its texts are German where Blender is, and gone with it."""

from importlib import import_module

import bpy
from bpy.app.translations import pgettext_iface

MODULE = "bl_ext.user_default.tttlrm"
GERMAN = ("de", "de_DE")  # as Blenders name it


def choose_german() -> None:
    """Raises `RuntimeError` where this Blender has no German."""
    view = bpy.context.preferences.view
    for name in GERMAN:
        try:
            view.language = name
        except TypeError:
            continue
        view.use_translate_interface = view.use_translate_tooltips = view.use_translate_reports = True
        return
    raise RuntimeError("This Blender has no German.")


def main() -> None:
    """The table in all contexts, filled texts, and what an operator reports."""
    choose_german()
    translations = import_module(f"{MODULE}.operators.translations")
    for (context, english), other in translations.tables()["de"].items():
        told = pgettext_iface(english, context)
        assert told == other or told != english, (context, english)  # Blender's own words come first
    assert translations.shown("Reconstruct {}", translations.shown("{} Photos", 12)) == "12 Fotos rekonstruieren"
    assert pgettext_iface(bpy.types.TTTLRM_PT_decode.bl_label) == "Aussehen"
    bpy.context.scene.tttlrm.source.kind = "SELECTED"
    try:
        bpy.ops.tttlrm.reconstruct()
    except RuntimeError as error:
        assert "Es sind keine Fotos ausgewählt. Leerobjekte mit Bild" in str(error), error
    else:
        raise AssertionError("Nothing cannot be reconstructed.")
    errors = import_module(f"{MODULE}.tttlrm_blender.errors")
    lost = errors.TttlrmError(
        "There is no mesh: {}", errors.text("{} ends too early.", "a.ply"), hint=errors.text("Choose {} to {}.", 2, 3)
    )
    assert translations.explained(lost) == "Es gibt kein Mesh: a.ply endet zu früh. 2 bis 3 wählen."
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert pgettext_iface("Reconstruct Again", "Operator") == "Reconstruct Again"
    print("Everything is German")


main()
