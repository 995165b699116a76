# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs from operators to the worker and back: the connection, the running job, queued objects and failures."""
