# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that a person can act on, and the texts that tell about them: templates with values, so that whoever shows a
text can translate the template before it is filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

FIELD = re.compile(r"\{(!r)?(?::(,?(?:\.\d)?[dfg%]?))?\}")  # the only fields: they reach nothing inside of a value


@dataclass(frozen=True)
class Text:
    """English with a field such as `{}`, `{!r}` or `{:.1f}` for each value; a value can be a text in turn.

    `str(text)` is finished English. Made with `text`.
    """

    template: str = ""
    values: tuple[str | int | float | Path | Text, ...] = ()

    def with_values(self, change: Callable[[str | int | float | Path], str | int | float | Path | Text]) -> Text:
        """The text with other values, also in the texts in it."""
        values = (value.with_values(change) if isinstance(value, Text) else change(value) for value in self.values)
        return Text(self.template, tuple(values))

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.template)

    def __str__(self) -> str:
        return self.worded(str)

    def worded(self, translate: Callable[[str], str]) -> str:
        """The finished text, its template and those of texts in it translated first. Never raises, whatever the template is."""
        values = (value.worded(translate) if isinstance(value, Text) else value for value in self.values)
        return FIELD.sub(lambda field: _filled(field, values), translate(self.template))


def text(template: str, *values: object) -> Text:
    """A text of a constant template and its values; other values than texts, paths and numbers are kept as their words."""
    return Text(template, tuple(map(_kept, values)))


def listed(values: Sequence[object], between: str = ", ") -> Text:
    """Texts and other values one after the other."""
    return Text(between.join(["{}"] * len(values)), tuple(map(_kept, values)))


def as_text(words: str | Text) -> Text:
    """A text that has no values may be given as its template alone."""
    return words if isinstance(words, Text) else Text(words)


def _kept(value: object) -> str | int | float | Path | Text:
    if isinstance(value, Text | Path):
        return value
    if isinstance(value, OSError) and value.strerror:  # without the path that it may have
        return value.strerror
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    return int(value) if isinstance(value, Integral) else float(value)


def _filled(field: re.Match[str], values: Iterator[str | int | float | Path]) -> str:
    for value in values:
        plain = str(value) if isinstance(value, Path) else value
        try:
            return repr(plain) if field[1] else format(plain, field[2] or "")
        except (ValueError, OverflowError):  # a number's field with something else in it
            return str(plain)
    return field[0]


class TttlrmError(Exception):
    """What happened and to which file, as one sentence, and what to do about it, as another.

    `text` and `advice` are the two as templates with values, `sentence` and `hint` as finished English. `code` is the stable
    name that programs may branch on ("bad_photo", "no_poses", "bad_checkpoint", …).
    """

    def __init__(self, template: str | Text, *values: object, hint: str | Text = "", code: str = "failed") -> None:
        """`template` is a constant of the sources, in English with a field for each of `values`, as in `Text`."""
        self.text = template if isinstance(template, Text) else text(template, *values)
        self.advice, self.code = as_text(hint), code
        super().__init__(self.text)

    @property
    def words(self) -> Text:
        """All that it says, as one text."""
        return text("{} {}", self.text, self.advice) if self.advice else self.text

    @property
    def sentence(self) -> str:
        """What happened, in English."""
        return str(self.text)

    @property
    def hint(self) -> str:
        """What to do about it, in English; empty where there is nothing to do."""
        return str(self.advice)

    def __str__(self) -> str:
        return str(self.words)


def bad_splats(template: str, path: Path, *values: object, hint: str = "") -> TttlrmError:
    """The error for a file of splats, or a GLB file, that cannot be read."""
    return TttlrmError(template, path, *values, hint=hint, code="bad_splats")


class Cancelled(Exception):
    """The person asked a running job to stop."""


# In what CUDA, torch, C++ and oneDNN say of it.
SHORTAGE = ("out of memory", "can't allocate memory", "bad_alloc", "ALLOC_FAILED", "could not create a primitive")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, the processor's or an accelerator's."""
    told = isinstance(error, RuntimeError) and any(words in str(error) for words in SHORTAGE)
    return told or isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
