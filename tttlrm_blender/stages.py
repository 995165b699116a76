# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of long-running work, as named in progress reports, and the steps that they make up."""

from enum import StrEnum

from .errors import Text, text


class Stage(StrEnum):
    """A stage of work. On the wire a stage is its text, and a newer worker may send others."""

    # Before the work begins
    WAIT = "wait"  # for other jobs
    CONNECT = "connect"  # to the worker, which may have to be started
    UPLOAD = "upload"  # files are sent to the worker
    # Setting up and checking a worker
    LOOK_AROUND = "look around"  # at what the machine has
    MAKE_ENVIRONMENT = "make the environment"
    INSTALL_PACKAGES = "install packages"
    INSTALL_PYTORCH = "install PyTorch"
    CHECK = "check"
    # Photos and their cameras
    FRAMES = "frames"  # taken from a video
    LOAD = "load"
    LOOK = "look"  # for blurred, broken and duplicate photos
    COPIES = "copies"  # smaller photos for pose estimation
    FEATURES = "features"
    DETAILS = "details"  # smaller features, where those were not enough
    PAIRS = "pairs"
    MATCHES = "matches"
    POINTS = "points"
    CAMERAS = "cameras"
    BACKGROUND = "background"  # removal
    RESIZE = "resize"  # to the network's size
    DEPTH = "depth"  # of every pixel of the photos
    # Splats
    PREVIEW = "preview"
    ENCODE = "encode"  # photos to fast weights
    DECODE = "decode"  # fast weights to splats
    REFINE = "refine"
    MEASURE = "measure"
    # Surfaces
    RENDER_DEPTH = "render depth"
    FUSE_DEPTH = "fuse depth"
    EXTRACT_SURFACE = "extract surface"
    UNWRAP = "unwrap"
    BAKE_TEXTURE = "bake texture"
    # Results
    SAVE = "save"
    RENDER = "render"
    EXPORT = "export"
    PROCEDURAL = "procedural"  # scenes are generated and measured


class Step(StrEnum):
    """A step of a job, as people count them; each has several stages."""

    PHOTOS = "photos"
    CAMERAS = "cameras"  # where the photos were taken, if no file says so
    CLOSER = "closer"  # the cameras again, where large features were not enough
    DRAFT = "draft"
    DEPTH = "depth"  # sparse points, and depth of every pixel
    REFINE = "refine"
    MESH = "mesh"


PHRASES: dict[Stage, Text] = {
    Stage.WAIT: text("Waiting for another job"),
    Stage.LOOK_AROUND: text("Inspecting this machine"),
    Stage.MAKE_ENVIRONMENT: text("Creating an environment"),
    Stage.INSTALL_PACKAGES: text("Installing packages"),
    Stage.INSTALL_PYTORCH: text("Installing PyTorch"),
    Stage.CHECK: text("Checking"),
    Stage.CONNECT: text("Starting the worker"),
    Stage.UPLOAD: text("Uploading the photos"),
    Stage.FRAMES: text("Reading the video"),
    Stage.LOAD: text("Reading the photos"),
    Stage.LOOK: text("Analyzing the photos"),
    Stage.COPIES: text("Preparing the photos"),
    Stage.FEATURES: text("Detecting features"),
    Stage.DETAILS: text("Looking closer: detecting small features"),
    Stage.PAIRS: text("Pairing photos"),
    Stage.MATCHES: text("Matching features"),
    Stage.POINTS: text("Finding points"),
    Stage.CAMERAS: text("Estimating camera poses"),
    Stage.BACKGROUND: text("Removing the background"),
    Stage.RESIZE: text("Resizing the photos"),
    Stage.DEPTH: text("Measuring depth"),
    Stage.PREVIEW: text("Creating a preview"),
    Stage.ENCODE: text("Learning the scene"),
    Stage.DECODE: text("Decoding splats"),
    Stage.REFINE: text("Refining splats"),
    Stage.MEASURE: text("Evaluating the result"),
    Stage.RENDER_DEPTH: text("Rendering depth maps"),
    Stage.FUSE_DEPTH: text("Fusing depth maps"),
    Stage.EXTRACT_SURFACE: text("Extracting the surface"),
    Stage.UNWRAP: text("Unwrapping the mesh"),
    Stage.BAKE_TEXTURE: text("Baking the texture"),
    Stage.SAVE: text("Saving the scene"),
    Stage.RENDER: text("Rendering"),
    Stage.EXPORT: text("Writing the file"),
    Stage.PROCEDURAL: text("Measuring synthetic scenes"),
}
