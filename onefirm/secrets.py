"""The one room for secrets: the environment first, then a file of mode 0600, then the system's keyring (extra).

What Claude Code's options of the plugin hold reaches its hooks and its server by the environment, and goes before.

The file is `.onefirm/secrets.json`; it also remembers what the keyring holds. A secret never reaches git, ledger,
mirror, log or prompt: it leaves this room only inside a `Secret`, and texts are held against `looks_secret` before they
are stored.
"""

from __future__ import annotations

import fcntl
import hmac
import importlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, NoReturn

from onefirm.core import credentials
from onefirm.core.clock import Clock, SystemClock, iso
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.core.ids import uuid7

Source = Literal["environment", "file", "keyring"]
FILE = ".onefirm/secrets.json"
ENVIRONMENT_PREFIX = "ONEFIRM_SECRET_"
PLUGIN_OPTIONS = {"notion": "CLAUDE_PLUGIN_OPTION_NOTION_TOKEN"}
"""Where Claude Code puts what the operator typed into the plugin's options, by the secret's name."""
_VERSION = 1
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LONGEST_VALUE = 16_384
_SHORTEST_COMPARED = 8  # a shorter value would be found in ordinary words by chance


class Secret:
    """A value that does not show itself: printing, formatting and pickling give nothing away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the call that needs it, and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


@dataclass(frozen=True, slots=True)
class Credential:
    """A line of the inventory: where a secret is read from, when it was set, whose it is, when it ends (a date)."""

    name: str
    source: Source
    set_at: str | None = None
    owner: str | None = None
    ends_on: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file holds. `service` is the workspace's own name in the keyring: it survives a move of the folder."""

    service: str
    entries: dict[str, dict[str, Any]]


