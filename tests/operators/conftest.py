# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests inside Blender share, and how pytest gets at them; bpy is imported by those that have it only."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.operators import apart
from tests.operators.worker_python import TOY, WORKER_PYTHON
from tttlrm_blender.client import WorkerProcess, launch_worker

ROOT = Path(__file__).parents[2]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Outside, files of tests are not imported."""
    return None if apart.INSIDE in os.environ else apart.File.from_parent(parent, path=module_path)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> pytest.TestReport | None:
    """Outside, what was reported inside."""
    return item.reports.get(call.when) if isinstance(item, apart.Test) and not call.excinfo else None


@pytest.fixture(scope="session")
def extension() -> Path:
    """The zip that people install, checked by Blender."""
    run = subprocess.run([sys.executable, "-m", "tools.build_extension"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    return ROOT / run.stdout.splitlines()[0]


@pytest.fixture(scope="session")
def installed_once(extension: Path) -> None:
    """The real zip, installed as Blender does it."""
    import bpy

    from tests.operators.installed import MODULE

    bpy.ops.extensions.package_install_files(filepath=str(extension), repo="user_default", enable_on_install=True)
    bpy.ops.preferences.addon_disable(module=MODULE)


@pytest.fixture(scope="module")
def installed(installed_once: None) -> Iterator[None]:
    """The real zip, enabled, with preferences that nobody has changed."""
    import bpy

    from tests.operators.installed import MODULE

    bpy.ops.preferences.addon_enable(module=MODULE)
    yield
    bpy.ops.preferences.addon_disable(module=MODULE)


@pytest.fixture
def empty_scene(installed: None) -> None:
    """A new file in Blender with the extension."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True)


@pytest.fixture(scope="session")
def worker() -> Iterator[WorkerProcess]:
    """A toy worker."""
    with launch_worker(WORKER_PYTHON, program=(str(TOY),)) as process:
        yield process


@pytest.fixture
def toy(empty_scene: None, worker: WorkerProcess) -> WorkerProcess:
    """The preferences name the toy worker."""
    from tests.operators.installed import prefer

    prefer(host=worker.host, port=worker.port, token=worker.token, fingerprint="", python="")
    return worker


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of two photos."""
    from tests.operators.photos import save_photo

    for name in ("1.png", "2.png"):
        save_photo(tmp_path / "statue" / name)
    return tmp_path / "statue"


@pytest.fixture
def splats(toy: WorkerProcess, tmp_path: Path):
    """Those of `toy_splats`."""
    from tests.operators.installed import toy_splats

    return toy_splats(tmp_path / "statue")


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    """The operators of the checkout."""
    import operators

    operators.register()
    yield
    operators.unregister()


@pytest.fixture
def toy_workers(monkeypatch) -> None:
    """Workers that are launched are toys, in the Python that has the engine's packages."""
    from operators.engine import client
    from operators.jobs import worker
    from operators.jobs.chosen_worker import Worker

    monkeypatch.setattr(worker, "chosen_worker", lambda: Worker(python=Path(WORKER_PYTHON)))
    launch = client.launch_worker
    monkeypatch.setattr(client, "launch_worker", lambda *choice, scenes=None: launch(*choice, program=(str(TOY),), scenes=scenes))
    monkeypatch.setattr(client.SharedWorker.__init__, "__defaults__", ((str(TOY),),))


@pytest.fixture
def asked(tmp_path_factory, monkeypatch) -> Callable[[], dict]:
    """What toys that are launched were last asked for: tells the `files` of the scene and the `settings`."""
    file = tmp_path_factory.mktemp("asked") / "asked.json"
    monkeypatch.setenv("TTTLRM_TOY_ASKED", str(file))
    return lambda: json.loads(file.read_text())


@pytest.fixture
def older_blender(monkeypatch) -> None:
    """Splats are made as in a Blender that does not draw them by itself; newer ones link such splats from older files."""
    from operators.scene import drawing

    monkeypatch.setattr(drawing, "drawn_by_blender", lambda: False)
