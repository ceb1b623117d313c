"""What counts as a claim about a status, and what is only a word. No sentence here is of the corpus."""

import pytest

from onefirm.narrative import claims

TITLES = {
    "P-1": ["Launch site"],
    "PP-1": ["Offer for Tidewater"],
    "T-1": ["Count the crates"],
    "CT-1": ["Frame"],
    "PR-1": ["Heron Logistics"],
}


@pytest.fixture
def read(words):
    def told(sentence: str, own: str = "P-1", form: str = "prose") -> list[tuple[str, str]]:
        found = claims.read(sentence, form, [own], words, lambda ref: TITLES.get(ref, []))
        return [(claim.ref, ("left " if claim.is_left else "") + claim.status) for claim in found]

    return told


@pytest.mark.parametrize(
    "sentence",
    [
        "The project is in delivery.",
        "We're in delivery now.",
        "It has moved to delivery.",
        "Moved to delivery on Monday, after the workshop.",
        "As of Thursday the project is officially in delivery.",
        "Launch site is in **delivery**.",
        "The launch site has entered delivery.",
        "P-1 → delivery",
        "p-1: delivery",
        "Discovery → delivery",
        "The status is now delivery.",
        "The project's in delivery.",
        "Jana was ill; the project is in delivery since Monday.",
        "Set P-1 to delivery this morning.",
        "The project stays in delivery for now.",
        "Now in delivery.",
        "The project went from discovery to delivery.",
        "[Launch site](launch/CLAUDE.md) is in delivery",
    ],
)
def test_these_say_that_the_project_is_in_delivery(read, sentence: str) -> None:
    assert ("P-1", "delivery") in read(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The delivery date moved to June.",
        "Delivery slots are two hours wide.",
        "Is the project in delivery?",
        "If the project is in delivery by May, Jana travels.",
        "The project will be in delivery by May.",
        "The project should be in delivery.",
        "The project is not in delivery.",
        "The project isn't in delivery yet.",
        "We plan to move it to delivery in May.",
        "The project was in delivery until May.",
        "The project had been in delivery before the letter came.",
        "Once it is in delivery the days get shorter.",
        "Marek thinks it is in delivery.",
        'Jana: "The project is in delivery, and that is that."',
        "~~The project is in delivery.~~",
        "The crane is in delivery.",
        "Marek moved to delivery at Heron.",
        "They took delivery of the crates.",
        "Nobody says that the project is in delivery.",
        "The project is almost in delivery.",
        "Before the project moved to delivery we asked the board.",
        "It is ready for delivery.",
        "Review meeting on Friday; delivery of the lamps on Monday.",
    ],
)
def test_these_say_nothing_about_the_projects_status(read, sentence: str) -> None:
    assert read(sentence) == []


@pytest.mark.parametrize(
    ("own", "sentence", "status"),
    [
        ("T-1", "Done!", "done"),
        ("T-1", "This is blocked by the customs office.", "blocked"),
        ("T-1", "The task has been dropped.", "dropped"),
        ("PP-1", "Tidewater accepted the proposal.", "accepted"),
        ("PP-1", "The offer was declined on Friday.", "declined"),
        ("CT-1", "Jana signed the contract yesterday.", "signed"),
        ("CT-1", "Signed by both sides.", "signed"),
        ("P-1", "We cancelled the project.", "cancelled"),
        ("P-1", "The project was put on hold.", "on_hold"),
        ("P-1", "The project is complete.", "done"),
        ("PR-1", "We lost the deal.", "lost"),
        ("PR-1", "Heron is won.", "won"),
    ],
)
def test_a_status_may_be_an_adjective_or_a_deed(read, own: str, sentence: str, status: str) -> None:
    assert (own, status) in read(sentence, own)


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("T-1", "Three of the crates are done."),
        ("PP-1", "The invoice was sent to the wrong desk."),
        ("CT-1", "Elin signed up for the newsletter."),
        ("P-1", "The wireframes are done."),
        ("PR-1", "Heron lost a customer in September."),
        ("T-1", "It's not done until the office says so."),
        ("P-1", "The review of the wireframes is done."),
    ],
)
def test_a_status_of_something_else_is_no_claim(read, own: str, sentence: str) -> None:
    assert read(sentence, own) == []


def test_another_record_is_spoken_of_by_its_ref_and_its_own_kinds_statuses(read) -> None:
    assert read("T-1 is done, so the printer can start.") == [("T-1", "done")]
    assert read("T-1 is in delivery.") == []
    assert read("When T-1 is done the printer starts.") == []


@pytest.mark.parametrize(
    "sentence", ["Discovery is over.", "The project is no longer in discovery.", "Discovery has finally ended."]
)
def test_having_left_a_status_is_a_claim(read, sentence: str) -> None:
    assert read(sentence) == [("P-1", "left discovery")]


@pytest.mark.parametrize("form", ["quote", "code"])
def test_quotations_and_code_claim_nothing(read, form: str) -> None:
    assert read("The project is in delivery.", form=form) == []


def contradicts(words, sentence: str, truth: str, own: str = "P-1") -> bool:
    kind = words.of_ref(own)
    found = claims.read(sentence, "prose", [own], words, lambda ref: TITLES.get(ref, []))
    return any(claims.contradicts(claim, truth, kind) for claim in found)


def test_history_may_name_an_earlier_status_but_not_a_later_one(words) -> None:
    assert not contradicts(words, "We moved to delivery in May.", "review")
    assert contradicts(words, "We moved to review in May.", "delivery")
    assert contradicts(words, "We moved back to delivery today.", "review")


def test_a_claim_that_agrees_with_the_truth_contradicts_nothing(words) -> None:
    assert not contradicts(words, "The project is in delivery.", "delivery")
    assert contradicts(words, "Discovery is over.", "discovery")
    assert not contradicts(words, "Discovery is over.", "delivery")


@pytest.mark.parametrize(
    ("sentence", "own", "status"),
    [
        ("Olga declined our proposal on the phone.", "PP-1", "declined"),
        ("The Launch site project was cancelled on Monday.", "P-1", "cancelled"),
        ("They called at noon, so this one is lost.", "PR-1", "lost"),
        ("We closed discovery last week and are in delivery.", "P-1", "delivery"),
        ("The project left the drawing board and is in review.", "P-1", "review"),
    ],
)
def test_the_record_is_also_said_of_in_these_ways(read, sentence: str, own: str, status: str) -> None:
    assert (own, status) in read(sentence, own)


@pytest.mark.parametrize(
    ("sentence", "own"),
    [
        ("The contract with their printer ran out in June and is signed by nobody who still works there.", "CT-1"),
        ("The contract of the caterer lies here and was signed by the landlord.", "CT-1"),
        ("Heron declined our competitor's proposal.", "PP-1"),
        ("We met the crew and are in two minds about the crates.", "P-1"),
        ("The drawings are cheap and are done by Olga's nephew.", "P-1"),
        ("One of the towers is lost and one is paid for.", "PR-1"),
    ],
)
def test_what_is_said_of_others_is_not_said_of_the_record(read, sentence: str, own: str) -> None:
    assert read(sentence, own) == []
