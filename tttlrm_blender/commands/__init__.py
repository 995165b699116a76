# SPDX-License-Identifier: GPL-3.0-or-later
"""The tttlrm command, one file per subcommand."""
