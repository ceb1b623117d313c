"""The firm's rules as they ship, and a judgement against a truth given in a line."""

from collections.abc import Callable
from typing import Any

import pytest

from onefirm.narrative import guard
from onefirm.narrative.vocabulary import Vocabulary
from support import hook

Judge = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def rules() -> dict[str, Any]:
    return hook.rules()


@pytest.fixture(scope="session")
def words(rules: dict[str, Any]) -> Vocabulary:
    return Vocabulary(rules)


@pytest.fixture
def judge(rules: dict[str, Any]) -> Judge:
    """`judge(old, new, truth={"P-1": "discovery"}, seen=["P-1"])` gives the verdict."""

    def told(
        old: str | None,
        new: str | None,
        *,
        truth: dict[str, str] | None = None,
        seen: list[str] | None = None,
        receipt: dict[str, Any] | None = None,
        titles: dict[str, str] | None = None,
        past: list[str] | None = None,
        path: str = "context/launch/CLAUDE.md",
    ) -> dict[str, Any]:
        truth = {"P-1": "discovery"} if truth is None else truth

        def state_of(ref: str) -> dict[str, Any] | None:
            if ref not in truth:
                return None
            title = (titles or {}).get(ref, "")
            return {
                "ref": ref,
                "title": title,
                "status": truth[ref],
                "etag": "v1",
                "actor": "operator",
                "at": "2026-11-20T10:00:00.000000Z",
            }

        def receipt_of(ref: str) -> dict[str, Any] | None:
            return (receipt or {"kind": "seen", "etag": "v1"}) if ref in (["P-1"] if seen is None else seen) else None

        return guard.judge(rules, path, old, new, receipt_of, state_of, lambda ref: past or ())  # type: ignore[return-value]

    return told
