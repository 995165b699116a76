# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases of the interface for the stages of jobs."""

from __future__ import annotations

from bpy.app.translations import pgettext_iface, pgettext_n

from ..engine import stages

Stage = stages.Stage
PHRASES = {
    Stage.WAIT: pgettext_n("Waiting for other jobs"),
    Stage.LOOK_AROUND: pgettext_n("Inspecting this machine"),
    Stage.MAKE_ENVIRONMENT: pgettext_n("Creating an environment"),
    Stage.INSTALL_PACKAGES: pgettext_n("Installing packages"),
    Stage.INSTALL_PYTORCH: pgettext_n("Installing PyTorch"),
    Stage.CHECK: pgettext_n("Checking"),
    Stage.CONNECT: pgettext_n("Starting the worker"),
    Stage.UPLOAD: pgettext_n("Uploading the photos"),
    Stage.FRAMES: pgettext_n("Reading the video"),
    Stage.LOAD: pgettext_n("Reading the photos"),
    Stage.LOOK: pgettext_n("Analyzing the photos"),
    Stage.COPIES: pgettext_n("Preparing the photos"),
    Stage.FEATURES: pgettext_n("Detecting features"),
    Stage.PAIRS: pgettext_n("Pairing photos"),
    Stage.MATCHES: pgettext_n("Matching features"),
    Stage.POINTS: pgettext_n("Finding points"),
    Stage.CAMERAS: pgettext_n("Estimating camera poses"),
    Stage.BACKGROUND: pgettext_n("Removing the background"),
    Stage.RESIZE: pgettext_n("Resizing the photos"),
    Stage.DEPTH: pgettext_n("Measuring depth"),
    Stage.PREVIEW: pgettext_n("Creating a preview"),
    Stage.ENCODE: pgettext_n("Learning the scene"),
    Stage.DECODE: pgettext_n("Decoding splats"),
    Stage.REFINE: pgettext_n("Refining splats"),
    Stage.MEASURE: pgettext_n("Evaluating the result"),
    Stage.RENDER_DEPTH: pgettext_n("Rendering depth maps"),
    Stage.FUSE_DEPTH: pgettext_n("Fusing depth maps"),
    Stage.EXTRACT_SURFACE: pgettext_n("Extracting the surface"),
    Stage.UNWRAP: pgettext_n("Unwrapping the mesh"),
    Stage.BAKE_TEXTURE: pgettext_n("Baking the texture"),
    Stage.SAVE: pgettext_n("Saving the scene"),
    Stage.RENDER: pgettext_n("Rendering"),
    Stage.EXPORT: pgettext_n("Writing the file"),
    Stage.PROCEDURAL: pgettext_n("Measuring synthetic scenes"),
}


def phrase(stage: str) -> str:
    """Return the phrase for a stage in the interface's language; the stage itself if a newer worker has unknown ones."""
    return pgettext_iface(PHRASES[stages.Stage(stage)] if stage in PHRASES else stage)
