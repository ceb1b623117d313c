"""Facts that two files tell: found in the place that should not keep them, with the place that should, and why."""

import pytest

from onefirm.narrative import duplicates, files
from onefirm.narrative.faults import Fault
from support.context_tree import ACME, CLIENTS, WHOLE, faults

BERT = "context/clients/bert/CLAUDE.md"
SITE = "context/clients/acme/site/CLAUDE.md"
TREE = {
    **WHOLE,
    CLIENTS: WHOLE[CLIENTS] + "- [Bert](bert/CLAUDE.md): hats\n",
    ACME: "# Acme\n\nRecord: CL-1\nParent: [Clients](../CLAUDE.md)\n\n- [Launch site](site/CLAUDE.md): two minutes\n",
    SITE: "# Launch site\n\nRecord: P-1\nParent: [Acme](../CLAUDE.md)\n",
    BERT: "# Bert\n\nParent: [Clients](../CLAUDE.md)\n",
}
RULE = "Drafts go out two days before the call, because everybody reads on the train."
REWORDED = "Because everybody reads on the train, drafts go out two days ahead of the call."


def told(**texts: str) -> list[Fault]:
    """What the check finds with these paragraphs behind the files `acme`, `bert`, `site`, `clients`, `root`."""
    paths = {"acme": ACME, "bert": BERT, "site": SITE, "clients": CLIENTS, "root": "context/CLAUDE.md"}
    return faults({**TREE, **{paths[name]: f"{TREE[paths[name]]}\n{text}\n" for name, text in texts.items()}})


def only(found: list[Fault]) -> Fault:
    assert [fault.rule for fault in found] == ["duplicate"], found
    return found[0]


def test_a_fact_that_a_file_above_tells_too_is_kept_there() -> None:
    fault = only(told(clients=RULE, acme=RULE))
    assert (fault.path, fault.line) == (ACME, 8)
    assert fault.what == f"“{RULE}” stands in {CLIENTS}:8 too"
    assert fault.fix == "keep it there, since that file loads with this one; remove it here"


def test_a_fact_in_other_words_is_found_too() -> None:
    fault = only(told(clients=RULE, acme=f"First words.\nMore of them.\n{REWORDED}"))
    assert (fault.path, fault.line) == (ACME, 10)
    assert f"{CLIENTS}:8" in fault.what


def test_a_fact_about_a_record_is_kept_by_its_file() -> None:
    about = "Acme reads drafts on the train, two days before every call."
    fault = only(told(clients=about, acme=about))
    assert fault.path == CLIENTS
    assert fault.fix == "keep it there, since it is about that record; link it here: [Acme](acme/CLAUDE.md)"


def test_a_fact_of_two_clients_moves_to_the_file_above_both() -> None:
    fault = only(told(acme=RULE, bert=REWORDED))
    assert fault.path == ACME
    assert f"{BERT}:5" in fault.what
    assert fault.fix == f"move it to {CLIENTS}, since it holds for both; remove it here and there"


def test_a_fact_of_two_areas_is_kept_where_it_holds_for_more() -> None:
    fault = only(told(bert=RULE, site=RULE))
    assert (fault.path, fault.fix) == (
        SITE, "keep it there, where it holds for more; link it here: [Bert](../../bert/CLAUDE.md)",
    )  # fmt: skip


def test_each_of_three_copies_is_told_the_same_place() -> None:
    found = told(clients=RULE, acme=RULE, bert=RULE)
    assert [fault.path for fault in found] == [ACME, BERT]
    assert all(f"{CLIENTS}:9" in fault.what or f"{CLIENTS}:8" in fault.what for fault in found)


def test_what_two_clients_are_is_no_fact_of_both() -> None:
    assert (
        told(
            acme="They pay after thirty days and hate reminders.", bert="They pay after thirty days and hate reminders."
        )
        == []
    )
    assert (
        only(
            told(
                acme="They pay after thirty days and hate reminders.",
                site="They pay after thirty days and hate reminders.",
            )
        ).path
        == SITE
    )


@pytest.mark.parametrize(
    "text",
    [
        f"As [the clients' page](../CLAUDE.md) has it: {RULE[0].lower()}{RULE[1:]}",
        f"- [Drafts](../CLAUDE.md): {RULE}",
        f"```\n{RULE}\n```",
        f"<!-- {RULE} -->",
        f"# {RULE}",
        "Do drafts go out two days before the call, because everybody reads on the train?",
        "Drafts go out five days before the call, because everybody reads on the train.",
        "Drafts don't go out two days before the call, because everybody reads on the train.",
        "Two days.",
        "",
    ],
)  # fmt: skip
def test_a_link_a_title_a_question_and_another_fact_are_no_copy(text: str) -> None:
    assert told(clients=RULE, acme=text) == []


def test_a_sentence_that_stands_twice_in_one_file_is_its_own_affair() -> None:
    assert told(acme=f"{RULE}\n\n{RULE}") == []


def test_the_sentences_of_one_file_are_never_held_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that says one thing ten thousand times would take minutes."""
    log = files.parsed("context/log.md", "# Log\n\n" + "The quarry sends the dust number at noon each day.\n" * 50)
    held: list[object] = []

    def hold(_self: object, one: object, other: object) -> None:
        held.append((one, other))

    monkeypatch.setattr(duplicates.Alike, "_is_alike", hold)
    assert len(log.facts) == 50
    assert (duplicates.Alike().found([log]), held) == ([], [])


def test_what_a_program_writes_is_no_copy() -> None:
    assert faults({**TREE, ACME: f"{TREE[ACME]}\n{RULE}\n", "context/log/2026.md": f"# 2026\n\n{RULE}\n"}) == []
