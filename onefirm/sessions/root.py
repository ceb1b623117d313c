"""Which workspace a path belongs to."""

from __future__ import annotations

import os.path


def find(start: str) -> str | None:
    """The nearest folder at or above `start` with a `onefirm.yaml`, as an absolute path."""
    return next((folder for folder in _upwards(start) if os.path.isfile(folder + "/onefirm.yaml")), None)


def find_live(start: str) -> str | None:
    """The nearest workspace that was initialised (has `.onefirm/` too): hooks are inert anywhere else.

    A folder with a `onefirm.yaml` alone does not end the search: putting one into a subfolder must not silence the
    guard.
    """
    return next((folder for folder in _upwards(start) if is_live(folder)), None)


def is_live(folder: str) -> bool:
    """Whether the folder is an initialised workspace."""
    return os.path.isfile(folder + "/onefirm.yaml") and os.path.isdir(folder + "/.onefirm")


def _upwards(start: str) -> list[str]:
    folder = os.path.abspath(start)
    folders = [folder]
    while (parent := os.path.dirname(folder)) != folder:
        folders.append(parent)
        folder = parent
    return folders
