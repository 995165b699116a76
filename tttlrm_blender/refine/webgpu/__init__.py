# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimization of splats that stay on a GPU, through WebGPU, with kernels for loss, activations and optimizer.

A step sends a camera and sixteen numbers, and gets the number of pairs of splats and tiles back. `stepper` has the rule about
which refinements are made so. The plain twins of the kernels are `photo_gradients`, `parameters`, `resolution` and `average`.
"""
