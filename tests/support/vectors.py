"""A model small enough for a test: a table in which words that mean the same have the same vector."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

SAME = (("dog", "hound", "puppy"), ("invoice", "bill"), ("server", "machine"), ("paper", "sheet"))


def table(path: Path, groups: Sequence[Sequence[str]] = SAME) -> Path:
    """A file as `onefirm memory vectors use` takes it; a word of no group isn't known to it."""
    pieces = ["[UNK]", *(word for group in groups for word in group)]
    matrix = np.zeros((len(pieces), len(groups)), np.int8)
    for place, group in enumerate(groups):
        for word in group:
            matrix[pieces.index(word), place] = 100
    weights = np.array([0.0] + [0.01] * (len(pieces) - 1), np.float32)
    vocabulary = np.frombuffer("\n".join(pieces).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, vocabulary=vocabulary, matrix=matrix, weights=weights)
    return path
