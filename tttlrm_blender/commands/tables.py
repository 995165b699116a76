# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of figures of several data sets, and their mean."""

from __future__ import annotations

from typing import Any


def mean_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of every figure that all rows have, including nested ones such as the seconds of stages."""
    shared = [name for name in rows[0] if all(name in row for row in rows)]
    return {name: _mean([row[name] for row in rows]) for name in shared}


def table(rows: dict[str, dict[str, Any]]) -> str:
    """A table of figures with a row for each data set."""
    width = max(6, *map(len, rows))
    perceptual = any("lpips" in row for row in rows.values())
    head = f"{'photos':{width}}  views   splats    PSNR   SSIM{'  LPIPS' if perceptual else ''}  seconds"
    return "\n".join([head, *(_row(f"{name:{width}}", row) for name, row in rows.items())])


def _mean(values: list[Any]) -> Any:
    if isinstance(values[0], dict):
        return mean_of(values)
    return values[0] if all(value == values[0] for value in values) else sum(values) / len(values)


def _row(name: str, row: dict[str, Any]) -> str:
    spent = sum(row["seconds"].values())
    perceptual = f"  {row['lpips']:5.3f}" if "lpips" in row else ""
    return f"{name}  {row['views']:5.0f}  {row['splats']:7.0f}  {row['psnr']:6.2f}  {row['ssim']:.3f}{perceptual}  {spent:7.1f}"
