# SPDX-License-Identifier: GPL-3.0-or-later
"""The house's rules about who imports whom, read from the sources."""

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tools.imports import ROOT, imports, module_name
from tools.plan import TREES, layers, rooms

ENGINE, OPERATORS = ROOT / "tttlrm_blender", ROOT / "operators"
MODULES, IN_BLENDER = sorted(ENGINE.rglob("*.py")), [*sorted(OPERATORS.rglob("*.py")), ROOT / "__init__.py"]
SOURCES = MODULES + IN_BLENDER
HEAVY = {"torch", "gsplat", "numba", "scipy", "PIL", "trimesh", "skimage", "safetensors", "pycolmap", "tqdm"}
HEAVY |= {"wgpu", "pillow_heif", "rawpy", "onnxruntime", "av", "cryptography"}
WATCHED = HEAVY | {"numpy", "websockets", "zstandard", "bpy"}

# Beyond the standard library, per room. A room may use less.
PACKAGES = {
    "": {"numpy"},
    "protocol": {"numpy"},
    "kernels": {"numba", "numpy", "torch"},
    "geometry": {"numpy", "torch"},
    "photos": {"numpy", "PIL", "scipy", "pillow_heif", "rawpy", "onnxruntime", "av"},
    "poses": {"numpy", "PIL", "scipy", "pycolmap"},
    "gaussians": {"numpy", "zstandard"},
    "client": {"numpy", "websockets"},
    "outlook": set(),
    "setup": set(),
    "stereo": {"numpy", "torch", "numba"},
    "model": {"numpy", "torch", "safetensors"},
    "render": {"numpy", "torch", "numba", "gsplat", "safetensors", "wgpu"},
    "refine": {"numpy", "torch", "scipy"},
    "mesh": {"numpy", "torch", "scipy", "skimage", "PIL", "trimesh"},
    "train": {"numpy", "PIL", "scipy", "torch", "tqdm"},
    "pipeline": {"numpy", "scipy", "torch", "safetensors", "trimesh"},
    "worker": {"numpy", "websockets", "filelock", "cryptography"},
    "commands": {"numpy", "PIL", "tqdm"},
}
# Data walks through the rooms in one direction; what lies at the top ("") serves all.
ROOMS = {
    "": {"gaussians"},
    "protocol": {"", "gaussians"},
    "kernels": {""},
    "geometry": {""},
    "photos": {"", "geometry"},
    "poses": {"", "gaussians", "geometry", "photos"},
    "gaussians": {"", "geometry"},
    "client": {"", "protocol"},
    "setup": {"", "client", "protocol"},
    "outlook": {"", "protocol"},
    "stereo": {"", "geometry", "kernels", "photos"},
    "model": {"", "gaussians", "geometry", "kernels", "stereo", "photos", "protocol"},
    "render": {"", "gaussians", "geometry", "kernels", "photos", "protocol"},
    "refine": {"", "gaussians", "geometry", "kernels", "outlook", "photos", "poses", "protocol", "render", "stereo"},
    "mesh": {"", "gaussians", "geometry", "kernels", "photos", "protocol", "render", "stereo"},
    "train": {"", "gaussians", "geometry", "stereo", "photos", "model", "protocol", "refine", "render"},
    "pipeline": {
        "",
        "gaussians",
        "geometry",
        "mesh",
        "model",
        "outlook",
        "photos",
        "poses",
        "protocol",
        "refine",
        "render",
        "stereo",
    },
    "worker": {"", "gaussians", "outlook", "pipeline", "poses", "protocol"},
    "commands": set(PACKAGES) - {"commands"},
}


def room_of(module: str) -> str:
    """The room of an engine module's dotted name. Modules at the top are in none, but for those that have a line of their own."""
    room = [*module.split("."), "", ""][1]
    return room if room in PACKAGES or (ENGINE / room).is_dir() else ""


def packages(source: Path) -> set[str]:
    """The other projects' packages that a file imports."""
    return {name.partition(".")[0] for name, relative in imports(source) if not relative} & WATCHED


