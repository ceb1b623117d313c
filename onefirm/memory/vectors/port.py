"""What turns texts into vectors. A vector has length 1, so that the product of two says how near their texts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """A model on this machine. The same text always gives the same vector."""

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row for each text. What stands for a text without a word that the model knows says nothing."""
        ...


def unit(rows: Floats) -> Floats:
    """The rows, each of length 1; what is zero stays so."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
