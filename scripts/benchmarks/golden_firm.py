"""The firm of the golden set, lived through its public rooms: every item at its own time, as an operator would have."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from benchmarks.golden_set import Hit, Item, Question, items, people, records
from onefirm import settings, workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.demo.clock import StoryClock
from onefirm.memory.quotes import Quote
from onefirm.memory.stories import Verdict
from onefirm.sessions.shapes import Wall
from onefirm.state.records import Change
from onefirm.store.engine import Store
from onefirm.store.tables import metadata
from onefirm.workspace import Wishes

_FOUNDED = datetime(2025, 1, 2, 8, 0, tzinfo=UTC)
_OPERATOR = By("operator")
_MADE_ANEW = {"passage", "passage_tally", "passage_word", "vector"}
_PARTIES = ["CL", "PR"]
_VERDICTS: Mapping[str, Verdict] = {"hardened": "harden", "retired": "retire"}
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Life:
    """The firm with everything in it, and which ref each id was given; a file is known by its path."""

    def __init__(self, firm: Firm, refs: Mapping[str, str] = {}) -> None:
        self.firm = firm
        self.refs = dict(refs)
        self._does: Mapping[str, Callable[[Item], str]] = {
            "decision": self._decide, "lesson": self._learn, "source": self._archive, "fact": self._record,
            "file": self._write,
        }  # fmt: skip

    def live(self, clock: StoryClock) -> None:
        """Create the records, then let everything happen in the order of time."""
        for kind, entries in records().items():
            changes = [Change("create", kind=kind, set=self._values(one)) for one in entries]
            made = self.firm.records.write(changes, _OPERATOR)
            self.refs.update({one["id"]: done.ref for one, done in zip(entries, made, strict=True)})
        self.firm.recall.refresh()  # an index that was never asked for is made at the first question, all at once
        for one in items().values():
            clock.move_to(one.at)
            self.refs[one.id] = self._does[one.kind](one)

    def ask(self, question: Question, limit: int) -> list[Hit]:
        """What the firm's own recall gives, in a session for one client where the question is of such a one."""
        firm = self.firm.behind(self._wall(question.client)) if question.client else self.firm
        about = [self.refs[one] for one in question.about]
        ids = {ref: one for one, ref in self.refs.items()}
        found = firm.recall.recall(self._text(question.ask), about=about, limit=limit)
        return [Hit(ids.get(hit.ref, hit.ref), f"{hit.heading}\n{hit.text}") for hit in found.hits]

    def _values(self, one: Mapping[str, str]) -> dict[str, str]:
        return {name: self.refs.get(value, value) for name, value in one.items() if name != "id"}

    def _wall(self, client: str) -> Wall:
        return {"client": self.refs[client], "title": client, "parties": _PARTIES, "at": ""}

    def _text(self, text: str) -> str:
        return _NAMED.sub(lambda found: self.refs[found[1]], text)

    def _about(self, one: Item) -> list[str]:
        return [self.refs[record] for record in one.about]

    def _decide(self, one: Item) -> str:
        said = one.said
        return self.firm.decisions.record(
            said["what"], said["why"], alternatives=said["alternatives"], evidence=said["evidence"],
            about=self._about(one), supersedes=self.refs.get(said.get("supersedes", "")), by=_OPERATOR,
        ).ref  # fmt: skip

    def _learn(self, one: Item) -> str:
        said = one.said
        made = self.firm.lessons.record(
            said["rule"], said["why"], theme=said["theme"], about=self._about(one), by=_OPERATOR
        )
        if verdict := _VERDICTS.get(said.get("standing", "")):
            self.firm.lessons.decide(made.ref, verdict, by=_OPERATOR)
        return made.ref

    def _archive(self, one: Item) -> str:
        by = people().get(one.said.get("by", ""))
        return self.firm.sources.add(
            one.said["text"], kind="mail" if by else "research", title=one.said["title"], at=iso(one.at),
            author=by or "", about=self._about(one), by=_OPERATOR,
        ).source.ref  # fmt: skip

    def _record(self, one: Item) -> str:
        said = one.said
        return self.firm.facts.record(
            said["says"], quotes=[Quote(self.refs[one.source], said["quote"])], subject=said["subject"],
            predicate=said["predicate"], value=said["value"], by=_OPERATOR,
        ).fact.ref  # fmt: skip

    def _write(self, one: Item) -> str:
        path = self.firm.root / "context" / one.id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._text(one.said["text"]), encoding="utf-8")
        return f"context/{one.id}"


@contextmanager
def lived(root: Path) -> Generator[Life]:
    """The firm in a fresh folder."""
    clock = StoryClock(_FOUNDED)
    workspace.init(root, Wishes(firm="Northlight Studio", timezone="UTC"), clock)
    with open_firm(root, clock=clock) as firm:
        life = Life(firm)
        life.live(clock)
        yield life


@contextmanager
def moved(life: Life, url: str) -> Generator[Life]:
    """The same firm in another, migrated and empty database, to which everything but the index was copied."""
    store = Store.open(url)
    with life.firm.store.read() as here, store.write() as there:
        for table in metadata.sorted_tables:
            rows = [] if table.name in _MADE_ANEW else [dict(row) for row in here.execute(select(table)).mappings()]
            if rows:
                there.execute(table.insert(), rows)
    store.close()
    settings.change(life.firm.root, "store", "secret:database")
    life.firm.secrets.set("database", url)
    with open_firm(life.firm.root, clock=life.firm.clock) as firm:
        firm.recall.rebuild()
        yield Life(firm, life.refs)
