"""Recall: how much of the evidence it finds, in how many tokens and how fast, beside searches on SQLite alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from benchmarks import conversations, searches
from benchmarks.bench import Bench
from benchmarks.conversations import AT, Answered, Conversation, Turn
from benchmarks.meanings import with_vectors
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample
from onefirm import workspace
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.canonical import sha256_hex
from onefirm.memory import passages
from onefirm.memory.passages import Part
from onefirm.state.records import Change

_BY = By("operator")
_MOST = max(AT)
_CHARS_PER_TOKEN = 4  # as the published figures count
_SCOPES = 50
_REPLACED = 0.35  # of the words, so that the copies differ
_PLENTY = 100_000
Ask = Callable[[str, str | None], tuple[list[str], float]]


def measure(bench: Bench) -> Report:
    """Ask every question of every conversation, in its own and in all together."""
    every = conversations.read(bench.data)
    told = every[:1] if bench.quick else every
    turns = sum(len(one.turns) for one in told)
    rows: list[Row] = []
    notes: list[str] = []
    with _firm(bench.folder / "firm") as firm:
        began = time.perf_counter()
        clients = _load(firm, told)
        index_s = time.perf_counter() - began
        ours = {scope: _answers(told, _asking(firm, told, clients), scope) for scope in ("its own", "all")}
        others = _others(bench.folder, told)
        rows += _quality(ours, others)
        recipe = others[searches.SEARCHES[-1].name]["its own"]
        each = _each(told, ours["its own"], recipe)
        rows += [_beside(one, mine, theirs) for one, mine, theirs in each]
        rows += _speed(_times(firm, told, clients), _times(firm, told, clients, logged=False), recipe)
        size_mb = (firm.root / ".onefirm" / "firm.db").stat().st_size / 1e6
        rows.append(Row("index 1,000 turns", "s", Sample((index_s * 1000 / turns,))))
        rows.append(Row(f"database with {turns:,} turns", "MB", Sample((size_mb,))))
        if bench.weights:
            bench.tell("making vectors")
            rows += _by_meaning(bench.weights, firm, told, clients, ours, others)
        notes += [
            _told(name, scope, found)
            for name, both in [("ours", ours), *others.items()]
            for scope, found in both.items()
        ]
        notes += [_told("ours", one.name, mine) for one, mine, _ in each]
        if not bench.quick and bench.items:
            rows += _scaled(bench, firm, told)
    notes.append("recall@k: the share of a question's evidence among the first k; the peer is the measured recipe.")
    title = f"{sum(len(one.questions) for one in told):,} questions on {len(told)} conversations"
    return Report("recall", title, searches.SEARCHES[-1].name, tuple(rows), tuple(notes))


# -- ours


@contextmanager
def _firm(root: Path) -> Iterator[Firm]:
    workspace.init(root, workspace.Wishes(firm="Bench", timezone="UTC"))
    with open_firm(root) as firm:
        yield firm


def _load(firm: Firm, told: Sequence[Conversation]) -> dict[str, str]:
    """Each conversation as the sources of a client: its ref by the conversation's name."""
    written = firm.records.write([Change("create", kind="client", set={"title": one.name}) for one in told], _BY)
    firm.recall.refresh()
    clients = {one.name: outcome.ref for one, outcome in zip(told, written, strict=True)}
    with firm.store.write() as conn:
        for conversation in told:
            for session, turns in conversation.sessions():
                ref = f"{conversation.name}/{session}"
                passages.put(conn, "source", ref, _parts(turns), [clients[conversation.name]], sha256_hex(ref))
    return clients


def _parts(turns: Sequence[Turn]) -> list[Part]:
    return [
        Part("", turn.text, context=conversations.around(turns, number), actor=turn.speaker, at=turn.at)
        for number, turn in enumerate(turns)
    ]


def _asking(firm: Firm, told: Sequence[Conversation], clients: dict[str, str]) -> Ask:
    ids = {
        (f"{one.name}/{session}", number): turn.id
        for one in told
        for session, turns in one.sessions()
        for number, turn in enumerate(turns)
    }

    def ask(question: str, scope: str | None) -> tuple[list[str], float]:
        about = [clients[scope]] if scope else []
        found = firm.recall.recall(question, about=about, limit=_MOST, budget_tokens=_PLENTY).hits
        cost = sum(len(hit.text) for hit in found[:10]) / _CHARS_PER_TOKEN
        return [ids.get((hit.ref, hit.part), "") for hit in found], cost

    ask("warm up", None)
    return ask


