# SPDX-License-Identifier: GPL-3.0-or-later
"""Command-line options for settings, shared by the engine's commands and those in Blender.

An option has its setting's name, or the option name in the setting's field, so that options of several settings dataclasses do
not clash. Options in `WRITTEN` have a special syntax.
"""

from __future__ import annotations

import re
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from ..protocol.fields import Choices, FilePath, Numbers, Refused, Setting, Switch, describe
from ..protocol.settings import DecodeSettings, MeshSettings, ReconstructSettings, RefineSettings
from .option_forms import box, budget, size

METAVARS = {"share": "SHARE", "distance": "DISTANCE", "pixels": "PIXELS", "seconds": "SECONDS"}
TITLES = {ReconstructSettings: "reconstruction", DecodeSettings: "splats", RefineSettings: "refinement", MeshSettings: "mesh"}


def _limits(text: str) -> dict[str, Any]:
    asked = budget(text)
    limits = {"steps": asked.steps, "passes": asked.passes, "seconds": asked.seconds}
    return limits if asked.wanted else limits | {"quality": asked.quality}


@dataclass(frozen=True)
class Written:
    """The syntax of an option that sets several settings, or one that is not a plain value."""

    metavar: str
    help: str
    read: Callable[[str], dict[str, Any]]  # text → values of settings by name


WRITTEN = {
    "size": Written(
        "WxH",
        "size to which photos are resized, such as 270x480 (default: automatic)",
        lambda text: dict(zip(("width", "height"), size(text), strict=True)),
    ),
    "refine": Written(
        "N|Nx|Ns",
        "limit on refinement instead of a quality: 1000 for steps, 10x for passes over the photos, 120s for seconds, 0 for none",
        _limits,
    ),
    "crop": Written(
        "X,Y,Z,X,Y,Z",
        "drop splats outside the box between these two corners; write --crop=-1,… if the first number is negative",
        lambda text: {"crop": box(text)},
    ),
}


def options(kind: type) -> dict[str, dict[str, Setting]]:
    """The options of a settings dataclass, without dashes, and the settings by name that each of them sets."""
    found: dict[str, dict[str, Setting]] = {}
    for name, setting in describe(kind).items():
        if isinstance(setting, Setting):
            found.setdefault(setting.option or name.replace("_", "-"), {})[name] = setting
    return found


def add_options(parser: ArgumentParser, kind: type, defaults: Any = None, but: Collection[str] = ()) -> None:
    """Add the options of a settings dataclass to a parser, except those in `but`. The help shows `defaults`."""
    group = parser.add_argument_group(TITLES.get(kind, "settings"))
    for option, settings in options(kind).items():
        if option not in but:
            form = _written_form(option, kind) if option in WRITTEN else _plain_form(settings, defaults)
            group.add_argument(f"--{option}", dest=_place(kind, option), default=SUPPRESS, **form)


def given(args: Namespace, kind: type) -> dict[str, Any]:
    """The settings by name that were given as options. A quality replaces limits that are set otherwise."""
    values: dict[str, Any] = {}
    for option, settings in options(kind).items():
        if (place := _place(kind, option)) in args:
            value = getattr(args, place)
            values |= value if option in WRITTEN else dict.fromkeys(settings, value)
    unlimited = {"steps": 0, "passes": 0, "seconds": 0.0} if "quality" in values else {}
    return unlimited | values


def add_reconstruct_options(parser: ArgumentParser, defaults: ReconstructSettings | None = None) -> None:
    """Add the options that `reconstruct_settings` reads; options that are not given are taken from `defaults`."""
    defaults = defaults or ReconstructSettings()
    parts = (defaults, defaults.decode, defaults.refine, defaults.mesh or MeshSettings())
    for part in parts:
        add_options(parser, type(part), part)
    made = defaults.mesh is not None
    parser.add_argument("--mesh", action=BooleanOptionalAction, default=made, help="make a mesh")
    parser.set_defaults(defaults=defaults)


def reconstruct_settings(args: Namespace) -> ReconstructSettings:
    """The settings from parsed options."""
    defaults: ReconstructSettings = args.defaults
    return replace(
        defaults,
        **given(args, ReconstructSettings),
        decode=replace(defaults.decode, **given(args, DecodeSettings)),
        refine=replace(defaults.refine, **given(args, RefineSettings)),
        mesh=replace(defaults.mesh or MeshSettings(), **given(args, MeshSettings)) if args.mesh else None,
    )


def _place(kind: type, option: str) -> str:
    """The attribute of an option in the parsed arguments."""
    return f"{kind.__name__}.{option}"


def _written_form(option: str, kind: type) -> dict[str, Any]:
    written, settings = WRITTEN[option], {name: each for name, each in describe(kind).items() if isinstance(each, Setting)}

    def read(text: str) -> dict[str, Any]:
        return {name: _checked(settings[name], value, str(value)) for name, value in written.read(text).items()}

    return {"type": read, "metavar": written.metavar, "help": written.help}


def _plain_form(settings: dict[str, Setting], defaults: Any) -> dict[str, Any]:
    """The argparse parameters of an option that sets one setting."""
    ((name, setting),) = settings.items()
    words = {"help": _help(setting, getattr(defaults, name, ""))}
    match setting.values:
        case Switch():
            return {"action": BooleanOptionalAction, **words}
        case Choices(items):
            return {"choices": [item.identifier for item in items], **words}
        case Numbers(whole, unit=unit):
            return {"type": _number(setting), "metavar": METAVARS.get(unit, "N" if whole else "X"), **words}
        case FilePath(known):
            return {"metavar": "|".join([*filter(None, known), "FILE"]), **words}
        case _:
            return {"type": lambda text: _checked(setting, text, text), "metavar": "TEXT", **words}


def _help(setting: Setting, default: Any) -> str:
    match default:
        case bool():
            default = "on" if default else "off"
        case float():
            default = f"{default:g}"
    return setting.explained().replace("%", "%%") + (f" (default: {default})" if default != "" else "")


def _number(setting: Setting) -> Callable[[str], Any]:
    """The argument type of a numeric setting."""
    return lambda text: _checked(setting, _numeral(text), text)


def _numeral(text: str) -> int | float | str:
    """Parse an int or float in ASCII digits; other text is returned unchanged."""
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text) else text


def _checked(setting: Setting, value: Any, text: str) -> Any:
    try:
        return setting.values.read(value)
    except Refused as error:
        raise ArgumentTypeError(f"{text} is not {setting.values.expected}") from error
