"""Context trees of any size: a file for each record that may have one, with a page of prose that nobody has written."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path

_AREAS = {"CL": "clients", "PR": "sales", "P": "delivery", "DL": "operations", "INV": "finance"}
_AT_ONCE = 40  # children of one file: as many lines as an operator would bear
_SENTENCES = 12
_SYLLABLES = ("ba", "ler", "mon", "ti", "gra", "sel", "vor", "ni", "pas", "ku", "dra", "fen", "lo", "ster", "wi", "hem")
_WORDS = tuple("".join(parts) for parts in itertools.product(_SYLLABLES, repeat=3))


def grow(root: Path, refs: Iterable[str], count: int) -> None:
    """Add files for records to a workspace's tree until it has `count`, or one less. It stays as clean as it was."""
    lottery = random.Random(count)
    tree = root / "context"
    left = count - len(list(tree.rglob("*.md"))) - 1
    known = (ref for ref in refs if ref.partition("-")[0] in _AREAS)
    for number, ref in enumerate(known):
        area = tree / _AREAS[ref.partition("-")[0]]
        group = area / f"g{number // _AT_ONCE}"
        left -= 1 if group.exists() else 2
        if left < 0:
            break
        if not group.exists():
            _file(group, "", "One line for each.", lottery)
        _file(group / ref.lower(), f"Record: {ref}\n", " ".join(_sentence(lottery) for _ in range(_SENTENCES)), lottery)


def _file(folder: Path, record: str, prose: str, lottery: random.Random) -> None:
    folder.mkdir()
    title = _name(lottery)
    path = folder / "CLAUDE.md"
    path.write_text(f"# {title}\n\n{record}Parent: [Above](../CLAUDE.md)\n\n{prose}\n", encoding="utf-8")
    with (folder.parent / "CLAUDE.md").open("a", encoding="utf-8") as parent:
        parent.write(f"\n- [{title}]({folder.name}/CLAUDE.md): {_name(lottery).lower()}\n")


def _sentence(lottery: random.Random) -> str:
    words = [lottery.choice(_WORDS) for _ in range(8)]
    return "The {} {} wants the {} {} early, because {} {} {} every {}.".format(*words)


def _name(lottery: random.Random) -> str:
    return f"{lottery.choice(_WORDS)} {lottery.choice(_WORDS)}".capitalize()
