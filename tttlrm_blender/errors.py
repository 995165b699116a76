# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that a person can act on."""


class TttlrmError(Exception):
    """What happened and to which file, as one sentence, and what to do about it, as another.

    `code` is the stable name that programs may branch on ("bad_photo", "no_poses", "bad_checkpoint", …).
    """

    def __init__(self, sentence: str, hint: str = "", code: str = "failed") -> None:
        super().__init__(f"{sentence} {hint}".strip())
        self.sentence, self.hint, self.code = sentence, hint, code


class Cancelled(Exception):
    """The person asked a running job to stop."""


# In what CUDA, torch, C++ and oneDNN say of it.
SHORTAGE = ("out of memory", "can't allocate memory", "bad_alloc", "ALLOC_FAILED", "could not create a primitive")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, the processor's or an accelerator's."""
    told = isinstance(error, RuntimeError) and any(words in str(error) for words in SHORTAGE)
    return told or isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
