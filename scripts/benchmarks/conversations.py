"""Conversations with questions whose evidence is known, in LoCoMo's format; and how well an answer meets it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.rows import NotMeasured

AT = (1, 5, 10, 20)
NEIGHBOURS = 2
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")
_ADVERSARIAL = 5  # questions that have no answer in the conversation


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; `id` is LoCoMo's (`D1:3`), `session` a number from 1."""

    id: str
    session: int
    speaker: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the turns that hold its answer."""

    text: str
    evidence: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two people over many sessions."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]

    def sessions(self) -> Iterator[tuple[int, list[Turn]]]:
        """Each session with its turns."""
        for number in dict.fromkeys(turn.session for turn in self.turns):
            yield number, [turn for turn in self.turns if turn.session == number]


@dataclass(frozen=True, slots=True)
class Answered:
    """What one question got: the ids of the turns, best first, the tokens of the first ten, and milliseconds."""

    question: Question
    turns: tuple[str, ...]
    tokens: float
    took_ms: float


def read(place: Path | None) -> list[Conversation]:
    """Every conversation of a file, or of the JSON files of a folder. Raises NotMeasured where there is none."""
    if place is None:
        raise NotMeasured("no conversations: name a file or folder in LoCoMo's format with --data or ONEFIRM_LOCOMO")
    files = sorted(place.glob("*.json")) if place.is_dir() else [place]
    found = [_conversation(one) for file in files for one in json.loads(file.read_text(encoding="utf-8"))]
    if not found:
        raise NotMeasured(f"no conversations in {place}")
    return found


def around(turns: Sequence[Turn], number: int) -> str:
    """What the neighbours on each side say."""
    near = range(max(0, number - NEIGHBOURS), min(len(turns), number + NEIGHBOURS + 1))
    return " ".join(turns[other].text for other in near if other != number)


def recall_at(answers: Sequence[Answered], most: int) -> float:
    """The share of the evidence among the first, the mean over the questions."""
    shares = [len(one.question.evidence.intersection(one.turns[:most])) / len(one.question.evidence) for one in answers]
    return sum(shares) / len(shares)


def hit_at(answers: Sequence[Answered], most: int) -> float:
    """The share of questions with any evidence among the first."""
    return sum(not one.question.evidence.isdisjoint(one.turns[:most]) for one in answers) / len(answers)


def reciprocal_rank(answers: Sequence[Answered]) -> float:
    """The mean of one through the rank of the first evidence."""
    firsts = ((rank for rank, turn in enumerate(one.turns, 1) if turn in one.question.evidence) for one in answers)
    return sum(1 / first if (first := next(ranks, 0)) else 0.0 for ranks in firsts) / len(answers)


def _conversation(told: dict[str, Any]) -> Conversation:
    held: dict[str, Any] = told["conversation"]
    numbers = sorted(int(name.partition("_")[2]) for name in held if re.fullmatch(r"session_\d+", name))
    turns = tuple(
        Turn(f"{told['sample_id']}/{turn['dia_id']}", number, turn["speaker"], at, _text(turn))
        for number in numbers
        for at in [_at(held.get(f"session_{number}_date_time", ""))]
        for turn in held[f"session_{number}"]
    )
    known = {turn.id for turn in turns}
    asked = [_question(told["sample_id"], one) for one in told["qa"] if one["category"] != _ADVERSARIAL]
    kept = (Question(one.text, one.evidence & known) for one in asked)
    return Conversation(told["sample_id"], turns, tuple(one for one in kept if one.evidence))


def _question(name: str, told: dict[str, Any]) -> Question:
    pairs = (pair for item in told.get("evidence", ()) for pair in _EVIDENCE.findall(item))
    return Question(told["question"], frozenset(f"{name}/D{int(session)}:{int(turn)}" for session, turn in pairs))


def _text(turn: dict[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [photo: {caption}]" if caption else turn["text"]


def _at(said: str) -> str:
    """`1:56 pm on 8 May, 2023` as ISO."""
    return datetime.strptime(said, "%I:%M %p on %d %B, %Y").isoformat() + "Z"  # noqa: DTZ007 - of no place
