# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of long-running work, as its progress names them."""

from enum import StrEnum


class Stage(StrEnum):
    """What work is at. On the wire a stage is its text: that of a newer worker may be none of these."""

    # Before the work begins
    WAIT = "wait"  # other jobs go first
    CONNECT = "connect"  # the worker is started or reached
    UPLOAD = "upload"  # files are sent to it
    # Setting up and checking a worker
    LOOK_AROUND = "look around"  # what the machine has
    MAKE_ENVIRONMENT = "make the environment"
    INSTALL_PACKAGES = "install packages"
    INSTALL_PYTORCH = "install PyTorch"
    CHECK = "check"
    # Photos and their cameras
    FRAMES = "frames"  # a video is read
    LOAD = "load"
    LOOK = "look"  # which photos are blurred, broken or the same
    COPIES = "copies"  # smaller copies for the estimation of poses
    FEATURES = "features"
    PAIRS = "pairs"
    MATCHES = "matches"
    POINTS = "points"
    CAMERAS = "cameras"
    BACKGROUND = "background"  # it is removed
    RESIZE = "resize"  # photos are read at the network's size
    # Splats
    PREVIEW = "preview"
    ENCODE = "encode"  # the network reads the photos
    DECODE = "decode"  # splats are read from its memory
    REFINE = "refine"
    MEASURE = "measure"
    # Surfaces
    RENDER_DEPTH = "render depth"
    FUSE_DEPTH = "fuse depth"
    EXTRACT_SURFACE = "extract surface"
    UNWRAP = "unwrap"
    BAKE_TEXTURE = "bake texture"
    # What comes of it
    SAVE = "save"
    RENDER = "render"
    EXPORT = "export"
    PROCEDURAL = "procedural"  # scenes are made up, and measured
