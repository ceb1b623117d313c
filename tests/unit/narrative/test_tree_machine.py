"""Whatever is made, moved, renamed, removed and written by hand: mending brings a tree as far as it can be brought
without a decision, says nothing new the second time, and keeps every sentence.
"""

import posixpath
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.errors import FirmError
from onefirm.narrative import archive, mends, scaffold
from onefirm.narrative.index import ROOT
from onefirm.sessions import walk
from onefirm.state.records import Change
from support.clock import FixedClock
from support.context_tree import WHOLE, faults, index, world

OPERATOR = By("operator")
NAMES = st.sampled_from(["acme", "bert", "cleo", "our boards", "notes", "x(1)", "näh", "a#b"])
TITLES = st.sampled_from(["Acme", "Bert & Sons", "[C] <d>", "Notes", "Clients", "`e`"])
# What a person's editor may leave behind, good and bad.
LINES = st.sampled_from([
    "They count to ten.", "- [Gone](gone/CLAUDE.md): it was here", "- [Notes](notes.md)", "",
    "Parent: Clients", "Parent: whom we like most",
    "Parent: [Up](../up.md)", "Parent: [Clients](../CLAUDE.md)", "Record: CL-1", "Record: P-1", "# A title",
    "| [Acme](acme/CLAUDE.md) | rockets |", "| else | more |", "```", "<!--", "-->", "See [it](../notes.md#part).",
    "- [Acme](acme/CLAUDE.md): rockets", "@notes.md", "  and more of it", "---", "`[x](gone.md)`", "> [Q](<notes.md>)",
    "- our first: [A](acme/CLAUDE.md), [B](bert/CLAUDE.md)", "| whom | [A](acme/CLAUDE.md) |", "- [Best](acme): a",
    "Parent: [Up](../CLAUDE.md) of all", "@acme/CLAUDE.md", "* @acme/CLAUDE.md",
    "[x](notes.md) and [y](bert/CLAUDE.md)", "[d]: notes.md", "\ufeff", "1. [Bert](bert/CLAUDE.md)", "~~~",
])  # fmt: skip


class Tree(RuleBasedStateMachine):
    """A tree of texts, and what may happen to it."""

    texts: dict[str, str]

    def __init__(self, firm: Firm) -> None:
        super().__init__()
        self.firm = firm

    @initialize()
    def begin(self) -> None:
        self.texts = dict(WHOLE)

    @rule(name=NAMES, title=TITLES, data=st.data(), is_folder=st.booleans())
    def new(self, name: str, title: str, data: st.DataObject, is_folder: bool) -> None:
        folder = posixpath.dirname(data.draw(st.sampled_from(sorted(self.texts))))
        was_clean = not faults(self.texts)
        try:
            path = scaffold.path_of(f"{folder}/{name}" + ("/CLAUDE.md" if is_folder else ".md"))
            made = scaffold.plan(index(self.texts), path, title, "what it is")
        except FirmError:
            return
        self.texts |= {made.path: made.text, made.parent: made.parent_text}
        assert not was_clean or faults(self.texts) == []

    @rule(data=st.data(), name=NAMES)
    def move(self, data: st.DataObject, name: str) -> None:
        """A folder or a file elsewhere, or by another name."""
        old = data.draw(st.sampled_from(sorted(self.texts)))
        target = posixpath.dirname(data.draw(st.sampled_from(sorted(self.texts))))
        if old in ("CLAUDE.md", ROOT):
            return
        start, end = (posixpath.dirname(old), name) if old.endswith("/CLAUDE.md") else (old, f"{name}.md")
        new = posixpath.join(target, end)
        moved = {path: new + path.removeprefix(start) for path in self.texts if f"{path}/".startswith(f"{start}/")}
        if not f"{new}/".startswith(f"{start}/") and not self.texts.keys() & set(moved.values()):
            self.texts = {moved.get(path, path): text for path, text in self.texts.items()}

    @precondition(lambda self: len(self.texts) > 2)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        del self.texts[data.draw(st.sampled_from(sorted(self.texts)))]

    @rule(data=st.data(), line=LINES, ends=st.sampled_from(["\n", "\r\n"]))
    def write(self, data: st.DataObject, line: str, ends: str) -> None:
        """A line into a file, at any place."""
        path = data.draw(st.sampled_from(sorted(self.texts)))
        every = self.texts[path].split("\n")
        at = data.draw(st.integers(0, len(every)))
        self.texts[path] = ends.join([*every[:at], line, *every[at:]])

    @rule(data=st.data(), lines=st.lists(LINES, max_size=6), name=NAMES)
    def lay(self, data: st.DataObject, lines: list[str], name: str) -> None:
        """A whole file by hand, new or instead of another."""
        folder = posixpath.dirname(data.draw(st.sampled_from(sorted(self.texts))))
        path = data.draw(st.sampled_from([*sorted(self.texts), posixpath.join(folder, f"{name}.md")]))
        self.texts[path] = "\n".join(lines)

    @rule(data=st.data())
    def strike(self, data: st.DataObject) -> None:
        """A line out of a file."""
        path = data.draw(st.sampled_from(sorted(self.texts)))
        every = self.texts[path].split("\n")
        every.pop(data.draw(st.integers(0, len(every) - 1)))
        self.texts[path] = "\n".join(every)

    @rule(ref=st.sampled_from(["CL-1", "P-1"]))
    def close(self, ref: str) -> None:
        """The files of a record into the archive; where git keeps them, it can take that back."""
        before = dict(self.texts)
        lay(self.firm.root, before)
        try:
            done = self.firm.day.close_context(ref, OPERATOR, anyway=True)
        except FirmError:
            assert laid(self.firm.root) == before
            return
        self.texts = laid(self.firm.root)
        assert whole(before) - whole(self.texts) == Counter()
        assert len(structure(self.texts)) <= len(structure(before))
        assert faults(before) or not faults(self.texts)
        assert archive.homes(index(self.texts), ref) == []
        assert self.firm.day.close_context(ref, OPERATOR, anyway=True).is_repeated
        assert laid(self.firm.root) == self.texts
        if done.commit:
            git = ["git", "-C", str(self.firm.root), "-c", "user.name=me", "-c", "user.email=me@localhost"]
            subprocess.run([*git, "revert", "--no-edit", done.commit], check=True, capture_output=True)
            assert laid(self.firm.root) == before

    @rule()
    def fix(self) -> None:
        before = dict(self.texts)
        self.texts |= {one.path: one.after for one in mends.plan(index(self.texts), world())}
        assert mends.plan(index(self.texts), world()) == []
        for path, text in before.items():
            assert not missing(text, self.texts[path]), path

    @invariant()
    def mending_never_adds_a_fault(self) -> None:
        after = self.texts | {one.path: one.after for one in mends.plan(index(self.texts), world())}
        assert len(structure(after)) <= len(structure(self.texts))


