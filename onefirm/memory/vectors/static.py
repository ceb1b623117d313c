"""A table of vectors, one for each piece of a word: a text is their weighted mean. Small, fast, and numpy alone.

The file is numpy's: `vocabulary` (UTF-8, one piece a line), `matrix` (a row of int8 for each) and `weights` (what a
row counts, its scale included).
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onefirm.core.errors import InvalidInput
from onefirm.memory.vectors.port import Embedder, Floats, unit
from onefirm.memory.vectors.wordpiece import WordPiece

_MOST_PIECES = 512
_DIM = 256
_BATCH = 512
_RARE = 1e-4  # a piece that is half as frequent as this counts two thirds (smooth inverse frequency)


class Static:
    """A table, loaded."""

    def __init__(self, vocabulary: Sequence[str], matrix: NDArray[np.int8], weights: Floats) -> None:
        self._pieces = WordPiece(vocabulary)
        self._matrix = matrix
        self._weights = weights
        self.dim = int(matrix.shape[1])

    @classmethod
    def load(cls, path: Path) -> Static:
        """Raises InvalidInput for a file that is no such table."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                vocabulary = bytes(held["vocabulary"]).decode().split("\n")
                matrix, weights = held["matrix"], held["weights"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise _no_table(path) from error
        if matrix.dtype != np.int8 or matrix.ndim != 2 or weights.shape != (len(vocabulary),) != matrix.shape[:1]:
            raise _no_table(path)
        return cls(vocabulary, matrix, weights)

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row for each text."""
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            numbers = self._pieces.numbers(text, _MOST_PIECES)
            rows[row] = self._weights[numbers] @ self._matrix[numbers].astype(np.float32)
        return unit(rows)


def distil(vocabulary: Sequence[str], model: Embedder, path: Path) -> int:
    """Write the table of a model: each piece by itself through it, the 256 directions that tell most, rare ones
    counting more; how many pieces it has.
    """
    texts = [piece.removeprefix("##") for piece in vocabulary]
    every = np.concatenate([model.embed(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)])
    every -= every.mean(axis=0)
    dim = min(_DIM, every.shape[1])
    _, directions = np.linalg.eigh(np.cov(every, rowvar=False))
    rows: Floats = every @ directions[:, ::-1][:, :dim].astype(np.float32)
    # The vocabulary stands in the order of frequency, and words are as frequent as Zipf says.
    shares = 1 / np.arange(2, len(texts) + 2)
    counts = _RARE / (_RARE + shares / shares.sum())
    scales = np.abs(rows).max(axis=1, keepdims=True)
    matrix = (rows / np.where(scales > 0, scales, 1) * 127).round().astype(np.int8)
    weights = (counts * scales[:, 0] / 127).astype(np.float32)
    pieces = np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, vocabulary=pieces, matrix=matrix, weights=weights)
    return len(texts)


def _no_table(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path.name} is no table of vectors.", hint="`onefirm memory vectors distil` makes one out of MiniLM's files."
    )