def shown(source: Path) -> str:
    """A file's name in messages."""
    return str(source.relative_to(ROOT))


@pytest.mark.parametrize("source", MODULES, ids=shown)
def test_a_room_imports_what_it_may(source):
    room = room_of(module_name(source))
    assert packages(source) <= PACKAGES[room]
    rooms = {room_of(name) for name, _ in imports(source) if name.startswith("tttlrm_blender.")}
    assert rooms <= ROOMS[room] | {room}


@cache
def engine_graph() -> dict[str, set[str]]:
    """For every engine module those that it imports, also inside functions; without its own package, which comes first anyway."""
    modules = {module_name(source): source for source in MODULES}
    graph = {}
    for name, source in modules.items():
        wanted = {target if target in modules else target.rpartition(".")[0] for target, _ in imports(source)}
        graph[name] = {target for target in wanted & set(modules) if target != name and not name.startswith(f"{target}.")}
    return graph


def gateway() -> set[str]:
    """The engine's modules that operators/engine.py imports, for a checkout and, relatively, for the installed extension."""
    source = OPERATORS / "engine.py"
    checkout = {name for name, relative in imports(source) if name.startswith("tttlrm_blender.") and not relative}
    installed = {name for name, relative in imports(source) if relative}
    assert checkout == installed
    return checkout


def taken_into_blender() -> set[str]:
    """The engine modules that the operators load, and all that those import."""
    todo = list(gateway())
    taken: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in taken:
            taken.add(name)
            todo += engine_graph()[name]
    return taken


@pytest.mark.parametrize("source", IN_BLENDER, ids=shown)
def test_nothing_heavy_is_imported_in_blender(source):
    assert not packages(source) & HEAVY


def test_bpy_is_imported_only_where_blender_is():
    """Under operators/, and in the scripts that tools/ sends into a Blender with a window, which nobody else imports."""
    tools, inside = ROOT / "tools", ROOT / "tools" / "inside"
    outside = [source for source in [*MODULES, *tools.rglob("*.py")] if inside not in source.parents]
    assert outside and not [source for source in outside if "bpy" in packages(source)]
    names = {name for source in outside for name, _ in imports(source)}
    assert not [name for name in names if name.startswith("tools.inside")]


def test_what_blender_takes_from_the_engine_is_light():
    taken = taken_into_blender()
    assert "tttlrm_blender.client.connection" in taken
    sources = {module_name(source): source for source in MODULES}
    assert not {name for name in taken if packages(sources[name]) & HEAVY}


@pytest.mark.parametrize("source", SOURCES, ids=shown)
def test_imports_inside_are_relative(source):
    """For the engine and the operators have another name inside Blender."""
    own = {"operators"} if source == OPERATORS / "engine.py" else {"tttlrm_blender", "operators"}
    assert not [name for name, relative in imports(source) if name.partition(".")[0] in own and not relative]


@pytest.mark.parametrize("source", IN_BLENDER, ids=shown)
def test_the_engine_is_reached_through_its_gateway(source):
    reached = [name for name, _ in imports(source) if name.startswith("tttlrm_blender")]
    assert not reached or source == OPERATORS / "engine.py"


# The rooms of `operators` likewise; modules at the top ("") serve all of them.
OPERATOR_ROOMS = {
    "": set(),
    "properties": {"", "scene", "sources"},
    "scene": {""},
    "viewport": {"", "scene"},
    "sources": {"", "scene"},
    "jobs": {"", "properties", "scene"},
    "actions": {"", "jobs", "properties", "scene", "sources", "viewport"},
    "interface": {"", "jobs", "properties", "scene", "sources"},
    "headless": {"", "actions", "jobs", "properties", "scene", "sources"},
    "translations": {""},
    "presets": set(),
}


def operator_room(module: str) -> str:
    """The room of a module of `operators`; most at the top are in none."""
    room = [*module.split("."), "", ""][1]
    return room if room in OPERATOR_ROOMS or (OPERATORS / room).is_dir() else ""