def structure(texts: dict[str, str]) -> list[str]:
    return [fault.what for fault in faults(texts) if fault.rule in ("orphan", "parent", "child", "link")]


def missing(before: str, after: str) -> Counter[str]:
    """The words of a text that another lacks. Where links lead doesn't count, nor a line that stands twice."""
    return words(before) - words(after)


def whole(texts: Mapping[str, str]) -> Counter[str]:
    """Every word of a tree, but for where links lead and how a head calls the file above."""
    lines = (re.sub(r"(?i)^(parent: *\[)[^\]]*", r"\1", line) for text in texts.values() for line in text.splitlines())
    return Counter(word for line in lines for word in words(line).elements())


def words(text: str) -> Counter[str]:
    lines = {
        re.sub(r"\]\([^)]*\)|\]:\s*\S+|@\S+", " ", line).strip() for line in text.replace("\ufeff", "").splitlines()
    }
    return Counter(word for line in lines for word in re.findall(r"\w+", line))


def lay(root: Path, texts: Mapping[str, str]) -> None:
    """Exactly these texts in a workspace."""
    for path in laid(root).keys() - texts.keys():
        (root / path).unlink()
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="")


def laid(root: Path) -> dict[str, str]:
    """The texts in a workspace."""
    return {path: (root / path).read_bytes().decode() for path, _ in walk.files(str(root))}


@pytest.mark.slow
@pytest.mark.parametrize(("is_kept", "examples"), [(False, 60), (True, 10)], ids=["files", "git"])
def test_whatever_happens_a_tree_keeps_its_form_and_its_words(tmp_path: Path, is_kept: bool, examples: int) -> None:
    root, clock = tmp_path / "firm", FixedClock()
    workspace.init(root, workspace.Wishes(firm="Northlight Studio"), clock)
    if not is_kept:
        shutil.rmtree(root / ".git")  # two commits at each close are dear
    with open_firm(root, clock=clock) as firm:
        made = [Change("create", kind=kind, set={"title": kind}) for kind in ("client", "project")]
        firm.records.write(made, OPERATOR)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            lambda: Tree(firm), settings=settings(max_examples=examples, stateful_step_count=20, deadline=None)
        )
