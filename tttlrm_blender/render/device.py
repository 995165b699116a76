# SPDX-License-Identifier: GPL-3.0-or-later
"""Where splats are drawn and optimised."""

import torch


def best_device() -> torch.device:
    """A CUDA GPU if there is one, otherwise the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
