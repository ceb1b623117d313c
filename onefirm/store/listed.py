"""A list of texts as one parameter of a statement, however long: databases bound how many parameters there may be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB


def listed(conn: Connection, texts: Iterable[str]) -> Select[Any]:
    """A query of these texts, to be used with `in_`."""
    given = literal(json.dumps(sorted(texts)), Text)
    if conn.dialect.name == "postgresql":
        return select(func.jsonb_array_elements_text(cast(given, JSONB)).column_valued("given"))
    return select(func.json_each(given).table_valued("value").c.value)
