# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the paths of cameras on which scenes for training are photographed, for processes without torch.

A line of JSON for each scene: "c2w", "intrinsics" and "indoors", as in `tttlrm_blender.train.layouts.Views`.
"""

from __future__ import annotations

import argparse
import json

from tttlrm_blender.train.layouts import sample_views
from tttlrm_blender.train.sampling import generator_for


def main() -> None:
    """Print the paths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("seed", "scenes", "views", "side"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    for number in range(options.scenes):
        views = sample_views(generator_for(options.seed, number), 1, options.views, (options.side,) * 2, ordered=True)
        print(json.dumps({name: part[0].tolist() for name, part in vars(views).items()}))


if __name__ == "__main__":
    main()
