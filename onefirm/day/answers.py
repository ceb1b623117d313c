"""Answers to questions about the truth: its file is changed where the answer says so, then the answer is kept."""

from __future__ import annotations

from onefirm import yamlfile
from onefirm.core.attribution import By
from onefirm.day import texts
from onefirm.day.planes import Planes
from onefirm.state import mismatches
from onefirm.state import schema as schemas
from onefirm.store.inbox import InboxItem


def decide(planes: Planes, item_id: str, keep: str, by: By) -> InboxItem:
    """Answer a question; returns it decided. Raises NotFound, InvalidInput, Refused.

    The file comes first: of who dies before the answer is kept, the next look finds the question mended.
    """
    item = planes.records.question(item_id)
    if item.kind == mismatches.KIND and (edits := mismatches.edits(item, keep)):
        _tell(planes, edits)
    return planes.records.decide_conflict(item_id, keep, by)


def _tell(planes: Planes, edits: mismatches.Edits) -> None:
    from onefirm.state.truth.notion import mapping

    path = planes.root / mapping.FILE
    with planes.store.read() as conn:
        schema = schemas.remembered(conn)
    with texts.turn(planes.root):
        before = path.read_text(encoding="utf-8")
        after = yamlfile.changed(path, before, edits)
        mapping.check(yamlfile.parse(path, after.encode()), schema)
        texts.replace_text(planes.root, mapping.FILE, before, after)
