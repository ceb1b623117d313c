"""Starting the core, which may import what it likes, as a child of a hook that may not."""

from __future__ import annotations

import os
import subprocess
import time

_GOES_ON = '"goes_on": true}\n'
_PAUSE_S = 0.01
_PLUGIN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def detach(root: str, *arguments: str) -> None:
    """Starts `onefirm hook …` in a session of its own, with nothing of ours open, and doesn't wait."""
    subprocess.Popen(
        _command(arguments), cwd=root, start_new_session=True, close_fds=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def ask(root: str, deadline_s: float, *arguments: str) -> tuple[int | None, str]:
    """Runs `onefirm hook …` and gives its exit code and output; (None, "") when it isn't done by the deadline.

    It is then left to finish by itself, as is one that says in its output that it goes on: that goes to a file without
    a name, not to a pipe that would break.
    """
    handle = _nameless(root)
    try:
        child = subprocess.Popen(
            _command(arguments), cwd=root, start_new_session=True, close_fds=True,
            stdin=subprocess.DEVNULL, stdout=handle, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return _answer(child, handle, time.monotonic() + deadline_s)
    finally:
        os.close(handle)


def _answer(child: subprocess.Popen[bytes], handle: int, until: float) -> tuple[int | None, str]:
    while (code := child.poll()) is None:
        said = _said(handle)
        if said.endswith(_GOES_ON) or time.monotonic() > until:
            # Its exit is nobody's to collect any more; silence the warning of a child left alone.
            child.returncode = 0
            return (0, said) if said.endswith(_GOES_ON) else (None, "")
        time.sleep(_PAUSE_S)
    return code, _said(handle)


def _said(handle: int) -> str:
    return os.pread(handle, os.fstat(handle).st_size, 0).decode("utf-8", "replace")


def _command(arguments: tuple[str, ...]) -> list[str]:
    return ["/bin/sh", _PLUGIN + "/bin/onefirm", "hook", *arguments]


def _nameless(root: str) -> int:
    for folder in (root + "/.onefirm", os.environ.get("TMPDIR", "/tmp"), "/tmp"):  # noqa: S108 - opened exclusively, unlinked at once
        name = f"{folder}/.onefirm-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        os.unlink(name)
        return handle
    raise OSError("no folder to write to")
