# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide shows the pictures that its journey takes: all of them, and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST = 1_500_000  # bytes, of all pictures: they travel in the extension


def test_the_guide_shows_what_the_journey_takes():
    journey = (ROOT / "tools" / "inside" / "guide.py").read_text("utf-8")
    taken = ["".join(names) for names in re.findall(r'self\.(?:(?:shot|picture)\("(\w+)"\)|watch\("(\w+)", )', journey)]
    shown = re.findall(r"\]\(guide/(\w+)\.jpg\)", (ROOT / "docs" / "guide.md").read_text("utf-8"))
    kept = [file.stem for file in (ROOT / "docs" / "guide").iterdir()]
    assert len(taken) > 10 and taken == shown and sorted(taken) == sorted(kept)


def test_the_pictures_are_small():
    assert sum(file.stat().st_size for file in (ROOT / "docs" / "guide").iterdir()) < LARGEST


def test_the_journey_names_modules_and_panels_that_exist():
    journey = "".join((ROOT / "tools" / "inside" / name).read_text("utf-8") for name in ("guide.py", "person.py"))
    panels = re.findall(r'"(\w+)\.(TTTLRM_PT_\w+)"', journey)
    modules = re.findall(r'import_module\(f"\{MODULE\}\.([\w.]+)"\)', journey)
    assert panels and modules
    for file, panel in panels:
        assert f"class {panel}(" in (ROOT / "operators" / "interface" / f"{file}.py").read_text("utf-8")
    for module in modules:
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists(), module


def test_the_journey_knows_previews_by_their_names():
    scene = ROOT / "operators" / "scene"
    name = "".join(re.findall(r'^PREVIEW = "(.+?)"', (ROOT / "tools" / "inside" / "person.py").read_text("utf-8"), re.MULTILINE))
    assert f'"{name}"' in (scene / "preview.py").read_text("utf-8")
    assert f'"{name} cameras"' in (scene / "frusta.py").read_text("utf-8")
