"""kill -9 at every step of applying a schema: the firm has the old one or the new one, whole, and goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onefirm import workspace
from onefirm.core.attribution import By
from onefirm.day import schema as schema_room
from onefirm.ledger.verify import verify
from onefirm.state.records import Change, Query
from support.own_schema import OPERATOR, Workshop, workshop

PROJECT = Path(__file__).resolve().parents[2]
RECORDS = 40
DIE = """\
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from onefirm import workspace
from onefirm.bootstrap import open_firm
from onefirm.core.attribution import By
from onefirm.day import schema

root, where = Path(sys.argv[1]), sys.argv[2]
with open_firm(root) as firm:
    die = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == where else None
    firm.records.plane = replace(firm.records.plane, step=die)
    schema.apply(root, firm.records, workspace.database_file(root), By("operator"))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A firm with many assets, whose first status is about to get another name."""
    made = workshop(tmp_path)
    made.file("asset")
    made.apply()
    with made.firm() as firm:
        changes = [Change("create", kind="asset", set={"title": f"Camera {n}"}) for n in range(RECORDS)]
        firm.records.write(changes, OPERATOR)
    made.change("asset", "stored: {group: open,", "shelved: {was: stored, group: open,")
    made.change("asset", "moves: [stored]", "moves: [shelved]")
    return made


def kill_at(shop: Workshop, step: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    died = subprocess.run([sys.executable, "-c", DIE, str(shop.root), step], env=env, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL


def stands(shop: Workshop) -> tuple[int, str]:
    """The version in force and the one status that all records have, agreed on by schema, truth, ledger and guard."""
    with shop.firm() as firm:
        rows = firm.records.find(Query(kind="asset", limit=100)).rows
        assert len(rows) == RECORDS
        (status,) = {row.status for row in rows}
        assert status == firm.schema.kinds["asset"].initial
        assert {firm.records.get(row.ref, By("operator")).status for row in rows[:3]} == {status}
        assert len(schema_room.history(firm.records)) == firm.schema.version - 1  # the shipped one is at 2
        with firm.store.read() as conn:
            assert verify(conn).ok
            assert len(firm.ledger.events(conn, kinds=["record.updated"])) == (RECORDS if status == "shelved" else 0)
        guard = json.loads((shop.root / ".onefirm/guard.json").read_text())
        assert guard["schema"] == firm.schema.version
        assert status in guard["kinds"]["asset"]["statuses"]
        return firm.schema.version, status


@pytest.mark.row("STA-02")
@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("backed up", (3, "stored")),
        ("schema written", (3, "stored")),
        ("records rewritten", (3, "stored")),
        ("schema committed", (4, "shelved")),
    ],
)
def test_a_kill_leaves_the_old_schema_or_the_new_one(shop: Workshop, step: str, left: tuple[int, str]) -> None:
    kill_at(shop, step)
    assert stands(shop) == left
    shop.apply()
    assert stands(shop) == (4, "shelved")
    assert workspace.database_file(shop.root) is not None