class Secrets:
    """The secrets of one workspace. `environ` is the process's environment unless a test gives another."""

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None, clock: Clock | None = None) -> None:
        self._path = root / FILE
        self._environ = os.environ if environ is None else environ
        self._clock = clock or SystemClock()

    def get(self, name: str) -> Secret | None:
        """The secret of this name, from the first source that has it. Raises Refused if others may read the file."""
        if value := self._in_environment().get(_checked(name)):
            return Secret(value)
        kept = self._read()
        entry = kept.entries.get(name)
        if entry is None:
            return None
        return Secret(entry["value"]) if "value" in entry else self._from_keyring(kept.service, name)

    def set(self, name: str, value: str, *, owner: str | None = None, ends_on: str | None = None) -> Source:
        """Keep a secret in the keyring where there is one, else in the 0600 file; returns where it went.

        Raises InvalidInput for a name, value or date that can't be.
        """
        if not value.strip() or "\0" in value or len(value) > _LONGEST_VALUE:
            raise InvalidInput(
                f"A secret has 1 to {_LONGEST_VALUE:,} characters.",
                hint=f"Run `onefirm secret set {_checked(name)}` again.",
            )
        entry: dict[str, Any] = {"set_at": iso(self._clock.now()), "owner": owner, "ends_on": _day(ends_on)}
        with self._changing() as kept:
            held = _in_keyring(kept.service, _checked(name), value)
            kept.entries[name] = entry if held else {**entry, "value": value}
        return "keyring" if held else "file"

    def remove(self, name: str) -> None:
        """Forget a secret of file or keyring; one in the environment stays. Raises NotFound."""
        with self._changing() as kept:
            entry = kept.entries.pop(_checked(name), None)
        if entry is None:
            raise NotFound(f"There is no stored secret “{name}”.", hint="`onefirm secret list` shows what there is.")
        if "value" not in entry:
            self._forget_in_keyring(kept.service, name)

    def names(self) -> list[str]:
        """The names of all secrets."""
        return [one.name for one in self.inventory()]

    def inventory(self) -> list[Credential]:
        """Every credential by name, without its value."""
        found = {
            name: Credential(
                name, "file" if "value" in entry else "keyring", entry["set_at"], entry["owner"], entry["ends_on"]
            )
            for name, entry in self._read().entries.items()
        }
        for name in self._in_environment():
            stored = found.get(name, Credential(name, "environment"))
            found[name] = Credential(name, "environment", None, stored.owner, stored.ends_on)
        return [found[name] for name in sorted(found)]

    def looks_secret(self, text: str) -> str | None:
        """What kind of secret a text holds, in words; None for an honest text. A known secret's own value counts.

        Values in the keyring are not compared: asking for them may ask the operator.
        """
        return credentials.kind_in(text) or self.known_in(text)

    def known_in(self, text: str) -> str | None:
        """Which known secret's own value a text holds, in words."""
        for name, value in self._comparable().items():
            if len(value) >= _SHORTEST_COMPARED and value in text:
                return f"the secret “{name}”"
        return None

    def _comparable(self) -> dict[str, str]:
        try:
            entries = _parsed(self._path.read_text(encoding="utf-8")).entries
        except (OSError, ValueError):
            # Whatever is wrong with the file is told where a secret is needed, not at every record that is written.
            entries = {}
        return {
            **{name: entry["value"] for name, entry in entries.items() if "value" in entry},
            **self._in_environment(),
        }

    def _in_environment(self) -> dict[str, str]:
        named = {
            name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
            for name, value in self._environ.items()
            if name.startswith(ENVIRONMENT_PREFIX) and value
        }
        options = {name: value for name, variable in PLUGIN_OPTIONS.items() if (value := self._environ.get(variable))}
        return {**named, **options}

    # -- the file ------------------------------------------------------------------------------------------------------

    def _read(self) -> _Kept:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return _Kept(f"onefirm-{uuid7()}", {})
        except OSError as error:
            raise Unavailable(
                f"{self._path} can't be read: {error.strerror}.", hint="It has to be a plain file of yours."
            ) from error
        with os.fdopen(descriptor, encoding="utf-8") as file:
            self._check_private(os.fstat(file.fileno()))
            try:
                return _parsed(file.read())
            except ValueError as error:
                raise Unavailable(
                    f"{self._path} is damaged.",
                    hint="Move it away and set the secrets again: `onefirm secret set NAME`.",
                ) from error

    def _check_private(self, found: os.stat_result) -> None:
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid != os.geteuid():
            raise Refused(f"{self._path} belongs to another user.", hint=f"Run `chown {os.geteuid()} '{self._path}'`.")
        if mode & 0o077:
            raise Refused(
                f"{self._path} can be read or changed by others (mode {mode:04o}).",
                hint=f"Run `chmod 600 '{self._path}'`, and renew the secrets if somebody else had a look.",
            )

    @contextmanager
    def _changing(self) -> Generator[_Kept]:
        """What is kept, held alone; written back in one step when it was changed."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = self._read()
            before = dict(kept.entries)
            yield kept
            if kept.entries != before:
                self._write(kept)
        finally:
            os.close(lock)

    def _write(self, kept: _Kept) -> None:
        # mkstemp makes the file 0600: there is no moment in which others can read it.
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".secrets-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                form = {"version": _VERSION, "service": kept.service, "secrets": kept.entries}
                json.dump(form, file, indent=1, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    # -- the keyring ---------------------------------------------------------------------------------------------------

    def _from_keyring(self, service: str, name: str) -> Secret | None:
        keyring = _keyring()
        if keyring is None:
            raise Unavailable(
                f"“{name}” lies in the keyring, and the keyring is not installed.",
                hint=f"Install onefirm[keyring], or set {ENVIRONMENT_PREFIX}{name.upper()} in the environment.",
            )
        try:
            value = keyring.get_password(service, name)
        except keyring.errors.KeyringError as error:
            raise Unavailable(
                f"The keyring did not give “{name}”.",
                hint=f"Unlock it, or set {ENVIRONMENT_PREFIX}{name.upper()} in the environment.",
            ) from error
        return Secret(value) if value else None

    def _forget_in_keyring(self, service: str, name: str) -> None:
        keyring = _keyring()
        if keyring is None:
            return
        try:
            keyring.delete_password(service, name)
        except keyring.errors.KeyringError as error:
            raise Unavailable(
                f"The keyring did not let go of “{name}”; the inventory no longer names it.",
                hint=f"Remove “{service}” in the keyring's own program.",
            ) from error


def _keyring() -> Any:
    """The keyring library, or None where the extra is not installed."""
    try:
        return importlib.import_module("keyring")
    except ImportError:
        return None


def _in_keyring(service: str, name: str, value: str) -> bool:
    """Whether a keyring took the value: many machines have none that answers."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(service, name, value)
    except keyring.errors.KeyringError:
        return False
    return True


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"“{name[:40]}” can't name a secret.", hint="Use small letters, digits and _: database.")
    return name


def _day(ends_on: str | None) -> str | None:
    if not ends_on:
        return None
    try:
        return date.fromisoformat(ends_on).isoformat()
    except ValueError:
        raise InvalidInput(f"“{ends_on[:40]}” is not a date.", hint="Write it as 2027-06-30.") from None


def _parsed(text: str) -> _Kept:
    """What the file holds; ValueError for anything else than what `_write` makes."""
    try:
        given: dict[str, Any] = json.loads(text)
        if given["version"] != _VERSION:
            raise ValueError(f"form {given['version']}")
        entries = {str(name): _entry(entry) for name, entry in given["secrets"].items()}
        return _Kept(str(given["service"]), entries)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("another form") from error


def _entry(given: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given.get("value", ""), str):
        raise TypeError
    return {"set_at": given["set_at"], "owner": given["owner"], "ends_on": given["ends_on"]} | (
        {"value": given["value"]} if "value" in given else {}
    )
