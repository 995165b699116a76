# SPDX-License-Identifier: GPL-3.0-or-later
"""Definition of settings: allowed values, label and description, kept in the metadata of dataclass fields.

Command lines, Blender's properties, the tables in the docs and the validation of received settings are derived from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from reprlib import Repr
from sys import float_info
from typing import Any

from ..errors import Text, listed, text

LARGEST = float_info.max  # bound of numbers that only have to be finite
SHORT = Repr()
SHORT.maxstring = SHORT.maxother = 60


class Refused(ValueError):
    """Raised for a value that a setting cannot have."""


@dataclass(frozen=True)
class Numbers:
    """Numbers from `least` to `most`, inclusive."""

    whole: bool
    least: float
    most: float
    soft_most: float | None = None  # end of sliders; larger values can be typed
    unit: str = ""  # "share", "distance" in world units, "pixels" or "seconds"

    @property
    def expected(self) -> Text:
        """Description of the allowed values."""
        if self.most == LARGEST:
            return text("a finite number")
        return text(
            "a whole number from {} to {}" if self.whole else "a number from {} to {}", *map(_short, (self.least, self.most))
        )

    def read(self, value: Any) -> int | float:
        """Convert a value to its stored form. Bools are not numbers. Raises `Refused`."""
        fits = type(value) is int or (type(value) is float and not self.whole)
        if not fits or not self.least <= value <= self.most:  # false for NaN and infinities
            raise Refused
        return value if self.whole else float(value)


@dataclass(frozen=True)
class Several:
    """Lists of numbers, of any length or of one of the lengths `counts`."""

    each: Numbers
    counts: tuple[int, ...] = ()

    @property
    def expected(self) -> Text:
        """Description of the allowed values."""
        if not self.counts:
            return text("a list of values, each {}", self.each.expected)
        return text("a list of {} values, each {}", one_of(self.counts), self.each.expected)

    def read(self, value: Any) -> tuple[int | float, ...]:
        """Convert a value to its stored form. Raises `Refused`."""
        if not isinstance(value, list | tuple) or (self.counts and len(value) not in self.counts):
            raise Refused
        return tuple(map(self.each.read, value))


@dataclass(frozen=True)
class Switch:
    """True or false."""

    @property
    def expected(self) -> Text:
        """Description of the allowed values."""
        return text("true or false")

    def read(self, value: Any) -> bool:
        """Convert a value to its stored form. Raises `Refused`."""
        if not isinstance(value, bool):
            raise Refused
        return value


@dataclass(frozen=True)
class Choice:
    """One choice of an enumeration."""

    identifier: str
    label: str
    description: str


@dataclass(frozen=True)
class Choices:
    """An enumeration of identifiers."""

    items: tuple[Choice, ...]

    @property
    def identifiers(self) -> list[str]:
        """The identifiers, in order."""
        return [item.identifier for item in self.items]

    @property
    def expected(self) -> Text:
        """Description of the allowed values."""
        return one_of(self.identifiers)

    def read(self, value: Any) -> str:
        """Convert a value to its stored form. Raises `Refused`."""
        if not isinstance(value, str) or value not in self.identifiers:
            raise Refused
        return value


@dataclass(frozen=True)
class Worded:
    """A text that matches a pattern, or an empty one."""

    pattern: str
    example: str

    @property
    def expected(self) -> Text:
        """Description of the allowed values."""
        return text("a text such as {}", self.example)

    def read(self, value: Any) -> str:
        """Convert a value to its stored form. Raises `Refused`."""
        if not isinstance(value, str) or (value and not re.fullmatch(self.pattern, value, re.DOTALL)):
            raise Refused
        return value


@dataclass(frozen=True)
class FilePath:
    """The path of a file or folder, or a reserved word."""

    words: tuple[str, ...]

    @property
    def expected(self) -> Text:
        """Description of the allowed values."""
        return one_of([*(word for word in self.words if word), text("a path")])

    def read(self, value: Any) -> str:
        """Convert a value to its stored form. Raises `Refused`."""
        if not isinstance(value, str):
            raise Refused
        return value


Values = Numbers | Several | Switch | Choices | Worded | FilePath


@dataclass(frozen=True)
class Off:
    """The value of a setting that is as good as none. Blender shows a check box instead of it, and another value beside that."""

    meaning: str  # completes "0 …", such as "for no limit"
    start: int | float | str  # the value at first, where the box is checked
    value: int | float | str = 0


@dataclass(frozen=True)
class Setting:
    """The definition of a setting, except its name and default, which are those of the field."""

    values: Values
    label: str  # as Blender's interface shows it
    description: str  # one line
    option: str = ""  # on command lines, without dashes; several settings may share one
    off: Off | None = None

    def explained(self, none: str = "") -> str:
        """The description with the meaning of no value, which is called `none`, else by its value."""
        if self.off is None:
            return self.description
        value = f"“{self.off.value}”" if isinstance(self.off.value, str) else self.off.value
        return f"{self.description}; {none or value} {self.off.meaning}"


@dataclass(frozen=True)
class Group:
    """The definition of a field that holds a nested settings dataclass."""

    kind: type
    optional: bool  # whether it may be None


def _setting(values: Values, default: Any, label: str, description: str, option: str, off: Off | None = None) -> Any:
    return field(default=default, metadata={"setting": Setting(values, label, description, option, off)})


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
    off: Off | None = None,
) -> Any:
    """A field for a number, an integer if the default is one."""
    return _setting(Numbers(isinstance(default, int), least, most, soft_most, unit), default, label, description, option, off)


def several(each: Numbers, counts: tuple[int, ...], label: str, description: str) -> Any:
    """A field for a list of numbers, empty by default."""
    return _setting(Several(each, counts), (), label, description, "")


def switch(default: bool, label: str, description: str, *, option: str = "") -> Any:
    """A field for a bool."""
    return _setting(Switch(), default, label, description, option)


def choice(default: str, label: str, description: str, items: Sequence[Choice], option: str = "") -> Any:
    """A field for one of several choices."""
    return _setting(Choices(tuple(items)), default, label, description, option)


def worded(label: str, description: str, pattern: str, example: str) -> Any:
    """A field for a text that fully matches a pattern; empty by default."""
    return _setting(Worded(pattern, example), "", label, description, "")


def path(default: str, label: str, description: str, *words: str, off: Off | None = None) -> Any:
    """A field for the path of a file or folder; the default and `words` are reserved words."""
    return _setting(FilePath((default, *words)), default, label, description, "", off)


def group(kind: type, optional: bool = False) -> dict[str, Group]:
    """The metadata of a field for a nested settings dataclass, which may be None if `optional`."""
    return {"setting": Group(kind, optional)}


def describe(kind: type) -> dict[str, Setting | Group]:
    """The definitions of a dataclass's settings by name, in order."""
    return {each.name: each.metadata["setting"] for each in fields(kind)}


def one_of(words: Sequence[object]) -> Text:
    """Join words as "A, B or C"."""
    return text("{} or {}", listed(words[:-1]), words[-1]) if len(words) > 1 else listed(words)


def _short(value: float) -> int | float:
    """Convert whole numbers to int."""
    return int(value) if value == int(value) else value


def brief(value: Any) -> str:
    """A value for use in a sentence, shortened if it is long."""
    return "a huge number" if isinstance(value, int) and abs(value) > 1 << 64 else SHORT.repr(value)