def _answers(told: Sequence[Conversation], ask: Ask, scope: str) -> list[Answered]:
    found: list[Answered] = []
    for conversation in told:
        for question in conversation.questions:
            began = time.perf_counter()
            turns, cost = ask(question.text, conversation.name if scope == "its own" else None)
            found.append(Answered(question, tuple(turns), cost, (time.perf_counter() - began) * 1000))
    return found


def _by_meaning(
    weights: Path,
    firm: Firm,
    told: Sequence[Conversation],
    clients: dict[str, str],
    ours: dict[str, list[Answered]],
    others: dict[str, dict[str, list[Answered]]],
) -> Iterator[Row]:
    """The same questions with vectors; the peer is ours without. The answers join the others."""
    with with_vectors(firm, weights) as (meaning, made_s):
        asking = _asking(meaning, told, clients)
        found = {scope: _answers(told, asking, scope) for scope in ("its own", "all")}
    for scope in found:
        values = [Sample((conversations.recall_at(all_[scope], 10),)) for all_ in (found, ours)]
        yield Row(f"with vectors: recall@10, {scope}", "share", *values)
    times = [Sample(tuple(one.took_ms for one in all_["its own"])) for all_ in (found, ours)]
    yield Row("with vectors: a question in its own, median", "ms", *times)
    yield Row("with vectors: making those of 1,000 turns", "s", Sample((made_s,)))
    others["ours + vectors"] = found


def _times(firm: Firm, told: Sequence[Conversation], clients: dict[str, str], *, logged: bool = True) -> list[float]:
    """What each question takes as it is asked by default, in milliseconds."""
    times: list[float] = []
    for conversation in told:
        for question in conversation.questions:
            began = time.perf_counter()
            firm.recall.recall(question.text, about=[clients[conversation.name]], logged=logged)
            times.append((time.perf_counter() - began) * 1000)
    return times


# -- the others


def _others(folder: Path, told: Sequence[Conversation]) -> dict[str, dict[str, list[Answered]]]:
    texts = {turn.id: turn.text for one in told for turn in one.turns}
    found: dict[str, dict[str, list[Answered]]] = {}
    for number, search in enumerate(searches.SEARCHES):
        asked = searches.open_search(search, folder / f"search-{number}.db", told)

        def ask(question: str, scope: str | None, asked: Callable[..., list[str]] = asked) -> tuple[list[str], float]:
            turns = asked(question, scope)
            return turns, sum(len(texts[turn]) for turn in turns[:10]) / _CHARS_PER_TOKEN

        found[search.name] = {scope: _answers(told, ask, scope) for scope in ("its own", "all")}
    return found


# -- what is told


def _quality(ours: dict[str, list[Answered]], others: dict[str, dict[str, list[Answered]]]) -> Iterator[Row]:
    for scope, found in ours.items():
        recipe = others[searches.SEARCHES[-1].name][scope]
        for most in AT:
            goal = Goal("ratio", "at least", 1.0) if most in (5, 10) else None
            values = conversations.recall_at(found, most), conversations.recall_at(recipe, most)
            yield Row(f"recall@{most}, {scope}", "share", *(Sample((value,)) for value in values), goal)
        hits = [Sample((conversations.hit_at(all_, 10),)) for all_ in (found, recipe)]
        ranks = [Sample((conversations.reciprocal_rank(all_),)) for all_ in (found, recipe)]
        yield Row(f"any evidence in 10, {scope}", "share", *hits)
        yield Row(f"MRR, {scope}", "share", *ranks)
        tokens = [Sample(tuple(one.tokens for one in all_)) for all_ in (found, recipe)]
        yield Row(f"tokens of ten, {scope}", "tok", *tokens)


