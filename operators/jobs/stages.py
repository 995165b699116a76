# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads while a part of a job runs, by the name that the part has in the engine."""

from __future__ import annotations

from bpy.app.translations import pgettext_iface, pgettext_n

PHRASES = {
    "wait": pgettext_n("Waiting for other jobs"),
    "look around": pgettext_n("Looking at this machine"),
    "make the environment": pgettext_n("Making an environment"),
    "install packages": pgettext_n("Installing packages"),
    "install PyTorch": pgettext_n("Installing PyTorch"),
    "check": pgettext_n("Checking"),
    "connect": pgettext_n("Starting the worker"),
    "upload": pgettext_n("Sending the photos"),
    "frames": pgettext_n("Reading the video"),
    "load": pgettext_n("Reading the photos"),
    "look": pgettext_n("Looking at the photos"),
    "copies": pgettext_n("Preparing the photos"),
    "features": pgettext_n("Finding details"),
    "pairs": pgettext_n("Pairing photos"),
    "matches": pgettext_n("Matching details"),
    "points": pgettext_n("Finding points"),
    "cameras": pgettext_n("Placing cameras"),
    "background": pgettext_n("Removing the background"),
    "resize": pgettext_n("Resizing the photos"),
    "preview": pgettext_n("Making a preview"),
    "encode": pgettext_n("Learning the scene"),
    "decode": pgettext_n("Making splats"),
    "refine": pgettext_n("Refining splats"),
    "measure": pgettext_n("Judging the result"),
    "render depth": pgettext_n("Rendering depths"),
    "fuse depth": pgettext_n("Fusing depths"),
    "extract surface": pgettext_n("Making the surface"),
    "unwrap": pgettext_n("Unwrapping the mesh"),
    "bake texture": pgettext_n("Baking the texture"),
    "save": pgettext_n("Saving the scene"),
    "render": pgettext_n("Rendering"),
    "export": pgettext_n("Writing the file"),
}


def phrase(stage: str) -> str:
    """In the language of the interface; the name itself of a stage that a newer worker may have."""
    return pgettext_iface(PHRASES.get(stage, stage))
