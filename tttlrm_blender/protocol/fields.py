# SPDX-License-Identifier: GPL-3.0-or-later
"""What a setting is: the values that it takes, and what people call it. A dataclass field carries both in its metadata.

Command lines, Blender's properties, the tables of the docs and the check of what comes over the wire all derive from this.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from reprlib import Repr
from sys import float_info
from typing import Any

from ..errors import Text, listed, text

LARGEST = float_info.max  # bound of numbers that need none but to be finite
SHORT = Repr()
SHORT.maxstring = SHORT.maxother = 60


class Refused(ValueError):
    """A value that a setting cannot have."""


@dataclass(frozen=True)
class Numbers:
    """Numbers from `least` to `most`, both included."""

    whole: bool
    least: float
    most: float
    soft_most: float | None = None  # where sliders end; larger ones can be typed
    unit: str = ""  # "share", "distance" in world units, "pixels" or "seconds"

    @property
    def expected(self) -> Text:
        """Which values these are."""
        if self.most == LARGEST:
            return text("a finite number")
        return text(
            "a whole number from {} to {}" if self.whole else "a number from {} to {}", *map(_short, (self.least, self.most))
        )

    def read(self, value: Any) -> int | float:
        """The value as it is kept. A bool is no number here. Raises `Refused`."""
        fits = type(value) is int or (type(value) is float and not self.whole)
        if not fits or not self.least <= value <= self.most:  # which NaN and infinities are not
            raise Refused
        return value if self.whole else float(value)


@dataclass(frozen=True)
class Several:
    """Lists of numbers: of any length, or as long as one of `counts`."""

    each: Numbers
    counts: tuple[int, ...] = ()

    @property
    def expected(self) -> Text:
        """Which values these are."""
        if not self.counts:
            return text("a list of values, each {}", self.each.expected)
        return text("a list of {} values, each {}", one_of(self.counts), self.each.expected)

    def read(self, value: Any) -> tuple[int | float, ...]:
        """The value as it is kept. Raises `Refused`."""
        if not isinstance(value, list | tuple) or (self.counts and len(value) not in self.counts):
            raise Refused
        return tuple(map(self.each.read, value))


@dataclass(frozen=True)
class Switch:
    """On or off."""

    @property
    def expected(self) -> Text:
        """Which values these are."""
        return text("true or false")

    def read(self, value: Any) -> bool:
        """The value as it is kept. Raises `Refused`."""
        if not isinstance(value, bool):
            raise Refused
        return value


@dataclass(frozen=True)
class Choice:
    """One of the values of a setting that has only a few."""

    identifier: str
    label: str
    description: str


@dataclass(frozen=True)
class Choices:
    """One of a few words."""

    items: tuple[Choice, ...]

    @property
    def identifiers(self) -> list[str]:
        """The words, in order."""
        return [item.identifier for item in self.items]

    @property
    def expected(self) -> Text:
        """Which values these are."""
        return one_of(self.identifiers)

    def read(self, value: Any) -> str:
        """The value as it is kept. Raises `Refused`."""
        if not isinstance(value, str) or value not in self.identifiers:
            raise Refused
        return value


@dataclass(frozen=True)
class Worded:
    """A text of a certain form, or none."""

    pattern: str
    example: str

    @property
    def expected(self) -> Text:
        """Which values these are."""
        return text("a text such as {}", self.example)

    def read(self, value: Any) -> str:
        """The value as it is kept. Raises `Refused`."""
        if not isinstance(value, str) or (value and not re.fullmatch(self.pattern, value, re.DOTALL)):
            raise Refused
        return value


@dataclass(frozen=True)
class FilePath:
    """The path of a file or folder, or one of some words."""

    words: tuple[str, ...]

    @property
    def expected(self) -> Text:
        """Which values these are."""
        return one_of([*(word for word in self.words if word), text("a path")])

    def read(self, value: Any) -> str:
        """The value as it is kept. Raises `Refused`."""
        if not isinstance(value, str):
            raise Refused
        return value


Values = Numbers | Several | Switch | Choices | Worded | FilePath


@dataclass(frozen=True)
class Setting:
    """What is known of a setting beside its name and its default, which are those of its field."""

    values: Values
    label: str  # as Blender's interface shows it
    description: str  # one line
    option: str = ""  # on command lines, without the leading dashes; some settings share one


@dataclass(frozen=True)
class Group:
    """What is known of a field that holds the settings of another dataclass."""

    kind: type
    optional: bool  # whether there may be none


def _setting(values: Values, default: Any, label: str, description: str, option: str) -> Any:
    return field(default=default, metadata={"setting": Setting(values, label, description, option)})


def number(
    default: float,
    least: float,
    most: float,
    label: str,
    description: str,
    *,
    soft_most: float | None = None,
    unit: str = "",
    option: str = "",
) -> Any:
    """A field for numbers, whole ones where the default is one."""
    return _setting(Numbers(isinstance(default, int), least, most, soft_most, unit), default, label, description, option)


def several(each: Numbers, counts: tuple[int, ...], label: str, description: str) -> Any:
    """A field for a list of numbers, none by default."""
    return _setting(Several(each, counts), (), label, description, "")


def switch(default: bool, label: str, description: str, *, option: str = "") -> Any:
    """A field for what is on or off."""
    return _setting(Switch(), default, label, description, option)


def choice(default: str, label: str, description: str, items: Sequence[Choice]) -> Any:
    """A field for one of some words."""
    return _setting(Choices(tuple(items)), default, label, description, "")


def worded(label: str, description: str, pattern: str, example: str) -> Any:
    """A field for a text that matches a pattern as a whole, or none, which is the default."""
    return _setting(Worded(pattern, example), "", label, description, "")


def path(default: str, label: str, description: str, *words: str) -> Any:
    """A field for a file or folder; the default and the words name none."""
    return _setting(FilePath((default, *words)), default, label, description, "")


def group(kind: type, optional: bool = False) -> dict[str, Group]:
    """The metadata of a field for the settings of another dataclass, which are `optional` where it may be None."""
    return {"setting": Group(kind, optional)}


def describe(kind: type) -> dict[str, Setting | Group]:
    """What is known of the settings of a dataclass, by name and in order."""
    return {each.name: each.metadata["setting"] for each in fields(kind)}


def one_of(words: Sequence[object]) -> Text:
    """A, B or C."""
    return text("{} or {}", listed(words[:-1]), words[-1]) if len(words) > 1 else listed(words)


def _short(value: float) -> int | float:
    """The number without a fraction where it has none."""
    return int(value) if value == int(value) else value


def brief(value: Any) -> str:
    """A value in a sentence, cut off where it is long."""
    return "a huge number" if isinstance(value, int) and abs(value) > 1 << 64 else SHORT.repr(value)
