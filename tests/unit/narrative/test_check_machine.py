"""Whatever is written, moved and removed, and however the firm changes meanwhile: a check that goes on finds, fault for
fault, what one from nothing finds.
"""

import posixpath
from collections.abc import Mapping

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onefirm.narrative import facts, files
from onefirm.narrative.duplicates import Alike
from onefirm.narrative.files import ContextFile
from onefirm.narrative.index import Index
from onefirm.narrative.lint import Check
from onefirm.narrative.pasted import Kept
from support.context_tree import WHOLE, index, world

PLACES = [
    f"context/clients/{name}"
    for name in ("acme/CLAUDE.md", "acme/notes.md", "acme/site/CLAUDE.md", "bert/CLAUDE.md", "cleo.md", "index.md")
] + ["context/archive/acme/CLAUDE.md", "context/log/2026.md", "docs/site.md"]
HEADS = ["Record: CL-1", "Record: P-1", "Record: P-2", "Record: P-1, CL-1", "Parent: [Clients](../CLAUDE.md)", "# Acme"]
CONTRACT = (
    "The painter keeps the keys of the hall until the fair is over, and hands them to the guard at the gate each night "
    "before nine, unless the hall is let to others on that day"
)
# Right or wrong by what the truth says of P-1.
SITE, STATED = "context/clients/acme/site/CLAUDE.md", "# Launch site\n\nRecord: P-1\n\nThe project is in review.\n"
# Facts in several wordings, facts that are near them, and what the other rules look for.
LINES = [
    "Drafts go out two days before the call, because everybody reads on the train.",
    "Because everybody reads on the train, drafts go out two days ahead of the call.",
    "Drafts go out three days before the call, because everybody reads on the train.",
    "Drafts don't go out two days before the call, because everybody reads on the train.",
    "They pay after thirty days and hate reminders.", "They hate reminders and pay after thirty days.",
    "Acme pays invoices after thirty days, without reminders.", "Invoices of Acme are paid after thirty days.",
    "As [Acme](acme/CLAUDE.md) has it: they pay after thirty days and hate reminders.",
    "The project is in review.", "Status: delivery", "P-2 is done.", "The deadline is 14 March.", "Owner: Mira",
    "- [Gone](gone.md): it was here", "- [Acme](acme/CLAUDE.md): rockets", "See [notes](notes.md).", "@notes.md",
    "password: sunshine42", "The word is open sesame.", "```", "<!-- hidden", "-->", "", f"{CONTRACT}.",
]  # fmt: skip
# Sentences of few words: any of them may come to be alike, by words that were rare once and aren't any more.
WORDS = ["paint", "hall", "fair", "guard", "gate", "bell", "rope", "lamp", "monday", "two", "Mira", "client", "never"]
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(lambda words: f"So {' '.join(words)}.")
TEXTS = st.tuples(
    st.lists(st.sampled_from(HEADS), max_size=3), st.lists(st.sampled_from(LINES) | SENTENCES, max_size=6)
).map(lambda parts: "\n".join(parts[0]) + "\n\n" + "\n".join(parts[1]))


class Going(RuleBasedStateMachine):
    """A tree whose files are read once, a firm beside it, and one check for all of it."""

    texts: dict[str, str]
    read: dict[str, ContextFile]

    @initialize()
    def begin(self) -> None:
        self.texts, self.read, self.check = {**WHOLE, SITE: STATED}, {}, Check()
        self.known: dict[str, str | None] = {"CL-1": "active", "P-1": "delivery"}
        self.secrets, self.kept, self.chain_tokens = set[str](), dict[str, list[Kept]](), 6000

    @rule(path=st.sampled_from([*PLACES, *WHOLE]), text=TEXTS)
    def write(self, path: str, text: str) -> None:
        self.texts[path] = text

    @rule(data=st.data(), line=st.sampled_from([*LINES, *HEADS]) | SENTENCES)
    def add(self, data: st.DataObject, line: str) -> None:
        self.texts[data.draw(st.sampled_from(sorted(self.texts)))] += f"\n{line}\n"

    @rule(data=st.data(), path=st.sampled_from(PLACES))
    def move(self, data: st.DataObject, path: str) -> None:
        self.texts[path] = self.texts.pop(data.draw(st.sampled_from(sorted(self.texts))))

    @precondition(lambda self: len(self.texts) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        del self.texts[data.draw(st.sampled_from(sorted(self.texts)))]

    @rule(ref=st.sampled_from(["CL-1", "P-1", "P-2"]), status=st.sampled_from(["review", "delivery", "done", None]))
    def change_the_truth(self, ref: str, status: str | None) -> None:
        self.known[ref] = status

    @rule(ref=st.sampled_from(["CL-1", "P-1"]))
    def forget_a_record(self, ref: str) -> None:
        self.known.pop(ref, None)

    @rule(chain_tokens=st.sampled_from([40, 6000]))
    def change_the_budget(self, chain_tokens: int) -> None:
        self.chain_tokens = chain_tokens

    @rule()
    def learn_a_secret_and_keep_an_artifact(self) -> None:
        self.secrets.add("open sesame")
        self.kept = {"P-1": [Kept("ART-1", "contract.txt", CONTRACT)]}

    @invariant()
    def the_check_that_goes_on_finds_what_one_from_nothing_finds(self) -> None:
        firm = world(self.known, secrets=self.secrets, kept=self.kept, chain_tokens=self.chain_tokens)
        assert self.check.faults(Index(self.files().values()), firm) == Check().faults(index(self.texts), firm)

    def files(self) -> Mapping[str, ContextFile]:
        """Each file as it was read when it was new."""
        self.read = {
            path: held if (held := self.read.get(path)) and held.text == text else files.parsed(path, text)
            for path, text in sorted(self.texts.items())
        }
        return self.read


def test_what_a_kept_file_states_is_held_against_the_truth_of_now() -> None:
    check, held = Check(), index({**WHOLE, SITE: STATED})
    for status, is_wrong in (("review", False), ("delivery", True), ("review", False)):
        found = check.faults(held, world({"CL-1": "active", "P-1": status}))
        assert any(f"the truth says {status}" in fault.what for fault in found) == is_wrong


class Meeting(RuleBasedStateMachine):
    """Files that come and go, and which of their facts are known to be alike."""

    held: dict[str, ContextFile]

    @initialize()
    def begin(self) -> None:
        self.held, self.alike = {}, Alike()

    @rule(name=st.sampled_from("abcd"), sentences=st.lists(SENTENCES | st.sampled_from(LINES[:8]), max_size=5))
    def write(self, name: str, sentences: list[str]) -> None:
        path = posixpath.join("context", f"{name}.md")
        self.held[path] = files.parsed(path, "\n\n".join(sentences))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        del self.held[data.draw(st.sampled_from(sorted(self.held)))]

    @invariant()
    def none_that_is_alike_another_is_missed(self) -> None:
        every = [(path, number, fact) for path, file in self.held.items() for number, fact in enumerate(file.facts)]
        alike = {
            (path, number)
            for path, number, fact in every
            if any(path != other_path and facts.are_one(fact, other) for other_path, _, other in every)
        }
        assert alike <= set(self.alike.found(self.held.values()))


pytestmark = [pytest.mark.slow]
TestGoing = Going.TestCase
TestGoing.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)

TestMeeting = Meeting.TestCase
TestMeeting.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
