"""One entry that can't be read any more stops neither the day nor the record that it is about."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onefirm import workspace
from onefirm.bootstrap import open_firm
from onefirm.core.attribution import By
from onefirm.day import backups
from onefirm.ledger.trace import render, trace
from onefirm.ledger.verify import verify
from onefirm.state.records import Change
from support.clock import FixedClock

CLAUDE = By("claude", "S-1")


@pytest.mark.parametrize("broken", ["{", '"x"', b'{"data":{"kind":"task\xff"}}'])
def test_brief_record_timeline_and_trace_go_on_and_verify_names_the_entry(tmp_path: Path, broken: str | bytes) -> None:
    clock = FixedClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    root = tmp_path / "firm"
    workspace.init(root, workspace.Wishes(firm="Northlight Studio", timezone="Europe/Berlin"), clock)
    with open_firm(root, clock=clock) as firm:
        firm.records.write([Change("create", kind="task", set={"title": "Call Jana"})], CLAUDE)
        [damaged] = firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], CLAUDE)
        firm.records.write([Change("create", kind="task", set={"title": "Draft the offer"})], CLAUDE)
    with closing(sqlite3.connect(backups.database(root))) as conn, conn:
        conn.execute("DROP TRIGGER payload_only_erased")
        changed = "UPDATE payload SET body = CAST(? AS TEXT) WHERE event_id = ?"
        conn.execute(changed, (broken, damaged.event_id))
    with open_firm(root, clock=clock) as firm:
        assert "Draft the offer" in firm.day.brief().text
        assert firm.records.get("T-1", CLAUDE).status == "doing"
        assert [event.kind for event in firm.records.timeline("T-1")][:2] == ["record.created", "record.updated"]
        assert firm.records.as_of("T-1", clock.now()).title == "Call Jana"
        with firm.store.read() as conn:
            assert "Call Jana" in render(trace(conn, firm.ledger, "T-1"))
            assert damaged.event_id in {finding.event_id for finding in verify(conn).findings}
