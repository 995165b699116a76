# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert dataclasses to JSON values and named arrays, and back, guided by their type hints.

Plain values and tables of numbers become entries of a JSON object. Arrays are kept separately, named by their path of fields,
such as "gaussians.means". A nested dataclass is a nested object, which is omitted if it holds only arrays; a text is a list,
see `texts`. Fields that are None are omitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from ..errors import Text, text
from . import texts
from .frames import malformed, sendable

Arrays = dict[str, np.ndarray]
T = TypeVar("T")


@dataclass
class Parcel:
    """Serialized form of one dataclass: its JSON object, and all arrays, of which its own have a prefix. Reading empties it."""

    values: dict[str, Any]
    arrays: Arrays
    prefix: str = ""
    sizes: dict[str, int] = field(default_factory=dict)  # named sizes that are known so far


class Form:
    """How a field is serialized. Both directions raise `ValueError` for values that do not fit."""

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        """Put the value of a field into a parcel."""
        raise NotImplementedError

    def read(self, name: str, parcel: Parcel) -> Any:
        """Take the value of a field out of a parcel; `MISSING` if there is none."""
        raise NotImplementedError


@dataclass(frozen=True)
class Array(Form):
    """Annotation of an array's dtype and shape.

    A size is a number, a tuple of allowed numbers, None for any, or a name, which stands for the same size within a dataclass.
    """

    dtype: str
    shape: tuple[int | str | tuple[int, ...] | None, ...]

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        """Add the array, copied only if it is not contiguous."""
        parcel.arrays[parcel.prefix + name] = self.checked(name, sendable(item), parcel.sizes)

    def read(self, name: str, parcel: Parcel) -> Any:
        """Take the array."""
        found = parcel.arrays.pop(parcel.prefix + name, None)
        return MISSING if found is None else self.checked(name, found, parcel.sizes)

    def checked(self, name: str, array: np.ndarray, sizes: dict[str, int]) -> np.ndarray:
        """Check an array's dtype and shape, adding to `sizes`, and return it."""
        if array.dtype != np.dtype(self.dtype) or array.ndim != len(self.shape):
            raise ValueError(text("the array {!r} is not {} of {} axes", name, self.dtype, len(self.shape)))
        for size, allowed in zip(array.shape, self.shape, strict=True):
            if isinstance(allowed, str):
                allowed = sizes.setdefault(allowed, size)
            if allowed is not None and size not in (allowed if isinstance(allowed, tuple) else (allowed,)):
                raise ValueError(text("the array {!r} has the shape {}", name, array.shape))
        return array


@dataclass(frozen=True)
class Table(Array):
    """Annotation of an array that is sent as lists of finite numbers in the JSON object."""

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        """Add the array as lists."""
        parcel.values[name] = self.checked(name, self._finite(name, np.asarray(item)), parcel.sizes).tolist()

    def read(self, name: str, parcel: Parcel) -> Any:
        """Take an array from lists, in which integers may stand for floats."""
        if name not in parcel.values:
            return MISSING
        value, dtype = parcel.values.pop(name), np.dtype(self.dtype)
        array = self._finite(name, np.array(value if isinstance(value, list) else None))
        if dtype.kind != "f" and array.dtype.kind != "i":
            raise _no_table(name)
        return self.checked(name, array.astype(dtype), parcel.sizes)

    def _finite(self, name: str, array: np.ndarray) -> np.ndarray:
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise _no_table(name)
        return array


@dataclass(frozen=True)
class Named(Form):
    """Annotation of a dict of arrays, which are sent under their keys with a prefix."""

    start: str
    each: Array | None = None  # None for arrays of any kind

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        """Add each array."""
        for key, array in item.items():
            parcel.arrays[parcel.prefix + self.start + key] = self._checked(key, sendable(array))

    def read(self, name: str, parcel: Parcel) -> Any:
        """Take all arrays with the prefix."""
        start = parcel.prefix + self.start
        keys = [known.removeprefix(start) for known in parcel.arrays if known.startswith(start)]
        return {key: self._checked(key, parcel.arrays.pop(start + key)) for key in keys}

    def _checked(self, key: str, array: np.ndarray) -> np.ndarray:
        return array if self.each is None else self.each.checked(key, array, {})


class Layout:
    """Annotation of a dataclass whose own hints do not specify its arrays."""

    def __init__(self, **arrays: Array) -> None:
        self.arrays = arrays


@dataclass(frozen=True)
class _Plain(Form):
    """A JSON value: string, number, bool, or a list or dict of these."""

    hint: Any

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        parcel.values[name] = _plain(name, item, self.hint)

    def read(self, name: str, parcel: Parcel) -> Any:
        return _plain(name, parcel.values.pop(name), self.hint) if name in parcel.values else MISSING


