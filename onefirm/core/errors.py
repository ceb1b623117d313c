"""Errors that a person reads. Every room raises these; each interface translates them once."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What was sent is often quoted in a sentence, and a sentence is shown on a terminal: nothing in it may steer one.
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class FirmError(Exception):
    """Something was refused or could not be done, for a reason the operator can act on.

    `message` says what happened and why, `hint` what to do next (a command or a tool call).
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = _STEERING.sub("�", message)
        self.hint = _STEERING.sub("�", hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InvalidInput(FirmError):
    """A value that was given can't be understood: wrong form, unknown name, unparsable date."""


class NoRef(InvalidInput):
    """What was sent where a ref is due is none. `named` are the texts, each with the kind that was asked for.

    Who can look records up says which ones are called so; none is taken for the one that was meant.
    """

    def __init__(self, message: str, *, hint: str = "", named: Mapping[str, str | None]) -> None:
        super().__init__(message, hint=hint)
        self.named = named


class NotFound(FirmError):
    """A record, event, decision or file that was named doesn't exist."""


class Refused(FirmError):
    """The request is understood, but a rule of the firm forbids it now."""


class Unavailable(FirmError):
    """A thing that is needed can't be reached or used now: database, truth, disk, environment."""
