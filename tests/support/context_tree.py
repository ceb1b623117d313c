"""A context tree that a test makes of texts, and its check against a world of its own."""

from collections.abc import Iterable, Mapping, Sequence

from onefirm.narrative import files
from onefirm.narrative.faults import Fault
from onefirm.narrative.index import Index
from onefirm.narrative.lint import Check, World
from onefirm.narrative.pasted import Kept
from support import hook

WHOLE = {
    "CLAUDE.md": "# Firm\n\n@context/CLAUDE.md\n",
    "context/CLAUDE.md": "# The firm\n\n- [Clients](clients/CLAUDE.md): who we work for\n",
    "context/clients/CLAUDE.md": "# Clients\n\nParent: [The firm](../CLAUDE.md)\n\n- [Acme](acme/CLAUDE.md): rockets\n",
    "context/clients/acme/CLAUDE.md": "# Acme\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n\nThey count.\n",
}
ACME = "context/clients/acme/CLAUDE.md"
CLIENTS = "context/clients/CLAUDE.md"


def index(texts: Mapping[str, str]) -> Index:
    """The index of these texts by their paths."""
    return Index(files.parsed(path, text) for path, text in sorted(texts.items()))


def world(
    known: Mapping[str, str | None] = {"CL-1": "active", "P-1": "delivery"},
    there: Iterable[str] = (),
    secrets: Iterable[str] = (),
    titles: Mapping[str, str] = {},
    kept: Mapping[str, Sequence[Kept]] = {},
    **budgets: int,
) -> World:
    """A world in which these records stand so, these files are there, and these words are secrets."""
    words = tuple(secrets)
    return World(
        exists=frozenset(there).__contains__,
        records=lambda refs: {ref: _state(known[ref], titles.get(ref, "Launch site")) for ref in refs if ref in known},
        known_secret=lambda text: next(("a password" for word in words if word in text), None),
        kept=lambda: kept,
        rules=hook.rules(),
        **budgets,
    )


def _state(status: str | None, title: str) -> dict[str, str | None] | None:
    return status and {"title": title, "status": status, "actor": None, "at": "2026-11-20T10:00:00.000000Z"}


def faults(texts: Mapping[str, str], given: World | None = None) -> list[Fault]:
    """What the check finds."""
    return Check().faults(index(texts), given or world())


def changed(path: str, old: str, new: str) -> dict[str, str]:
    """The whole tree with a change in one file."""
    assert old in WHOLE[path]
    return {**WHOLE, path: WHOLE[path].replace(old, new)}
