# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text has its translation, and every translation its text. The bpy module is built without languages: whether they are
shown is seen in a whole Blender, where there is one (`TTTLRM_BLENDER`, the command that starts it, or `blender` on the path)."""

import ast
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import operators
from operators.engine import errors
from tests.operators import words

pytestmark = pytest.mark.usefixtures("registered")

# With a name for the whole package: with one for this part alone, the module of Blender 4.2 crashes when Python ends.
translations = operators.translations
BLENDER = os.environ.get("TTTLRM_BLENDER") or shutil.which("blender")
LANGUAGES = sorted(translations.FOLDER.glob("*.po"))
FIELD = re.compile(r"\{[^}]*\}")
each_language = pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
each_source = pytest.mark.parametrize("file", words.interface_sources(), ids=lambda file: file.relative_to(words.ROOT).as_posix())

each_template_source = pytest.mark.parametrize(
    "file",
    [*words.interface_sources(), *words.engine_sources()],
    ids=lambda file: file.relative_to(words.ROOT).as_posix(),
)


@each_language
def test_every_text_is_translated(path):
    table = translations.read_table(path)
    assert [text for text in words.all_texts() if text not in table] == []


@each_language
def test_no_translation_is_of_a_text_that_nobody_shows(path):
    assert sorted(set(translations.read_table(path)) - set(words.all_texts())) == []


@each_language
def test_translations_are_filled_and_end_as_their_texts(path):
    for english, other in translations.read_table(path).items():
        assert FIELD.findall(other) == FIELD.findall(english), english
        assert [other.endswith(mark) for mark in ".?:…"] == [english.endswith(mark) for mark in ".?:…"], english


@each_language
def test_a_table_has_every_text_once(path):
    texts = [english for english, _ in translations.ENTRY.findall(path.read_text("utf-8"))]
    assert len(texts) == len(set(texts)) == path.read_text("utf-8").count("msgid ")


def test_tables_may_be_wrapped_as_editors_do(tmp_path):
    file = tmp_path / "xx.po"
    head = 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n\n#. why\n'
    file.write_text(head + 'msgid "Say"\nmsgstr ""\n"„Sag“ "\n"\\"es\\""\n\nmsgid "No"\nmsgstr ""', "utf-8")
    assert translations.read_table(file) == {"Say": '„Sag“ "es"'}


@each_source
def test_texts_are_translated_before_they_are_filled(file):
    """What was filled is in no table."""
    ready_made = [text for text in words.texts(file) if isinstance(text, ast.JoinedStr)]
    said = ["".join(part.value for part in text.values if isinstance(part, ast.Constant)) for text in ready_made]
    assert [text for text in said if any(map(str.isalpha, text.replace("PyTorch", "")))] == []


@each_template_source
def test_templates_are_written_out(file):
    """What was put together, or filled or translated already, is in no table."""
    for template in (part for whole in words.templates(file) for part in words.alternatives(whole)):
        assert not isinstance(template, ast.JoinedStr | ast.BinOp), ast.unparse(template)
        if isinstance(template, ast.Call):
            assert words.called(template) not in ("told", "shown", "worded", "str", "format", "join"), ast.unparse(template)


@each_template_source
def test_templates_have_a_field_for_each_value(file):
    takers = words.template_takers(file)
    for name, call in words.calls(file):
        place, filled = takers.get(name, (0, False))
        values = call.args[place + 1 :]
        if filled and not any(isinstance(value, ast.Starred) for value in values):
            for template in words.constants(call.args[place]):
                fields = errors.FIELD.findall(template)
                assert len(fields) == len(values) and template.count("{") == len(fields), ast.unparse(call)


def test_no_error_of_the_interface_is_without_a_next_step():
    """What a source misses is a step in itself."""
    made = [
        call for file in (words.ROOT / "operators").rglob("*.py") for name, call in words.calls(file) if name == "TttlrmError"
    ]
    without = [ast.unparse(call.args[0]) for call in made if "hint" not in [keyword.arg for keyword in call.keywords]]
    assert sorted(without) == ["lacking", "self.missing"]


def test_texts_are_filled():
    assert translations.shown("{} of {:.1f}", "a", 2) == "a of 2.0"
    assert translations.told("{:,} splats", 1234567) == "1,234,567 splats"


@pytest.mark.skipif(not BLENDER, reason="needs a whole Blender, on the path or named by TTTLRM_BLENDER")
def test_blender_speaks_german(extension, tmp_path):
    install = ["--command", "extension", "install-file", "-r", "user_default", "--enable", str(extension)]
    look = ["-b", "--python-exit-code", "1", "--python", str(Path(__file__).with_name("german.py"))]
    for choice in (install, look):
        command, home = [*shlex.split(BLENDER), *choice], os.environ | {"HOME": str(tmp_path)}
        run = subprocess.run(command, capture_output=True, text=True, env=home, cwd=words.ROOT)
        assert run.returncode == 0, run.stdout + run.stderr
    assert "Everything is German" in run.stdout
