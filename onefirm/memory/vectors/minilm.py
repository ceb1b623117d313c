"""MiniLM (all-MiniLM-L6-v2, Apache-2.0), run by onnxruntime on one core: 384 numbers, 256 pieces of a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

from onefirm.memory.vectors.port import Floats, unit
from onefirm.memory.vectors.wordpiece import BEGIN, END, WordPiece

_MOST_PIECES = 254  # and its begin and end
_BATCH = 16
_ERRORS_ONLY = 3
_runtime: Any = onnxruntime


class MiniLM:
    """The model, loaded. May be used by several threads at once."""

    def __init__(self, model: Path, vocabulary: Sequence[str]) -> None:
        self._pieces = WordPiece(vocabulary)
        self._ends = self._pieces.number(BEGIN), self._pieces.number(END)
        options: Any = _runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # they keep what the longest text took
        self._model: Any = _runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {one.name for one in self._model.get_inputs()}
        self.dim = int(self._model.get_outputs()[0].shape[-1])

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row for each text; texts of like length go through together."""
        begin, end = self._ends
        pieces = [[begin, *self._pieces.numbers(text, _MOST_PIECES), end] for text in texts]
        order = sorted(range(len(texts)), key=lambda row: len(pieces[row]))
        rows = np.zeros((len(texts), self.dim), np.float32)
        for at in range(0, len(order), _BATCH):
            some = order[at : at + _BATCH]
            rows[some] = self._means([pieces[row] for row in some])
        return unit(rows)

    def _means(self, pieces: Sequence[Sequence[int]]) -> Floats:
        longest = max(map(len, pieces))
        ids = np.array([[*row, *[0] * (longest - len(row))] for row in pieces], np.int64)
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in pieces], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._model.run(None, {name: value for name, value in given.items() if name in self._inputs})[0]
        counted = mask[:, :, None].astype(np.float32)
        return (hidden * counted).sum(axis=1) / counted.sum(axis=1)
