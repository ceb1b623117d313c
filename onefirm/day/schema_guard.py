"""The guard's rules, kept those of the schema in force."""

from __future__ import annotations

import json
from pathlib import Path

from onefirm.narrative.compile import compile_guard, write_guard
from onefirm.state.schema import Schema


def catch_up(root: Path, schema: Schema) -> bool:
    """Compile the guard's rules where they are those of an older schema: whoever applied this one died before it could.

    Rules that are missing or damaged, or can't be written (a full disk), stay so: `onefirm doctor` tells of them.
    """
    path = root / ".onefirm" / "guard.json"
    try:
        compiled = json.loads(path.read_bytes())["schema"]
        if not compiled < schema.version:
            return False
        write_guard(str(root), compile_guard(schema.to_dict()))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
