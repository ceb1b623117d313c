"""What Notion says when it doesn't do what was asked: its codes and its own words, in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

VERSIONS = ("2021-05-11", "2021-05-13", "2021-08-16", "2022-02-22", "2022-06-28", "2025-09-03", "2026-03-11")
"""Every version that Notion publishes."""
MISSING = object()
"""A member that a request did not send; refusals call it `undefined`."""
QUOTE = 55


class Refusal(Exception):
    """Raised by whatever can't be answered; the server sends it as Notion's error object."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.data, self.headers = data, dict(headers or {})

    def body(self, request_id: str) -> dict[str, Any]:
        """The error object, with its members in Notion's order."""
        shown: dict[str, Any] = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
        }
        if self.data is not None:
            shown["additional_data"] = dict(self.data)
        return {**shown, "request_id": request_id}


class TooLarge(Refusal):
    """Raised for a body over 500 KB: what stands before the API answers, in a form of its own."""

    def __init__(self) -> None:
        super().__init__(413, "413", "Request body too large.")

    def body(self, request_id: str) -> dict[str, Any]:
        """The answer of Notion's front door; it isn't an error object."""
        shown = {"isNotionError": False, "errorId": request_id, "name": "PayloadTooLargeError", "message": self.message}
        return {**shown, "code": self.status}


def quoted(value: object) -> str:
    """A value as a refusal quotes it after `instead was`: compact JSON, cut after 55 characters."""
    if value is MISSING:
        return "undefined"
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= QUOTE else text[:QUOTE] + "..."


def invalid(message: str) -> Refusal:
    """400 for a request whose form is right and whose content isn't."""
    return Refusal(400, "validation_error", message)


def should_be(path: str, expected: str, value: object) -> Refusal:
    """400 for a member that isn't what it has to be; `path` begins with `body` or `query`."""
    root = path.partition(".")[0].partition("[")[0]
    return invalid(f"{root} failed validation: {path} should be {expected}, instead was `{quoted(value)}`.")


def too_long(path: str, bound: int, length: int) -> Refusal:
    """400 for a text or a list over its bound."""
    return should_be(f"{path}.length", f"≤ `{bound}`", length)


def not_found(kind: str, asked: str) -> Refusal:
    """404 for what isn't there, and just so for what isn't shared with the connection."""
    return Refusal(404, "object_not_found", f"Could not find {kind} with ID: {asked}.")


def no_such_url() -> Refusal:
    """400 for an address that this version doesn't have."""
    return Refusal(400, "invalid_request_url", "Invalid request URL.")


def restricted() -> Refusal:
    """403 for what the connection's capabilities don't cover."""
    return Refusal(403, "restricted_resource", "Insufficient permissions for this endpoint.")


def conflict() -> Refusal:
    """409 for a save that met another one."""
    return Refusal(409, "conflict_error", "Conflict occurred while saving. Please try again.")


def wrong_version(value: str | None) -> Refusal:
    """400 for a header that is missing, or that names a version which Notion doesn't publish."""
    if value is None:
        expected, was = "defined", "undefined"
    else:
        listed = ", ".join(f'`"{version}"`' for version in VERSIONS[:-1])
        expected, was = f'{listed}, or `"{VERSIONS[-1]}"`', quoted(value)
    return Refusal(
        400,
        "missing_version",
        f"Notion-Version header failed validation: Notion-Version header should be {expected}, instead was `{was}`.",
    )


def unauthorized(form: bool) -> Refusal:
    """401; `form` says that the header itself is not a bearer credential."""
    words = 'Authorization header must use the format "Bearer <token>".' if form else "API token is invalid."
    return Refusal(401, "unauthorized", words)
