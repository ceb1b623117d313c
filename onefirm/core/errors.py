"""Errors that a person reads. Every room raises these; each interface translates them once."""

from __future__ import annotations


class FirmError(Exception):
    """Something was refused or could not be done, for a reason the operator can act on.

    `message` says what happened and why, `hint` what to do next (a command or a tool call).
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InvalidInput(FirmError):
    """A value that was given can't be understood: wrong form, unknown name, unparsable date."""


class NotFound(FirmError):
    """A record, event, decision or file that was named doesn't exist."""


class Refused(FirmError):
    """The request is understood, but a rule of the firm forbids it now."""


class Unavailable(FirmError):
    """A thing that is needed can't be reached or used now: database, truth, disk, environment."""
