"""Saying once that Stop could not check: a refusal at every Stop would keep the session going round for nothing.

The note is a file, because what failed may be anything else; hook.sh keeps the same one where Python could not start.
"""

from __future__ import annotations

import os


def first(root: str) -> bool:
    """Whether this is the first failure in a row; the second takes the note away again."""
    note = _note(root)
    try:
        if os.path.exists(note):
            os.unlink(note)
            return False
        os.close(os.open(note, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        # Where no note can be left nothing tells the first from the second, and a loop is worse than a line.
        return False
    return True


def over(root: str) -> None:
    """The check ran again."""
    try:
        os.unlink(_note(root))
    except OSError:
        return


def _note(root: str) -> str:
    return root + "/.onefirm/stop-failed"
