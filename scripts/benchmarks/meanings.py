"""A firm that searches by meaning too, with the model whose files were named."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from onefirm.bootstrap import Firm, open_firm, use_vectors
from onefirm.core.clock import Clock


@contextmanager
def with_vectors(firm: Firm, weights: Path, clock: Clock | None = None) -> Generator[tuple[Firm, float]]:
    """The same firm, opened once more with the model, every passage with its vector; and seconds for a thousand."""
    use_vectors(firm, firm.vectors.take([weights]))
    with open_firm(firm.root, clock=clock) as other:
        began, made = time.perf_counter(), 0
        while done := other.vectors.fill(seconds=60):
            made += done
        yield other, (time.perf_counter() - began) * 1000 / max(1, made)
    use_vectors(firm, "none")
