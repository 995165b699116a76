# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of long-running work, as named in progress reports."""

from enum import StrEnum


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