class _Words(Form):
    """A translatable text."""

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        parcel.values[name] = texts.to_json(item)

    def read(self, name: str, parcel: Parcel) -> Any:
        return texts.from_json(parcel.values.pop(name)) if name in parcel.values else MISSING


@dataclass(frozen=True)
class _Part(Form):
    """A dataclass, with the forms of its fields."""

    kind: type
    forms: Mapping[str, Form]

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        inner = Parcel({}, parcel.arrays, f"{parcel.prefix}{name}.")
        self.fill(inner, item)
        parcel.values |= {name: inner.values} if inner.values else {}

    def read(self, name: str, parcel: Parcel) -> Any:
        prefix = f"{parcel.prefix}{name}."
        if name not in parcel.values and not any(array.startswith(prefix) for array in parcel.arrays):
            return MISSING
        return self.made(Parcel(parcel.values.pop(name, {}), parcel.arrays, prefix))

    def fill(self, parcel: Parcel, value: Any) -> None:
        for name, form in self.forms.items():
            form.write(name, getattr(value, name), parcel)

    def made(self, parcel: Parcel) -> Any:
        if not isinstance(parcel.values, dict):
            raise ValueError(text("{} is not an object", self.kind.__name__))
        parcel.values = dict(parcel.values)
        found = {name: form.read(name, parcel) for name, form in self.forms.items()}
        given = {name: item for name, item in found.items() if item is not MISSING}
        if parcel.values:
            raise ValueError(text("{} has no {}", self.kind.__name__, _quoted(parcel.values)))
        if missing := [name for name in _required(self.kind) if name not in given]:
            raise ValueError(text("{} lacks {}", self.kind.__name__, _quoted(missing)))
        return self.kind(**given)


@dataclass(frozen=True)
class _Optional(Form):
    """A value that is not sent if it is None."""

    form: Form

    def write(self, name: str, item: Any, parcel: Parcel) -> None:
        if item is not None:
            self.form.write(name, item, parcel)

    def read(self, name: str, parcel: Parcel) -> Any:
        if name in parcel.values and parcel.values[name] is None:
            return parcel.values.pop(name)
        return self.form.read(name, parcel)


def encode(value: Any) -> tuple[dict[str, Any], Arrays]:
    """Convert a dataclass to JSON values and arrays, which are not copied. Raises `ValueError` if values do not fit its hints."""
    parcel = Parcel({}, {})
    _part(type(value)).fill(parcel, value)
    return parcel.values, parcel.arrays


def decode(kind: type[T], values: Any, arrays: Arrays) -> T:
    """Make a dataclass from JSON values and arrays, which are not copied.

    Raises `TttlrmError` ("bad_message") for unknown or missing names, and for values and arrays of wrong types or shapes.
    """
    parcel = Parcel(values, dict(arrays))
    try:
        made = _part(kind).made(parcel)
    except ValueError as error:
        raise malformed("{}", error.args[0] if error.args else error) from error
    if parcel.arrays:
        raise malformed("{} has no arrays {}", kind.__name__, _quoted(parcel.arrays))
    return made


def _part(kind: type) -> _Part:
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is no dataclass")
    return _Part(kind, _forms(kind))


@cache
def _forms(kind: type) -> dict[str, Form]:
    """The form of each field of a dataclass."""
    return {name: _form(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}


@cache
def _required(kind: type) -> list[str]:
    return [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]


def _form(hint: Any) -> Form:
    if get_origin(hint) in (Union, UnionType):
        (inner,) = (option for option in get_args(hint) if option is not NoneType)
        return _Optional(_form(inner))
    kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    for mark in marks:
        if isinstance(mark, Layout):
            return _Part(get_origin(kind) or kind, {**_forms(get_origin(kind) or kind), **mark.arrays})
        if isinstance(mark, Form):
            return mark
    if kind is Text:
        return _Words()
    return _part(kind) if is_dataclass(kind) and isinstance(kind, type) else _Plain(kind)


def _plain(name: str, value: Any, hint: Any) -> Any:
    """Check the type of a value and return it; integers may stand for floats."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return value
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(text("{!r} is not of the type {}", name, kind.__name__))
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(text("{!r} is {}", name, value))
    if kind is list:
        return [_plain(name, item, inner[0]) for item in value]
    if kind is dict:
        return {_plain(name, key, inner[0]): _plain(name, item, inner[1]) for key, item in value.items()}
    return value


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _no_table(name: str) -> ValueError:
    return ValueError(text("{!r} is not a table of numbers", name))
