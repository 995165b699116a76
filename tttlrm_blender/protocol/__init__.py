# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages and settings shared by worker and client."""