IN_ROOMS = [source for source in IN_BLENDER if source.parent not in (ROOT, OPERATORS) or source.stem == "properties"]


@pytest.mark.parametrize("source", IN_ROOMS, ids=shown)
def test_a_room_of_the_operators_imports_what_it_may(source):
    room = operator_room(module_name(source))
    rooms = {operator_room(name) for name, relative in imports(source) if relative and name.startswith("operators.")}
    assert rooms - {"translations"} <= OPERATOR_ROOMS[room] | {room}


def test_the_engine_has_no_import_circles():
    TopologicalSorter(engine_graph()).prepare()


@pytest.mark.parametrize("tree", TREES.values())
def test_no_two_rooms_import_each_other(tree):
    """Packages and top modules of a tree. Back ends and the room around them are the exception: they share conventions."""
    circles = [circle for layer in layers({name: room.stands_on for name, room in rooms(tree).items()}) for circle in layer]
    allowed = {"render", "render/cpu", "render/webgpu"}, {"refine", "refine/webgpu"}
    assert [circle for circle in circles if len(circle) > 1 and not any(set(circle) <= each for each in allowed)] == []


def test_pycolmap_is_alone_in_its_process():
    """It and torch, or another native image library, crash in one process."""
    for source in SOURCES:
        if "pycolmap" in packages(source):
            assert packages(source) <= {"pycolmap", "numpy"}, source


def test_nothing_is_timed_by_a_clock_that_jumps():
    """Clocks are set, and laptops sleep: `time.monotonic` and `time.perf_counter` do not care."""
    wall = {("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today")}
    for source in SOURCES:
        used = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Attribute)]
        assert not [node for node in used if isinstance(node.value, ast.Name) and (node.value.id, node.attr) in wall], source


def test_pages_name_tests_and_benchmarks_that_exist():
    for page in [page for tree in ("docs", "benchmarks", "soak") for page in sorted((ROOT / tree).rglob("*.md"))]:
        text = page.read_text()
        for module in re.findall(r"python -m ((?:tests|benchmarks|soak)\.[\w.]+)", text):
            assert (ROOT / f"{module.replace('.', '/')}.py").exists(), f"{page.name}: {module}"
        for path in re.findall(r"`((?:tests|benchmarks|soak)/[^`]+)`", text):
            assert (ROOT / path).exists(), f"{page.name}: {path}"
        for test, path in re.findall(r"`(test_\w+)…?` in `([^`]+)`", text):
            assert f"def {test}" in (ROOT / path).read_text(), f"{page.name}: {test}"


def test_tests_need_no_benchmark_and_no_soak_test():
    """Those may use what tests share, never the other way round: neither in an import nor as a program."""
    for source in (ROOT / "tests").rglob("*.py"):
        texts = [node.value for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Constant)]
        wanted = [name for name, _ in imports(source)] + [text for text in texts if isinstance(text, str)]
        assert not [name for name in wanted if re.match(r"(benchmarks|soak)\.\w+", name)], source


@pytest.mark.parametrize("tree", ["benchmarks", "soak"])
def test_a_page_lists_every_program(tree):
    page = (ROOT / tree / "README.md").read_text()
    for source in (ROOT / tree).glob("[!_]*.py"):
        is_program = 'if __name__ == "__main__":' in source.read_text()
        assert (f"| `python -m {tree}.{source.stem}" in page) is is_program, source


def test_files_of_tests_are_named_as_pytest_wants():
    """Others are not collected, and nobody would notice."""
    others = (path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith("test_"))
    assert [path.name for path in others if re.search(r"^ *def test_", path.read_text("utf-8"), re.M)] == []


def test_every_file_states_its_licence():
    trees = [ROOT / tree for tree in ("tests", "benchmarks", "soak", "tools")]
    for source in SOURCES + sorted(file for tree in trees for file in tree.rglob("*.py")):
        assert source.read_text().startswith("# SPDX-License-Identifier: GPL-3.0-or-later\n"), source
