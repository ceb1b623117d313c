"""One spelling for every JSON value, so that equal values have equal hashes."""

from __future__ import annotations

import hashlib
import json


def dumps(value: object) -> str:
    """Compact JSON with sorted keys and unescaped Unicode; NaN and infinities are refused (ValueError)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_hex(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
