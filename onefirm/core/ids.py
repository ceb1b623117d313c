"""Identifiers: time-ordered event ids, and the short refs that people and models copy."""

from __future__ import annotations

import os
import re
import time
import uuid

from onefirm.core.errors import NoRef

REF = re.compile(r"[A-Z]{1,4}-(?:[1-9][0-9]{0,8}|x[0-9a-z]{4,12})")


def uuid7() -> str:
    """A UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then randomness."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def parse_ref(text: str) -> str:
    """The normal spelling of a record's ref (`p-12` becomes `P-12`).

    A number part that starts with `x` is temporary: given while the truth could not be reached. Raises NoRef.
    """
    prefix, dash, number = text.strip().partition("-")
    ref = f"{prefix.upper()}{dash}{number.lower()}"
    if not text.isascii() or not REF.fullmatch(ref):  # ß would become SS
        raise NoRef(
            f"“{text[:40]}” is not a ref.",
            hint="A ref looks like P-12; record_find (onefirm record find) lists them.",
            named={text: None},
        )
    return ref


def is_temporary(ref: str) -> bool:
    """Whether a ref was given while the truth could not be reached."""
    return ref.partition("-")[2].startswith("x")
