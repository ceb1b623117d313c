"""The one room for secrets: environment first, then a file of mode 0600, then the operating system's keyring.

A secret never reaches git, ledger, mirror, log or prompt: values are wrapped so that printing shows nothing, and
`looks_secret` is asked before any text is stored.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from onefirm.core.clock import iso
from onefirm.core.errors import InvalidInput, NotFound, Refused

FILE = ".onefirm/secrets.json"
ENVIRONMENT_PREFIX = "ONEFIRM_SECRET_"
_SERVICE = "onefirm"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SHORTEST_COMPARED = 8  # shorter stored values would be found by chance in ordinary text
_SHAPES = {
    "an Anthropic or OpenAI key": r"\bsk-[A-Za-z0-9_-]{16,}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "a Notion token": r"\b(?:ntn_|secret_)[A-Za-z0-9]{20,}",
    "a Slack token": r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{30,}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "an address with a password": r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@",
}
_PATTERNS = {what: re.compile(shape) for what, shape in _SHAPES.items()}

Source = Literal["environment", "file", "keyring"]


class Secret:
    """A value that shows itself only when asked: `repr` and `str` are masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Credential:
    """One line of the inventory; `ends_on` is a date as YYYY-MM-DD where the operator told it."""

    name: str
    source: Source
    set_at: str | None = None
    owner: str | None = None
    ends_on: str | None = None


class Secrets:
    """The secrets of one workspace. `environ` is the process's environment unless a test gives another."""

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None) -> None:
        self._path = root / FILE
        self._environ = os.environ if environ is None else environ

    def get(self, name: str) -> Secret | None:
        """The secret of this name, from the first source that has it. Raises Refused if others may read the file."""
        value = self._environ.get(ENVIRONMENT_PREFIX + _checked(name).upper())
        if value is None:
            value = (self._stored().get(name) or {}).get("value")
        if value is None:
            value = _keyring(lambda keyring: keyring.get_password(_SERVICE, name))
        return Secret(value) if value else None

    def set(self, name: str, value: str, *, owner: str | None = None, ends_on: str | None = None) -> Source:
        """Store a secret in the keyring where there is one, else in the 0600 file; returns where it went."""
        if not value or "\x00" in value or len(value) > 16_384:
            raise InvalidInput(
                "A secret must have 1 to 16,384 characters.", hint=f"Run `onefirm secret set {name}` again."
            )
        stored = self._stored()
        kept = _keyring(lambda keyring: keyring.set_password(_SERVICE, _checked(name), value) or "kept") == "kept"
        entry: dict[str, Any] = {"set_at": iso(datetime.now(UTC)), "owner": owner, "ends_on": ends_on}
        stored[_checked(name)] = entry if kept else {**entry, "value": value}
        self._write(stored)
        return "keyring" if kept else "file"

    def remove(self, name: str) -> None:
        """Forget a secret in the file and the keyring. Raises NotFound."""
        stored = self._stored()
        if _checked(name) not in stored:
            raise NotFound(f"There is no stored secret “{name}”.", hint="`onefirm secret list` shows what there is.")
        del stored[name]
        _keyring(lambda keyring: keyring.delete_password(_SERVICE, name))
        self._write(stored)

    def inventory(self) -> list[Credential]:
        """Every credential by name, without its value."""
        found = {
            name: Credential(
                name, "file" if "value" in entry else "keyring", entry["set_at"], entry["owner"], entry["ends_on"]
            )
            for name, entry in self._stored().items()
        }
        for key in self._environ:
            if key.startswith(ENVIRONMENT_PREFIX):
                name = key.removeprefix(ENVIRONMENT_PREFIX).lower()
                found[name] = Credential(name, "environment")
        return [found[name] for name in sorted(found)]

    def looks_secret(self, text: str) -> str | None:
        """What kind of secret a text holds, in words; None for an honest text. A stored secret's own value counts."""
        for what, pattern in _PATTERNS.items():
            if pattern.search(text):
                return what
        for name, entry in self._stored().items():
            value = entry.get("value", "")
            if len(value) >= _SHORTEST_COMPARED and value in text:
                return f"the secret “{name}”"
        return None

    def _stored(self) -> dict[str, dict[str, Any]]:
        try:
            if self._path.stat().st_mode & 0o077:
                raise Refused(f"{self._path} can be read by others.", hint=f"Run `chmod 600 {self._path}`.")
            return json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise InvalidInput(
                f"{self._path} is damaged.", hint="Move it away and set the secrets again: `onefirm secret set NAME`."
            ) from None

    def _write(self, stored: Mapping[str, Any]) -> None:
        draft = self._path.with_name(f".secrets.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(stored, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"“{name[:40]}” can't name a secret.", hint="Use small letters, digits and _: database.")
    return name


def _keyring(ask: Callable[[Any], str | None]) -> str | None:
    """Ask the keyring, if the extra is installed and a backend answers; else None."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        return ask(keyring)
    except KeyringError:
        return None
