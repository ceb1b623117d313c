"""The golden questions: what recall finds of a firm's own memory, beside full text as most people write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import golden_firm, golden_peers
from benchmarks.bench import Bench
from benchmarks.golden_firm import Life
from benchmarks.golden_set import Ask, Verdict, judged, mean, questions
from benchmarks.meanings import with_vectors
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample

_MOST = 5


def measure(bench: Bench) -> Report:
    """Live the firm, put every question to all three searches, and hold what they found against each other."""
    bench.tell("living two years of the firm")
    with golden_firm.lived(bench.folder / "firm") as life:
        bench.tell(f"asking {len(questions())} questions")
        ours = _verdicts(life.ask)
        meant = _by_meaning(bench.weights, life) if bench.weights else []
    naive, stemmed = _verdicts(golden_peers.naive()), _verdicts(golden_peers.stemmed())
    notes = (
        f"recall@{_MOST}: which share of what answers a question its first five hits hold; peer is the question over "
        "FTS5 as it is: words joined by OR, BM25, the scope as a filter behind it.",
        "order: of the questions about what changed, those where nothing that holds no more stands above what does.",
        f"tokens: what {_MOST} hits show. held out: the third that nobody looks at while the ranking is developed.",
    )
    rows = [*_rows(ours, naive, stemmed), *_with_vectors(meant, ours)]
    return Report("golden", "150 questions to a firm's memory", "naive full text", tuple(rows), notes)


def _by_meaning(weights: Path, life: Life) -> list[Verdict]:
    with with_vectors(life.firm, weights, life.firm.clock) as (firm, _):
        return _verdicts(Life(firm, life.refs).ask)


def _with_vectors(meant: Sequence[Verdict], ours: Sequence[Verdict]) -> Iterator[Row]:
    if meant:
        yield Row("with vectors, beside ours without", "share", _share(meant), _share(ours))
        yield Row("  held out", "share", _share(meant, _held_out), _share(ours, _held_out))
        yield Row("  reciprocal rank (MRR)", "share", _ranked(meant), _ranked(ours))
        yield Row("  order of old and new", "share", _ordered(meant), _ordered(ours))


def _verdicts(ask: Ask) -> list[Verdict]:
    return [judged(one, ask(one, _MOST)) for one in questions()]


def _rows(ours: Sequence[Verdict], naive: Sequence[Verdict], stemmed: Sequence[Verdict]) -> Iterator[Row]:
    yield Row(f"recall@{_MOST}", "share", _share(ours), _share(naive), Goal("ours", "at least", 0.9))
    yield Row("  held out", "share", _share(ours, _held_out), _share(naive, _held_out), Goal("ours", "at least", 0.9))
    yield Row("  beside porter, no stopwords", "share", _share(ours), _share(stemmed))
    yield Row("reciprocal rank (MRR)", "share", _ranked(ours), _ranked(naive))
    yield Row("order of old and new", "share", _ordered(ours), _ordered(naive))
    yield Row("tokens", "tok", _tokens(ours), _tokens(naive))
    for kind in dict.fromkeys(one.question.kind for one in ours):

        def is_kind(one: Verdict, kind: str = kind) -> bool:
            return one.question.kind == kind

        yield Row(f"  {kind}, {sum(map(is_kind, ours))}", "share", _share(ours, is_kind), _share(naive, is_kind))


def _held_out(one: Verdict) -> bool:
    return one.question.held_out


def _share(verdicts: Sequence[Verdict], which: Callable[[Verdict], bool] = lambda _: True) -> Sample:
    return Sample.of(mean(filter(which, verdicts)))


def _ranked(verdicts: Sequence[Verdict]) -> Sample:
    return Sample.of(mean(verdicts, lambda one: one.reciprocal))


def _ordered(verdicts: Sequence[Verdict]) -> Sample:
    return Sample.of(mean((one for one in verdicts if one.question.over), lambda one: one.in_order))


def _tokens(verdicts: Sequence[Verdict]) -> Sample:
    return Sample(tuple(float(one.tokens) for one in verdicts))
