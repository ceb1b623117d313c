"""Search by meaning on every store: what is near is found inside the same bounds, and goes with its passage."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import pytest
from sqlalchemy import func, select

from onefirm.core.attribution import By
from onefirm.core.sight import Sight
from onefirm.ledger.append import Ledger
from onefirm.memory import passages
from onefirm.memory.decisions import Decisions
from onefirm.memory.recall import Document, Recall
from onefirm.memory.vectors.held import Held
from onefirm.memory.vectors.meaning import Loaded, Look, Meaning
from onefirm.memory.vectors.port import Floats
from onefirm.memory.vectors.static import Static
from onefirm.memory.vectors.vectors import Vectors
from onefirm.store.engine import Store
from onefirm.store.tables import vector
from support.clock import FixedClock
from support.vectors import table

OPERATOR = By("operator")


class Memory:
    """Decisions about two clients, and recall with a model."""

    def __init__(self, url: str, folder: Path, clock: FixedClock) -> None:
        self.clock, self.store = clock, Store.open(url)
        self.ledger = Ledger(clock, "laptop")
        self.files: dict[str, Document] = {}
        self.decisions = Decisions(self.store, self.ledger, clock, lambda: None, lambda _ref: None, lambda _text: None)
        models = folder / "models"
        name = Vectors(self.store, models, None, lambda: None).take([table(folder / "table.npz")])
        meaning = Meaning(models, name)
        self.recall = Recall(self.store, self.ledger, lambda: self.files.values(), meaning=meaning)
        self.vectors = Vectors(self.store, models, meaning, self.recall.refresh)
        with self.store.write() as conn:
            self.ledger.found(conn, "host")
            for ref in ("CL-1", "CL-2"):
                data = {"kind": "client", "title": ref, "after": {}}
                self.ledger.append(conn, "record.created", data, subjects=[ref], by=OPERATOR)

    def decide(self, what: str, *about: str) -> str:
        self.clock.advance(days=1)
        return self.decisions.record(what, "so it is", about=about, by=OPERATOR).ref

    def refs(self, query: str, **more: object) -> list[str]:
        return [hit.ref for hit in self.recall.recall(query, **more).hits]  # type: ignore[arg-type]

    def count(self) -> int:
        with self.store.read() as conn:
            return conn.execute(select(func.count()).select_from(vector)).scalar_one()


@pytest.fixture
def memory(database: str, tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(database, tmp_path, FixedClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC)))
    yield memory
    memory.store.close()


def test_a_question_does_not_wait_for_a_model_that_has_made_no_vector_yet() -> None:
    class Never:
        dim = 1

        def embed(self, texts: Sequence[str]) -> Floats:
            raise AssertionError(texts)

    assert Look("never", Loaded(Never(), Held("never/1", 1), Lock())).near("puppy", [1]) == {}


@pytest.mark.row("MEM-07")
def test_what_says_the_same_in_other_words_is_found_inside_scope_time_and_sight(memory: Memory) -> None:
    ours, theirs = memory.decide("No hound in the office", "CL-1"), memory.decide("A hound is welcome", "CL-2")
    memory.decide("Paper stays white", "CL-1")
    assert memory.refs("puppy") == []
    assert memory.recall.recall("puppy").mode == "lexical (3 of 3 passages have no vector yet)"
    memory.vectors.fill(60)
    assert set(memory.refs("puppy", limit=2)) == {ours, theirs}
    assert memory.refs("puppy", limit=1, about=["CL-2"]) == [theirs]
    assert theirs not in memory.refs("puppy", as_of="2026-11-03", limit=9)
    seen = memory.recall.behind(
        Sight("CL-1", hidden=frozenset({"CL-2", theirs}), known=frozenset({"CL-1"}), ref="CL-1")
    )
    assert theirs not in [hit.ref for hit in seen.recall("puppy", limit=9).hits]
    late = memory.decide("The puppy sleeps at home")
    found = memory.recall.recall("hound")
    assert late not in [hit.ref for hit in found.hits[:2]]
    assert found.mode == f"hybrid: {memory.vectors.standing().model} (1 of 4 passages have no vector yet)"
    memory.vectors.fill(60)
    assert late in memory.refs("hound", limit=3)


@pytest.mark.row("MEM-07")
def test_a_vector_goes_with_its_passage_and_comes_again_with_it(memory: Memory) -> None:
    kept, gone = memory.decide("The invoice is monthly"), memory.decide("The server is rented")
    memory.files["a.md"] = Document("a.md", (), "# Dogs\n\nThe dog barks.")
    memory.vectors.fill(60)
    assert memory.count() == 3
    with memory.store.write() as conn:
        memory.ledger.erase(conn, [memory.decisions.get(gone).event_id], OPERATOR)
        passages.wipe(conn, passages.erased(conn))
    assert memory.count() == 2
    assert gone not in memory.refs("machine", limit=9)
    memory.files["a.md"] = Document("a.md", (), "# Dogs\n\nThe dog sleeps.")
    assert memory.refs("bill", limit=1) == [kept]
    assert memory.count() == 1
    memory.recall.rebuild()
    assert memory.count() == 0
    memory.vectors.fill(60)
    assert (memory.refs("bill", limit=1), memory.refs("hound", limit=1)) == ([kept], ["a.md"])


class Ended(Exception):
    """The worker's process is gone."""


@pytest.mark.row("MEM-07")
def test_making_vectors_goes_on_where_it_was_ended_and_makes_none_twice(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        memory.files[f"{number}.md"] = Document(f"{number}.md", (), f"The dog {number} barks.")
    steps = iter([True, False])

    def check() -> None:
        if not next(steps):
            raise Ended

    with pytest.raises(Ended):
        memory.vectors.fill(60, check)
    assert 0 < memory.count() < 40
    assert memory.vectors.standing().lacking == 40 - memory.count()
    # Somebody else makes those that are left while this one is at the first of them.
    made, embed = list[int](), Static.embed

    def meanwhile(model: Static, texts: Sequence[str]) -> Floats:
        monkeypatch.setattr(Static, "embed", embed)
        made.append(memory.vectors.fill(60))
        return model.embed(texts)

    monkeypatch.setattr(Static, "embed", meanwhile)
    memory.vectors.fill(60)
    assert (made, memory.count(), memory.vectors.standing().lacking) == ([8], 40, 0)
