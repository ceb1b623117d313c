"""The wall holds under any mix of clients: what belongs to another is in nothing that a declared session is given."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, Refused
from onefirm.memory.decisions import DecisionQuery
from onefirm.memory.facts import Quote
from onefirm.sessions import identity
from onefirm.sessions.shapes import Wall
from onefirm.state.records import Change
from support.clock import FixedClock

OPERATOR = By("operator")
CLIENTS = ("CL-1", "CL-2", "CL-3")
REFS = (*CLIENTS, "P-1", "P-2", "P-3", "T-1", "T-2", "T-3")
KINDS = ("decision", "lesson", "mail", "note", "session", "fact", "file", "moved project", "moved task")
ACTS = st.tuples(st.sampled_from(KINDS), st.lists(st.sampled_from(REFS), max_size=2, unique=True), st.integers(0, 8))
STATUSES: tuple[Any, ...] = (None, "candidate", "superseded", "retracted")


@dataclass
class Item:
    """Something that memory was given: the word that only it has, and the records that it is about."""

    kind: str
    word: str
    ref: str
    about: tuple[str, ...]


@dataclass
class House:
    """A firm with three clients, a project and a task for each, and all that was remembered of them."""

    firm: Firm
    above: dict[str, str]
    items: list[Item] = field(default_factory=list[Item])

    def act(self, kind: str, about: list[str], one: int) -> None:
        """Remember something, or give a record to somebody else; what is refused is nothing."""
        with suppress(FirmError):
            if kind.startswith("moved"):
                ref, to = (f"P-{one % 3 + 1}", CLIENTS[one // 3]) if "project" in kind else (
                    f"T-{one % 3 + 1}", f"P-{one // 3 + 1}")  # fmt: skip
                name = "client" if "project" in kind else "project"
                self.firm.records.write([Change("update", ref=ref, set={name: to})], OPERATOR)
                self.above[ref] = to
                return
            word = "qu" + "".join(chr(ord("a") + int(digit)) for digit in f"{len(self.items):04}") + "x"
            ref, concerned = self.remember(kind, word, about, one)
            self.items.append(Item(kind, word, ref, concerned))

    def remember(self, kind: str, word: str, about: list[str], one: int) -> tuple[str, tuple[str, ...]]:
        firm = self.firm
        if kind == "decision":
            made = firm.decisions.record(f"We take {word}", f"because {word} is better", about=about, by=OPERATOR)
        elif kind == "lesson":
            made = firm.lessons.record(f"Ask {word} before {word[::-1]} {word[2:]}", "it was late", about=about,
                                       trigger={"words": [word]}, by=OPERATOR)  # fmt: skip
        elif kind == "file":
            path = firm.root / "context" / "notes" / f"{word}.md"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"# {word}\n\nRecord: {about[0] if about else REFS[one]}\n\nThe {word} stands open.\n")
            return f"context/notes/{word}.md", (about[0] if about else REFS[one],)
        elif kind == "fact":
            sources = [item for item in self.items if item.kind in ("mail", "note")]
            if not sources:
                raise Refused("Nothing to quote.")
            source = sources[one % len(sources)]
            quotes = [Quote(source.ref, f"The {source.word} was said")]
            made = firm.facts.record(f"{word} {word[::-1]}", quotes=quotes, about=about, by=OPERATOR).fact
        else:
            given: Any = kind
            text = f"The {word} was said on a day in spring."
            made = firm.sources.add(text, kind=given, title=word, about=about, keep_days=90, by=OPERATOR).source
        return made.ref, made.about

    def owners(self, about: tuple[str, ...]) -> set[str]:
        """The clients at the top of these records, as they are now."""
        found: set[str] = set()
        for ref in about:
            while ref not in CLIENTS:
                ref = self.above[ref]
            found.add(ref)
        return found

    def check(self, client: str) -> None:
        """What a session declared for this client is given holds its own and the firm's, and nothing else."""
        wall: Wall = {"client": client, "title": client, "parties": ["CL", "PR"], "at": ""}
        seen = self.firm.behind(wall)
        own = [item for item in self.items if self.is_seen(item, client)]
        others = [item for item in self.items if item not in own]
        given = "\n".join(map(str, self.given(seen)))
        assert [item for item in others if item.word in given] == []
        found = "\n".join(map(str, self.asked(seen, own)))
        assert [item for item in others if item.word in found] == []
        for item in own:
            hits = seen.recall.recall(item.word, limit=3).hits
            assert any(item.word in f"{hit.heading} {hit.text}" for hit in hits), item
        rooms: dict[str, Any] = {"DEC": seen.decisions, "L": seen.lessons, "SRC": seen.sources, "F": seen.facts}
        for item in others:
            if item.kind != "file":
                with pytest.raises(Refused, match="not for this session"):
                    rooms[item.ref.partition("-")[0]].get(item.ref)
        for item in own:
            if item.kind != "file":
                rooms[item.ref.partition("-")[0]].get(item.ref)

    def is_seen(self, item: Item, client: str) -> bool:
        owners = self.owners(item.about)
        return owners == {client} if item.kind == "session" else owners <= {client}

    def given(self, seen: Firm) -> Iterator[Any]:
        """What is listed, told and counted without a question."""
        yield seen.decisions.find(DecisionQuery(limit=200)).rows
        yield seen.lessons.every()
        yield [(seen.lessons.case(one.ref).like, one.ref) for one in seen.lessons.every()]
        yield [(one, seen.sources.text(one.ref)) for one in seen.sources.find(limit=200)]
        yield [seen.facts.find(status=status, limit=500) for status in STATUSES]
        yield seen.facts.find(as_of="2030-01-01", limit=500)
        yield seen.uses.stats(most=1_000)
        yield seen.day.brief().text
        yield [piece for made in seen.day.export_memory(seen.sources, with_texts=True).values() for piece in made]
        with seen.store.read() as conn:
            yield [json.dumps(entry.payload) for entry in seen.ledger.events(conn)]

    def asked(self, seen: Firm, own: list[Item]) -> Iterator[Any]:
        """What comes back when somebody asks for every word that there is, and for nearly that."""
        words = [item.word for item in self.items]
        for some in (words[at : at + 16] for at in range(0, len(words), 16)):
            told = seen.recall.recall(" ".join(some), limit=50, budget_tokens=100_000)
            yield [(hit.ref, hit.heading, hit.text, hit.note) for hit in told.hits]
            told = seen.recall.recall(" ".join(word[:-1] + "y" for word in some), limit=50, budget_tokens=100_000)
            yield [(hit.ref, hit.heading, hit.text, hit.note) for hit in told.hits], told.note
        for word in words[-4:]:
            yield seen.day.remind("S-none", f"What about {word}, does the {word} hold?", seen.recall)
        for ref in {ref for item in own for ref in item.about}:
            told = seen.recall.recall("", about=[ref], limit=50, budget_tokens=100_000)
            yield [(hit.ref, hit.text) for hit in told.hits]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firm with the records, to copy."""
    root: Path = tmp_path_factory.mktemp("wall") / "firm"
    clock = FixedClock()
    workspace.init(root, workspace.Wishes(firm="Ann Consulting", timezone="Europe/Berlin"), clock)
    with open_firm(root, clock=clock) as firm:
        for n in (1, 2, 3):
            for kind, relation in (("client", {}), ("project", {"client": f"CL-{n}"}), ("task", {"project": f"P-{n}"})):
                change = Change("create", kind=kind, set={"title": f"{kind} {n}", **relation})
                firm.records.write([change], OPERATOR)
    return root


@settings(max_examples=300 if settings().max_examples >= 5000 else 2)
@given(st.lists(ACTS, min_size=8, max_size=24), st.sampled_from(CLIENTS))
def test_a_declared_session_is_given_its_own_and_the_firms_and_nothing_else(
    made: Path, acts: list[tuple[str, list[str], int]], client: str
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "firm"
        shutil.copytree(made, root)
        with open_firm(root, clock=FixedClock()) as firm:
            house = House(firm, {f"P-{n}": f"CL-{n}" for n in (1, 2, 3)} | {f"T-{n}": f"P-{n}" for n in (1, 2, 3)})
            for act in acts:
                house.act(*act)
            house.check(client)


def test_a_session_has_the_notes_of_the_one_that_it_goes_on_from_and_of_no_other(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "firm"
    shutil.copytree(made, root)
    with open_firm(root, clock=FixedClock()) as firm:
        first = identity.start(str(root), "one", "startup", "", 1)
        for session in (first, None):
            firm.sources.add(f"The key of {session} lies below.", kind="note", by=By("claude", session=session))
        cleared = identity.start(str(root), "two", "clear", "", 1)
        stranger = identity.start(str(root), "three", "startup", "", 2)
        seen = [{one.ref for one in firm.within(one).sources.find()} for one in (first, cleared, stranger, None)]
        assert seen == [{"SRC-1", "SRC-2"}, {"SRC-1", "SRC-2"}, {"SRC-2"}, {"SRC-2"}]
