"""A close of context files that dies at any change of the disk is finished by the next one, and no word is lost."""

import subprocess
from itertools import count
from pathlib import Path

import pytest

from chaos.dying import Dying
from support.firms import demo_firm
from support.terminal import Terminal

SITE = "context/clients/acme-rockets/launch-site"


def words(onefirm: Terminal) -> set[str]:
    """Every word of the tree but those of its links."""
    texts = (path.read_text() for path in onefirm.root.glob("context/**/*.md"))
    return {word for text in texts for word in text.split() if "](" not in word}


@pytest.mark.slow
def test_a_close_that_dies_is_finished_by_the_next(tmp_path: Path, dying: Dying) -> None:
    for number in count(1):
        onefirm = demo_firm(tmp_path / str(number))
        (onefirm.root / SITE / "board.md").write_text("# The board\n\nThey meet in [the hall](../CLAUDE.md).\n")
        before = words(onefirm)
        died = dying.run(onefirm.root, number, "context", "close", "P-1", "--anyway")
        assert died in (0, 9)
        answer = onefirm.done("context", "close", "P-1", "--anyway")
        assert answer.out.splitlines() == ["context/archive/clients/acme-rockets/launch-site/CLAUDE.md"]
        assert before <= words(onefirm)
        left = [path.name for path in onefirm.root.glob("context/**/.*")]
        assert (left, (onefirm.root / SITE).exists()) == ([], False)
        entries = onefirm.data("ledger", "log", "--kind", "narrative.archived")
        assert len(entries) == 1
        git = ["git", "-C", str(onefirm.root), "status", "--porcelain"]
        assert subprocess.run(git, capture_output=True, text=True, check=True).stdout == ""
        found = {fault["path"] for fault in onefirm("context", "check", "--json").data["faults"]}
        assert found == {"context/archive/clients/acme-rockets/launch-site/board.md"}  # it had no place before either
        if died == 0:
            assert number > 10
            return
