# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's own worker, with one job more, which limits what its process may have: `python limited_worker.py …`."""

import resource
from dataclasses import dataclass

from tttlrm_blender.pipeline.job_kind import JobKind, by_name
from tttlrm_blender.pipeline.jobs import JOBS
from tttlrm_blender.pipeline.store import open_scene
from tttlrm_blender.progress import Report
from tttlrm_blender.protocol.fields import Choice, choice, number
from tttlrm_blender.protocol.kinds import Kind
from tttlrm_blender.protocol.results import Nothing
from tttlrm_blender.worker.program import Registry, main

NAMES = ("RLIMIT_FSIZE", "RLIMIT_AS")  # bytes of a file, beyond which writes fail as on a full disk; of memory


@dataclass(frozen=True)
class LimitSettings:
    """A limit of the system, named as in `resource`, and its number; -1 for none."""

    name: str = choice("RLIMIT_FSIZE", "Name", "What is limited", [Choice(name, name, "") for name in NAMES])
    number: int = number(-1, -1, 1 << 62, "Number", "How much there may be")


LIMIT = Kind("limit", LimitSettings, Nothing)


def limit(scene: object, settings: LimitSettings, report: Report) -> Nothing:
    """From now on."""
    kind = getattr(resource, settings.name)
    _, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (settings.number if settings.number >= 0 else most, most))
    return Nothing()


if __name__ == "__main__":
    main(load=lambda: Registry({**JOBS, **by_name(JobKind(LIMIT, limit))}, open_scene))
