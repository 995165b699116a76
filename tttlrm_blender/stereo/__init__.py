# SPDX-License-Identifier: GPL-3.0-or-later
"""How far away what photos show is: a plane sweep for the network, and dense depth by PatchMatch stereo."""
