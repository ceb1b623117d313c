"""When duties come: at their times, after pauses that double, and forward where there is reason to."""

from onefirm.service.beats import LONGEST_PAUSE_S, Beat, next_of, recovered


def beat(name: str = "pull", every_s: float = 120.0, due: float = 0.0) -> Beat[None]:
    return Beat(name, every_s, lambda _: "", due)


def test_a_failing_beat_is_tried_after_pauses_that_double_up_to_a_minute_and_counts() -> None:
    one = beat()
    pauses = [one.failed(100.0, "away") for _ in range(9)]
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert (one.fails, one.trouble, one.due) == (9, "away", 160.0)
    one.went(200.0, "now")
    assert (one.fails, one.trouble, one.due, one.done_at) == (0, "", 320.0, "now")


def test_one_that_gets_through_makes_the_others_that_failed_due() -> None:
    failing, healthy = beat(), beat("sweep", due=900.0)
    failing.failed(100.0, "away")
    recovered([failing, healthy], 100.5)
    assert (failing.due, healthy.due) == (100.5, 900.0)


def test_a_beat_is_brought_forward_and_never_back() -> None:
    one = beat(due=50.0)
    one.forward(70.0)
    assert one.due == 50.0
    one.forward(20.0)
    assert next_of([beat("other", due=30.0), one]) is one
