# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment variables of setup's Pythons, and those of the user's settings of pip that tell how to reach an index."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..child_process import child_environment, without_window

SWITCHES = ("PYTHONUNBUFFERED", "PYTHONNOUSERSITE", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT")
INDEXES = ("index-url", "extra-index-url")
CONNECTIONS = ("cert", "client-cert", "proxy", "trusted-host", "keyring-provider", "timeout", "default-timeout", "retries")
KEPT = (*INDEXES, *CONNECTIONS, "resume-retries", "cache-dir", "no-cache-dir")
SECTIONS = ("global", "install", "download")  # of pip's configuration; later ones win
SETTING = re.compile(rf"^({'|'.join(SECTIONS)})\.([a-z-]+)=(['\"].*['\"])$", re.MULTILINE)
PATIENCE = 60.0  # seconds


def python_environment() -> dict[str, str]:
    """This process's environment variables, for a Python and a pip that none of the user's settings change."""
    kept = {name: value for name, value in child_environment().items() if not name.startswith("PIP_")}
    return kept | dict.fromkeys(SWITCHES, "1") | {"PIP_CONFIG_FILE": os.devnull}


def pip_environment(settings: Mapping[str, str], indexes: bool = True) -> dict[str, str]:
    """The same with the settings that `user_settings` found, without indexes if pip is told to use another one."""
    chosen = {name: value for name, value in settings.items() if indexes or name not in INDEXES}
    return python_environment() | {_variable(name): value for name, value in chosen.items()}


def user_settings(python: str | Path) -> dict[str, str]:
    """The user's settings of mirrors, proxies and certificates by name, such as "index-url", as read by a Python's pip.

    Settings that would change what is installed, or where, are left out.
    """
    variables = {name: os.environ.get(_variable(name), "") for name in KEPT}
    return _configured(python) | {name: value for name, value in variables.items() if value}


def _configured(python: str | Path) -> dict[str, str]:
    """The kept settings in pip's configuration files; none if pip cannot read them."""
    variables = python_environment() | {"PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE", "")}  # empty for the usual files
    command = [str(python), "-m", "pip", "config", "list"]
    try:
        run = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=PATIENCE, env=variables, **without_window()
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return read_settings(run.stdout)


def read_settings(listed: str) -> dict[str, str]:
    """The settings that are kept, from the output of `pip config list`, with lines such as "global.index-url='https://…'"."""
    found: dict[str, str] = {}
    for section in SECTIONS:
        for match in SETTING.finditer(listed):
            if match[1] == section and match[2] in KEPT:
                with suppress(ValueError, SyntaxError):
                    found[match[2]] = str(ast.literal_eval(match[3])).replace("\n", " ").strip()
    return found


def _variable(setting: str) -> str:
    """The environment variable by which pip takes a setting."""
    return "PIP_" + setting.upper().replace("-", "_")
