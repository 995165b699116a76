# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender or any script uses to talk to a worker."""
