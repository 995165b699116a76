# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: starts a worker and submits jobs to it, from Blender or any script. Needs only numpy and websockets.

with launch_worker() as worker, worker.connect() as client:
    job = client.submit("my scene", kinds.RECONSTRUCT, ReconstructSettings(), files={"images/1.jpg": Path("1.jpg")})
    splats = job.result(on_event=print).gaussians
"""

from .connection import Client
from .job import Job
from .launch import WorkerProcess, launch_worker
from .shared import SharedWorker

__all__ = ["Client", "Job", "SharedWorker", "WorkerProcess", "launch_worker"]
