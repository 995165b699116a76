# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that a person can act on, and their texts: templates with values, translated before they are filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

FIELD = re.compile(r"\{(!r)?(?::(,?(?:\.\d)?[dfg%]?))?\}")  # the only fields: none reaches inside a value


@dataclass(frozen=True)
class Text:
    """An English template with a field such as `{}`, `{!r}` or `{:.1f}` for each value; a value can itself be a text.

    `str(text)` is finished English. Made with `text`.
    """

    template: str = ""
    values: tuple[str | int | float | Path | Text, ...] = ()

    def with_values(self, change: Callable[[str | int | float | Path], str | int | float | Path | Text]) -> Text:
        """The text with every value changed, in nested texts too."""
        values = (value.with_values(change) if isinstance(value, Text) else change(value) for value in self.values)
        return Text(self.template, tuple(values))

    def __bool__(self) -> bool:
        """Whether the text is not empty."""
        return bool(self.template)

    def __str__(self) -> str:
        return self.worded(str)

    def worded(self, translate: Callable[[str], str]) -> str:
        """The finished text, after translating its template and those of nested texts. Never raises, whatever they contain."""
        values = (value.worded(translate) if isinstance(value, Text) else value for value in self.values)
        return FIELD.sub(lambda field: _filled(field, values), translate(self.template))


def text(template: str, *values: object) -> Text:
    """A text from a constant template and its values; values other than texts, paths and numbers become strings."""
    return Text(template, tuple(map(_kept, values)))


def listed(values: Sequence[object], between: str = ", ") -> Text:
    """One text of several texts or other values in a row."""
    return Text(between.join(["{}"] * len(values)), tuple(map(_kept, values)))


def as_text(words: str | Text) -> Text:
    """A text, or a template without values as one."""
    return words if isinstance(words, Text) else Text(words)


def _kept(value: object) -> str | int | float | Path | Text:
    if isinstance(value, Text | Path):
        return value
    if isinstance(value, OSError) and value.strerror:  # without its path
        return value.strerror
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    return int(value) if isinstance(value, Integral) else float(value)


def _filled(field: re.Match[str], values: Iterator[str | int | float | Path]) -> str:
    for value in values:
        plain = str(value) if isinstance(value, Path) else value
        try:
            return repr(plain) if field[1] else format(plain, field[2] or "")
        except (ValueError, OverflowError):  # a number's format for something else
            return str(plain)
    return field[0]


class TttlrmError(Exception):
    """A failure in two sentences: what happened and to which file, and what to do about it.

    `text` and `advice` are the two as templates with values, `sentence` and `hint` as finished English. `code` is a stable
    name that programs may branch on ("bad_photo", "no_poses", "bad_checkpoint", …).
    """

    def __init__(self, template: str | Text, *values: object, hint: str | Text = "", code: str = "failed") -> None:
        """`template` is a constant English string with a field for each of `values`, as in `Text`."""
        self.text = template if isinstance(template, Text) else text(template, *values)
        self.advice, self.code = as_text(hint), code
        super().__init__(self.text)

    @property
    def words(self) -> Text:
        """Both sentences as one text."""
        return text("{} {}", self.text, self.advice) if self.advice else self.text

    @property
    def sentence(self) -> str:
        """What happened, in English."""
        return str(self.text)

    @property
    def hint(self) -> str:
        """What to do about it, in English, or an empty string."""
        return str(self.advice)

    def __str__(self) -> str:
        return str(self.words)


def bad_splats(template: str, path: Path, *values: object, hint: str = "") -> TttlrmError:
    """The error for a file of splats, or a GLB file, that cannot be read."""
    return TttlrmError(template, path, *values, hint=hint, code="bad_splats")


class Cancelled(Exception):
    """A running job was canceled."""


# Parts of the messages of CUDA, torch, C++ and oneDNN.
SHORTAGE = ("out of memory", "can't allocate memory", "bad_alloc", "ALLOC_FAILED", "could not create a primitive")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that main memory or an accelerator's memory ran out."""
    says_so = isinstance(error, RuntimeError) and any(words in str(error) for words in SHORTAGE)
    return says_so or isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
