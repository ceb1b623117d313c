"""Drift through the command line: where narrative and truth have parted, the worst first."""

import os
import re
import time
from typing import Any

import pytest

from support.terminal import Terminal

SITE = "context/clients/acme-rockets/launch-site/CLAUDE.md"
SHOP = "context/clients/borealis-foods/shop-relaunch/CLAUDE.md"
TILL_TODAY = ("P-3", "P-8", "PR-3")


def found(onefirm: Terminal) -> list[dict[str, Any]]:
    answer = onefirm("drift", "--json")
    told = answer.data["found"]
    assert answer.code == int(bool(told)), answer.err
    assert [one["rank"] for one in told] == list(range(1, len(told) + 1))
    assert sorted(-one["score"] for one in told) == [-one["score"] for one in told]
    assert all(one["because"] and one["fix"] for one in told)
    return told


def append(onefirm: Terminal, path: str, line: str) -> int:
    file = onefirm.root / path
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text.rstrip()}\n\n{line}\n", encoding="utf-8")
    return text.rstrip().count("\n") + 3


@pytest.mark.row("NAR-05")
def test_closed_engagements_that_still_load_are_drift_until_they_are_archived(onefirm: Terminal) -> None:
    assert {(one["rule"], one["ref"]) for one in found(onefirm)} == {("closed", ref) for ref in TILL_TODAY}
    for ref in TILL_TODAY:
        onefirm.done("context", "close", ref, "--anyway")
    assert found(onefirm) == []
    answer = onefirm.done("drift")
    assert (answer.out, answer.err[:10]) == ("", "No drift: ")


@pytest.mark.row("NAR-05")
def test_the_worst_comes_first_and_each_says_why_it_stands_there(onefirm: Terminal) -> None:
    for ref in TILL_TODAY:
        onefirm.done("context", "close", ref, "--anyway")
    said = append(onefirm, SITE, "The project is in review.")
    copied = append(onefirm, "context/clients/acme-rockets/CLAUDE.md", "Owner: Mira")
    whole = re.search(r"onefirm record archive ([^)]*)", onefirm("record", "archive", "P-2").err)
    assert whole is not None, "a project with open work is archived only with it, and the refusal says how"
    onefirm.done("record", "archive", *whole[1].split())
    onefirm.done("record", "update", "P-3", "status=review")
    onefirm.done("record", "create", "client", "title=Elm Bakery")
    before = time.time() - 60 * 86_400
    os.utime(onefirm.root / "context/clients/dune-couriers/CLAUDE.md", (before, before))
    os.utime(onefirm.root / "context/clients/dune-couriers/route-planner-pilot/CLAUDE.md", (before, before))
    told = found(onefirm)
    rules = [one["rule"] for one in told]
    assert list(dict.fromkeys(rules)) == ["contradiction", "no record", "reopened", "lag", "copy", "no file"]
    places = {one["rule"]: (one["path"], one["line"], one["ref"]) for one in reversed(told)}
    assert places["contradiction"] == (SITE, said, "P-1")
    assert places["no record"][::2] == (SHOP, "P-2")
    assert places["reopened"][2] == "P-3"
    assert places["copy"] == ("context/clients/acme-rockets/CLAUDE.md", copied, "CL-1")
    assert "P-7" in {one["ref"] for one in told if one["rule"] == "lag"}
    why = onefirm.done("drift", "--explain", "1").out
    assert "Rule “contradiction”: a file says that a record stands where it doesn't" in why
    assert "P-1 is delivery; it last changed on" in why
    text = onefirm("drift").out
    assert f"  1. contradiction: {SITE}:{said} “The project is in review.”" in text
    assert "There is no finding 99" in onefirm("drift", "--explain", "99").err


@pytest.mark.row("NAR-05")
def test_an_amount_or_a_date_within_a_sentence_that_the_record_has_otherwise_is_drift(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "budget=24000 EUR", "due=2026-12-12")
    budget = append(onefirm, SITE, "The budget of 42,000 EUR is tight, so the film waits.")
    append(onefirm, SITE, "The budget was 40,000 EUR in the first talk, and a studio in Graz quoted 60,000 EUR.")
    due = append(onefirm, SITE, "We deliver on 18 December, before their fair.")
    told = [one for one in found(onefirm) if one["rule"] == "contradiction"]
    assert {(one["path"], one["line"], one["ref"]) for one in told} == {(SITE, budget, "P-1"), (SITE, due, "P-1")}
    said = " ".join(one["what"] for one in told)
    assert "“budget” of P-1 is 42000.00 EUR; the truth says 24000.00 EUR" in said
    assert "“due” of P-1 is 2026-12-18; the truth says 2026-12-12" in said
    faults = onefirm("context", "check", "--json").data["faults"]
    assert {budget, due} <= {fault["line"] for fault in faults if fault["path"] == SITE}


@pytest.mark.row("NAR-05")
def test_a_file_that_lags_is_no_drift_once_somebody_says_that_it_holds(onefirm: Terminal) -> None:
    path = "context/clients/dune-couriers/route-planner-pilot/CLAUDE.md"
    before = time.time() - 60 * 86_400
    os.utime(onefirm.root / path, (before, before))
    [lag] = [one for one in found(onefirm) if one["rule"] == "lag"]
    assert (lag["path"], lag["days"] > 14) == (path, True)
    assert lag["fix"].endswith(f"`onefirm context confirm {path}`")
    onefirm.done("context", "confirm", path)
    assert "lag" not in {one["rule"] for one in found(onefirm)}
