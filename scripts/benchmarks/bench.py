"""What every subject is given to work with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Bench:
    """A fresh folder, which is removed afterwards, and whether to be quick: small sizes, few rounds. `data` is what was
    named for a subject that brings none of its own, `weights` a model's files, for recall by meaning, and `items` how
    many passages `recall` is scaled up to.
    """

    folder: Path
    quick: bool = False
    data: Path | None = None
    weights: Path | None = None
    items: int = 1_000_000

    def tell(self, words: str) -> None:
        """Say on stderr what is going on."""
        print(f"  {words}", file=sys.stderr, flush=True)
