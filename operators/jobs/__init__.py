# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from an operator to the worker and back: connection, running job, waiting objects, and what became of them."""
