# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of many photo sets, read from their folders: `report.csv`, `report.json` and contact sheets.

Folders may come from many tasks, on different machines; whoever ends last has seen all of them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..engine import files
from ..scene.pictures import write_picture
from . import contact_sheet
from .result import EARLY, PHOTO, PREVIEW, Task

TABLE, JSON, SHEET = "report.csv", "report.json", "contact_sheet.jpg"
STAGES = ("load", "encode", "decode", "refine", "mesh")
COLUMNS = (
    "set", "state", "psnr", "set_aside", "steps", "held_out_psnr", "held_out_ssim", "splats", "photos", "mesh", "seconds",
    *(f"{stage}_seconds" for stage in STAGES), "judges", "notes", "why",
)  # fmt: skip


def write(out: Path, tasks: Iterable[Task]) -> None:
    """Write the table and the contact sheets of all sets that are done or failed. Raises `TttlrmError`."""
    known = [(task, row) for task in tasks if (row := _row(task))]
    if not known:
        return
    rows = [row for _, row in known]
    _write_text(out / TABLE, _table(rows))
    _write_text(out / JSON, json.dumps(rows, indent=1, ensure_ascii=False))
    _write_sheets(out, [_entry(task, row) for task, row in known])


def _row(task: Task) -> dict[str, Any] | None:
    """What is known of a set; None for one that nobody has done yet."""
    report, why = task.report, task.failure
    if report is None:
        return {"set": task.name, "state": "failed", "why": why} if why else None
    refinement, seconds = report.get("refinement") or {}, report.get("seconds") or {}
    state = "failed" if why else "ended early" if report.get(EARLY) else "converted"
    times = {f"{stage}_seconds": round(seconds[stage], 1) for stage in STAGES if stage in seconds}
    return {
        "set": task.name,
        "state": state,
        "psnr": _rounded(refinement.get("psnr"), 2),
        "set_aside": refinement.get("set_aside"),
        "steps": refinement.get("steps", 0),
        "held_out_psnr": _rounded(report.get("psnr"), 2),
        "held_out_ssim": _rounded(report.get("ssim"), 3),
        "splats": report.get("splats"),
        "photos": report.get("views"),
        "mesh": (task.out / "mesh.glb").exists(),
        "seconds": round(sum(seconds.values()), 1),
        **times,
        "judges": refinement.get("judges", []),
        "notes": report.get("notes", []),
        "why": why,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: " | ".join(value) if isinstance(value, list) else value for name, value in row.items()})
    return text.getvalue()


def _entry(task: Task, row: dict[str, Any]) -> contact_sheet.Entry:
    return contact_sheet.Entry(task.name, _words(row), task.out / PHOTO, task.out / PREVIEW, row["why"])


def _words(row: dict[str, Any]) -> str:
    """A line about a result."""
    if "splats" not in row:
        return "failed"
    minutes, seconds = divmod(round(row["seconds"]), 60)
    psnr = row["psnr"] or row["held_out_psnr"]
    parts = [
        f"{psnr:.1f} dB" if psnr else "no PSNR",
        f"{row['steps']:,} steps" if row["steps"] else "draft",
        f"{row['splats']:,} splats",
        f"{minutes}:{seconds:02} min",
        *(["no mesh"] if not row["mesh"] else []),
        *([row["state"]] if row["state"] != "converted" else []),
    ]
    return " · ".join(parts)


def _write_sheets(out: Path, entries: Sequence[contact_sheet.Entry]) -> None:
    """Write `contact_sheet.jpg`, and for many sets `contact_sheet-2.jpg` and so on; older ones beyond these go."""
    count = 0
    for count, page in enumerate(contact_sheet.pages(entries), 1):
        write_picture(_sheet(out, count), page)
    while (older := _sheet(out, count + 1)).exists():
        older.unlink(missing_ok=True)  # another task may do the same
        count += 1


def _sheet(out: Path, number: int) -> Path:
    path = out / SHEET
    return path if number == 1 else path.with_stem(f"{path.stem}-{number}")


def _write_text(path: Path, text: str) -> None:
    with files.replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
