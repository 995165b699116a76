# SPDX-License-Identifier: GPL-3.0-or-later
"""Dataclasses as JSON values and arrays by name, and back, as their type hints say.

Plain values and tables of numbers become entries of a JSON object. Arrays go beside it, named by the fields that lead to them:
"gaussians.means". A dataclass in a dataclass is an object in the object, without an entry where it holds nothing but arrays;
a text is a list, as in `texts`. A field that is None is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
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


@dataclass(frozen=True)
class Array:
    """In a hint: what an array must be like.

    A size is a number, several to choose from, None for any, or a name: any too, but the same wherever a dataclass names it.
    """

    dtype: str
    shape: tuple[int | str | tuple[int, ...] | None, ...]


@dataclass(frozen=True)
class Table(Array):
    """In a hint: an array that travels as lists of numbers in the JSON object."""


@dataclass(frozen=True)
class Named:
    """In the hint of a dict: its arrays travel under their keys after a prefix."""

    prefix: str
    each: Array | None = None  # None for arrays of any kind


class Layout:
    """In the hint of a dataclass whose own hints leave its arrays open: what they must be like."""

    def __init__(self, **arrays: Array) -> None:
        self.arrays = arrays


@dataclass(frozen=True)
class _Part:
    """A dataclass in a dataclass."""

    kind: type
    forms: Mapping[str, _Form]


@dataclass(frozen=True)
class _Form:
    """How a field travels."""

    how: Any  # an `Array`, `Table`, `Named` or `_Part`; the type of a plain value
    optional: bool  # it may be None


def encode(value: Any) -> tuple[dict[str, Any], Arrays]:
    """A dataclass as JSON values and arrays; large arrays are not copied. Raises `ValueError` for what its hints do not allow."""
    arrays: Arrays = {}
    return _written(value, _part(type(value)).forms, "", arrays), arrays


def decode(kind: type[T], values: Any, arrays: Arrays) -> T:
    """A dataclass from JSON values and arrays, which are not copied.

    Raises `TttlrmError` ("bad_message") for what `encode` does not give: names that are unknown or missing, values and arrays of
    another type or shape.
    """
    rest = dict(arrays)
    try:
        made = _read(_part(kind), values, "", rest)
    except ValueError as error:
        raise malformed("{}", error.args[0] if error.args else error) from error
    if rest:
        raise malformed("{} has no arrays {}", kind.__name__, ", ".join(map(repr, rest)))
    return made


def _part(kind: type) -> _Part:
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is no dataclass")
    return _Part(kind, _forms(kind))


@cache
def _forms(kind: type) -> dict[str, _Form]:
    """How each field of a dataclass travels."""
    return {name: _form(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}


def _form(hint: Any) -> _Form:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    others = [option for option in options if option is not NoneType]
    if len(others) > 1:
        return _Form(hint, False)
    return _Form(_how(others[0]), len(others) < len(options))


def _how(hint: Any) -> Any:
    kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    for mark in marks:
        if isinstance(mark, Layout):
            kind = get_origin(kind) or kind
            return _Part(kind, {name: _Form(array, False) for name, array in mark.arrays.items()})
        if isinstance(mark, Array | Named):
            return mark
    return _part(kind) if is_dataclass(kind) and isinstance(kind, type) and kind is not Text else kind


def _written(value: Any, forms: Mapping[str, _Form], prefix: str, arrays: Arrays) -> dict[str, Any]:
    values: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for name, form in forms.items():
        item = getattr(value, name)
        if item is None and form.optional:
            continue
        match form.how:
            case Table() as table:
                values[name] = _checked(name, np.asarray(item), table, sizes).tolist()
            case Array() as array:
                arrays[prefix + name] = _checked(name, sendable(item), array, sizes)
            case Named() as named:
                arrays |= {prefix + named.prefix + key: _one(key, sendable(each), named) for key, each in item.items()}
            case _Part() as part:
                inner = _written(item, part.forms, f"{prefix}{name}.", arrays)
                values |= {name: inner} if inner else {}
            case kind if kind is Text:
                values[name] = texts.to_json(item)
            case hint:
                values[name] = _plain(name, item, hint)
    return values


def _read(part: _Part, values: Any, prefix: str, rest: Arrays) -> Any:
    """The part, of arrays that are taken out of `rest`."""
    if not isinstance(values, dict):
        raise ValueError(text("{} is not an object", part.kind.__name__))
    if unknown := values.keys() - part.forms.keys():
        raise ValueError(text("{} has no {}", part.kind.__name__, ", ".join(map(repr, sorted(unknown)))))
    sizes: dict[str, int] = {}
    found = {name: _found(name, form, values, prefix, rest, sizes) for name, form in part.forms.items()}
    given = {name: value for name, value in found.items() if value is not MISSING}
    if missing := [name for name in _required(part.kind) if name not in given]:
        raise ValueError(text("{} lacks {}", part.kind.__name__, ", ".join(map(repr, missing))))
    return part.kind(**given)


def _found(name: str, form: _Form, values: dict[str, Any], prefix: str, rest: Arrays, sizes: dict[str, int]) -> Any:
    """The value of one field; `MISSING` where nothing tells it."""
    if name in values and isinstance(form.how, Array | Named) and not isinstance(form.how, Table):
        raise ValueError(text("the arrays of {!r} are among the values", name))
    if isinstance(form.how, Named):
        return _taken(prefix + form.how.prefix, form.how, rest)
    if isinstance(form.how, _Part):
        below = f"{prefix}{name}."
        there = name in values or any(other.startswith(below) for other in rest)
        return _read(form.how, values.get(name, {}), below, rest) if there else MISSING
    if isinstance(form.how, Array) and not isinstance(form.how, Table):
        return _checked(name, rest.pop(prefix + name), form.how, sizes) if prefix + name in rest else MISSING
    if name not in values or (values[name] is None and form.optional):
        return values.get(name, MISSING)
    if isinstance(form.how, Table):
        return _checked(name, _numbers(name, values[name], form.how), form.how, sizes)
    if form.how is Text:
        return texts.from_json(values[name])
    return _plain(name, values[name], form.how)


@cache
def _required(kind: type) -> list[str]:
    return [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]


def _taken(prefix: str, named: Named, rest: Arrays) -> Arrays:
    names = [name for name in rest if name.startswith(prefix)]
    return {name.removeprefix(prefix): _one(name, rest.pop(name), named) for name in names}


def _one(name: str, array: np.ndarray, named: Named) -> np.ndarray:
    return array if named.each is None else _checked(name, array, named.each, {})


def _checked(name: str, array: np.ndarray, wanted: Array, sizes: dict[str, int]) -> np.ndarray:
    """The array, if it is as wanted; `sizes` are those named so far."""
    if array.dtype != np.dtype(wanted.dtype) or array.ndim != len(wanted.shape):
        raise ValueError(text("the array {!r} is not {} of {} axes", name, wanted.dtype, len(wanted.shape)))
    for size, allowed in zip(array.shape, wanted.shape, strict=True):
        if isinstance(allowed, str):
            allowed = sizes.setdefault(allowed, size)
        if allowed is not None and size not in (allowed if isinstance(allowed, tuple) else (allowed,)):
            raise ValueError(text("the array {!r} has the shape {}", name, array.shape))
    return array


def _numbers(name: str, value: Any, table: Table) -> np.ndarray:
    """Lists of numbers as an array; whole numbers are fractions too."""
    dtype = np.dtype(table.dtype)
    array = np.array(value) if isinstance(value, list) else np.array(None)
    if array.dtype.kind not in ("iuf" if dtype.kind == "f" else "i"):
        raise ValueError(text("{!r} is not a table of numbers", name))
    return array.astype(dtype)


def _plain(name: str, value: Any, hint: Any) -> Any:
    """The value, if it is of the hinted type: text, number, bool, a list or dict of these, or one of several types."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return value
    if kind in (Union, UnionType):
        return value if value is None and NoneType in inner else _either(name, value, inner)
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(text("{!r} is not of the type {}", name, kind.__name__))
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(text("{!r} is {}", name, value))
    if kind is list and inner:
        return [_plain(name, item, inner[0]) for item in value]
    if kind is dict:
        return {_plain(name, key, inner[0]): _plain(name, item, inner[1]) for key, item in value.items()}
    return value


def _either(name: str, value: Any, options: tuple[Any, ...]) -> Any:
    for option in options:
        if isinstance(option, type) and type(value) is option:
            return _plain(name, value, option)
    raise ValueError(text("{!r} is of none of the types allowed", name))