def _each(
    told: Sequence[Conversation], ours: list[Answered], recipe: list[Answered]
) -> list[tuple[Conversation, list[Answered], list[Answered]]]:
    """The answers to each conversation's own questions."""
    ends = [*accumulate(len(one.questions) for one in told)]
    parts = [slice(end - len(one.questions), end) for one, end in zip(told, ends, strict=True)]
    return [(one, ours[part], recipe[part]) for one, part in zip(told, parts, strict=True)]


def _beside(one: Conversation, ours: Sequence[Answered], recipe: Sequence[Answered]) -> Row:
    values = [Sample((conversations.recall_at(all_, 10),)) for all_ in (ours, recipe)]
    return Row(f"  recall@10, {one.name} ({len(one.questions)})", "share", *values)


def _speed(times: Sequence[float], unlogged: Sequence[float], recipe: Sequence[Answered]) -> Iterator[Row]:
    theirs = [one.took_ms for one in recipe]
    yield Row("a question in its own, median", "ms", _sample(times), _sample(theirs), _fast(3))
    yield Row("  95th percentile", "ms", _tail(times), _tail(theirs))
    yield Row("  without its log, median", "ms", _sample(unlogged), goal=_fast(3))


def _fast(limit: float) -> Goal:
    return Goal("ours", "at most", limit)


def _sample(values: Sequence[float]) -> Sample:
    return Sample(tuple(values))


def _tail(values: Sequence[float]) -> Sample:
    return Sample((sorted(values)[int(0.95 * len(values))],))


def _told(name: str, scope: str, found: list[Answered]) -> str:
    recalls = " ".join(f"@{most} {conversations.recall_at(found, most):.3f}" for most in AT)
    times = sorted(one.took_ms for one in found)
    cost = sum(one.tokens for one in found) / len(found)
    return (
        f"{name}, {scope}: recall {recalls}; any in ten {conversations.hit_at(found, 10):.3f}; "
        f"MRR {conversations.reciprocal_rank(found):.3f}; {cost:.0f} tokens of ten; "
        f"{times[len(times) // 2]:.1f} ms, 95th {times[int(0.95 * len(times))]:.1f} ms"
    )


# -- many


def _scaled(bench: Bench, firm: Firm, told: Sequence[Conversation]) -> Iterator[Row]:
    """The same turns with other words in them, until there are as many as wanted, in fifty scopes."""
    bench.tell(f"seeding {bench.items:,} passages")
    chance = random.Random(7)
    sessions = [turns for one in told for _, turns in one.sessions()]
    vocabulary = sorted({word for turns in sessions for turn in turns for word in turn.text.split()})
    titles = [Change("create", kind="client", set={"title": f"Scope {number}"}) for number in range(_SCOPES)]
    refs = [outcome.ref for outcome in firm.records.write(titles, _BY)]
    firm.recall.refresh()  # else the first question makes anew what all of them are found by
    began, put = time.perf_counter(), 0
    while put < bench.items:
        with firm.store.write() as conn:
            for _ in range(500):
                turns = chance.choice(sessions)
                parts = [_varied(part, vocabulary, chance) for part in _parts(turns)]
                passages.put(conn, "source", f"SRC-{put}", parts, [refs[put % _SCOPES]], "0" * 64)
                put += len(parts)
    took_s = time.perf_counter() - began
    questions = [question.text for one in told for question in one.questions][:200]
    firm.recall.recall("warm up", about=refs[:1])
    times: list[float] = []
    for number, question in enumerate(questions):
        began = time.perf_counter()
        firm.recall.recall(question, about=[refs[number % _SCOPES]])
        times.append((time.perf_counter() - began) * 1000)
    yield Row(f"one scope of {_SCOPES} in {put:,}, median", "ms", _sample(times))
    yield Row("  95th percentile", "ms", _tail(times), goal=_fast(60))
    size_mb = (firm.root / ".onefirm" / "firm.db").stat().st_size / 1e6
    yield Row(f"database with {put:,} passages", "MB", Sample((size_mb,)))
    yield Row("  index 1,000 of them", "s", Sample((took_s * 1000 / put,)))


def _varied(part: Part, vocabulary: Sequence[str], chance: random.Random) -> Part:
    def other(text: str) -> str:
        return " ".join(chance.choice(vocabulary) if chance.random() < _REPLACED else word for word in text.split())

    return Part("", other(part.body), context=other(part.context), actor=part.actor, at=part.at)
