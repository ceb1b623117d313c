"""The workspace that this server serves: where it is, and its firm, opened when the first call needs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onefirm.core.errors import Unavailable
from onefirm.core.loading import loading
from onefirm.sessions import root as roots

if TYPE_CHECKING:
    from onefirm.bootstrap import Firm

OpenFirm = Callable[[Path], "Firm"]
_Fingerprint = tuple[tuple[int, ...] | None, ...]


def find(environ: Mapping[str, str], cwd: str) -> Path | None:
    """The workspace at or above the client's project folder, else at or above the working directory."""
    starts = [start for start in (environ.get("CLAUDE_PROJECT_DIR"), cwd) if start]
    for search in (roots.find_live, roots.find):
        for start in starts:
            if found := search(start):
                return Path(found)
    return None


def open_firm(root: Path) -> Firm:
    """Open the firm at a workspace's root; imports the core, which takes longer than starting the server."""
    with loading():
        from onefirm import bootstrap

    return bootstrap.open_firm(root)


class Workspace:
    """One firm for the whole process, shared by the threads that tools run on.

    A firm that can't be opened is tried again at the next call. One whose files were replaced (a restored backup, an
    edited onefirm.yaml or notion.yaml), whose schema was changed, or whose database failed, is closed when its last
    call is done, and opened anew.
    """

    def __init__(self, root: Path, opener: OpenFirm = open_firm) -> None:
        self.root = root
        self._opener = opener
        self._lock = threading.RLock()  # a signal may ask while the main thread closes
        self._quiet = threading.Condition(self._lock)
        self._firm: Firm | None = None
        self._seen: _Fingerprint = ()
        self._users: dict[int, int] = {}

    @contextmanager
    def firm(self) -> Generator[Firm]:
        """The firm, for one call. Raises FirmError when it can't be opened."""
        firm = self._enter()
        try:
            yield firm
        except Unavailable:
            self._retire(firm)
            raise
        finally:
            self._leave(firm)

    @contextmanager
    def seen(self, client_id: str | None) -> Generator[Firm]:
        """The firm as a client's session sees it, None being nobody that is known. Raises FirmError."""
        with self.firm() as firm:
            from onefirm.day import walls  # the core: imported once the firm is open

            wall = walls.of_call(self.root, client_id)
            yield firm.behind(wall) if wall else firm

    def warm(self) -> None:
        """Open the firm ahead of the first call; what is wrong is told by that call."""
        try:
            with self.firm():
                pass
        except Exception:  # noqa: BLE001, S110 - the first call meets the same failure and explains it
            pass

    def settle(self, timeout_s: float) -> bool:
        """Wait until no call is under way; False when the time was too short."""
        with self._quiet:
            return self._quiet.wait_for(lambda: not self._users, timeout_s)

    def close(self) -> None:
        """Close the firm, as soon as nobody uses it."""
        with self._lock:
            self._drop()

    def _enter(self) -> Firm:
        with self._lock:
            seen = _fingerprint(self.root)
            if self._firm is not None and (seen != self._seen or _is_outdated(self._firm)):
                self._drop()
            if self._firm is None:
                self._firm, self._seen = self._opener(self.root), seen
            self._users[id(self._firm)] = self._users.get(id(self._firm), 0) + 1
            return self._firm

    def _leave(self, firm: Firm) -> None:
        with self._quiet:
            self._users[id(firm)] -= 1
            if not self._users[id(firm)]:
                del self._users[id(firm)]
                if firm is not self._firm:
                    firm.close()
            self._quiet.notify_all()

    def _retire(self, firm: Firm) -> None:
        with self._lock:
            if self._firm is firm:
                self._drop()

    def _drop(self) -> None:
        firm, self._firm = self._firm, None
        if firm is not None and id(firm) not in self._users:
            firm.close()


def _is_outdated(firm: Firm) -> bool:
    """Whether a newer schema was applied since; a database that can't be asked is told of by the call itself."""
    try:
        return bool(firm.records.outdated())
    except Unavailable:
        return False


def _fingerprint(root: Path) -> _Fingerprint:
    """Changes when a file that the open firm was read from is replaced; writing to the database changes nothing."""
    database = _stat(root / ".onefirm" / "firm.db")
    written = [_stat(root / name) for name in ("onefirm.yaml", "notion.yaml")]
    return (
        *(file and (file.st_ino, file.st_mtime_ns, file.st_size) for file in written),
        database and (database.st_dev, database.st_ino),
    )


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
