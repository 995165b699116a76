# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do without a window: the command `tttlrm` of Blender's command line, one file per subcommand."""
