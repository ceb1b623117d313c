"""Erasing while somebody else writes the same record, on a server: one waits for the other, and neither loses words."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.errors import Refused
from onefirm.ledger.append import Ledger
from onefirm.ledger.verify import verify
from onefirm.secrets import Secrets
from onefirm.state import scrub
from onefirm.state.records import Change
from onefirm.store.engine import Store

OPERATOR = By("operator", reason="asked for by the client")
pytestmark = pytest.mark.postgres


@pytest.fixture
def firm(postgres_url: str, tmp_path: Path) -> Iterator[Firm]:
    """A firm on a server, with an archived client."""
    root = tmp_path / "firm"
    (root / ".onefirm").mkdir(mode=0o700, parents=True)
    head = 'version: 1\nfirm: "Northlight Studio"\ntimezone: "UTC"\ncurrency: "EUR"\n'
    (root / "onefirm.yaml").write_text(f'{head}store: "secret:database"\n')
    Secrets(root).set("database", postgres_url)
    workspace.init(root, workspace.Wishes())
    with open_firm(root) as firm:
        firm.records.write([Change("create", kind="client", set={"title": "Halvorsen"})], OPERATOR)
        firm.records.write([Change("archive", ref="CL-1")], OPERATOR)
        yield firm


def until_somebody_waits(store: Store) -> None:
    """Until a lock on the server is waited for; AssertionError after half a minute."""
    for _ in range(600):
        with store.read() as conn:
            if conn.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
                return
        threading.Event().wait(0.05)
    raise AssertionError("nobody waited")


def restore(firm: Firm) -> None:
    firm.records.write([Change("restore", ref="CL-1")], OPERATOR)


def both(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.submit(first), pool.submit(second)
        return one.exception(60), other.exception(60)


def told(firm: Firm) -> list[tuple[str, bool]]:
    """The record's entries: their kind, and whether they have lost their content."""
    with firm.store.read() as conn:
        assert verify(conn).ok
        return [(event.kind, event.payload is None) for event in firm.ledger.events(conn, ref="CL-1")]


def test_who_restores_what_is_being_erased_waits_and_gets_it_erased(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, check = threading.Event(), scrub.check

    def slowly(*given: Any) -> None:
        check(*given)
        checked.set()
        until_somebody_waits(firm.store)

    monkeypatch.setattr(scrub, "check", slowly)

    def after() -> None:
        assert checked.wait(30)
        restore(firm)

    assert both(lambda: firm.day.erase("CL-1", OPERATOR), after) == (None, None)
    assert told(firm) == [
        ("record.created", True), ("record.archived", True), ("payload.erased", False), ("record.restored", False),
    ]  # fmt: skip
    assert firm.records.get("CL-1").title == "(erased)"


def test_what_is_being_restored_is_not_erased_and_nobody_waits_for_ever(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding, append = threading.Event(), Ledger.append

    def slowly(ledger: Ledger, conn: Any, kind: str, *given: Any, **more: Any) -> Any:
        if kind == "record.restored":
            holding.set()
            until_somebody_waits(firm.store)
        return append(ledger, conn, kind, *given, **more)

    monkeypatch.setattr(Ledger, "append", slowly)

    def erase() -> None:
        assert holding.wait(30)
        firm.day.erase("CL-1", OPERATOR)

    refused, none = both(erase, lambda: restore(firm))
    assert (type(refused), none) == (Refused, None)
    assert "not archived" in str(refused)
    assert firm.records.get("CL-1").title == "Halvorsen"
