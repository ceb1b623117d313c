"""Which session a call belongs to."""

import pytest

from mcp_server.binding import Bindings, Bound
from onefirm.core.errors import InvalidInput


class Seconds:
    """A clock of seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_call_belongs_to_the_session_that_announced_it() -> None:
    bindings = Bindings()
    bindings.put("client-1", "toolu_1")
    bindings.put("client-2", "toolu_2", "reviewer")
    assert bindings.of("toolu_1") == Bound("client-1")
    assert bindings.of("toolu_2") == Bound("client-2", "reviewer")


def test_a_call_that_nobody_announced_belongs_to_no_session() -> None:
    bindings = Bindings()
    bindings.put("client-1", "toolu_1")
    assert bindings.of("toolu_9") is None
    assert bindings.of(None) is None


def test_a_call_that_is_sent_twice_is_still_known() -> None:
    bindings = Bindings()
    bindings.put("client-1", "toolu_1")
    assert bindings.of("toolu_1") == bindings.of("toolu_1") == Bound("client-1")


def test_an_announcement_is_forgotten_after_its_time() -> None:
    seconds = Seconds()
    bindings = Bindings(keep_s=60, now_s=seconds)
    bindings.put("client-1", "toolu_1")
    seconds.now = 61
    assert bindings.of("toolu_1") is None


def test_only_the_newest_are_kept() -> None:
    bindings = Bindings(most=2)
    for number in range(3):
        bindings.put("client-1", f"toolu_{number}")
    assert [bindings.of(f"toolu_{number}") is not None for number in range(3)] == [False, True, True]


@pytest.mark.parametrize(
    ("client_id", "tool_use_id"),
    [("", "toolu_1"), ("client-1", ""), ("../../etc", "toolu_1"), ("a" * 129, "toolu_1"), ("client 1", "toolu_1")],
)
def test_an_empty_or_malformed_id_is_refused(client_id: str, tool_use_id: str) -> None:
    with pytest.raises(InvalidInput, match="empty or malformed id"):
        Bindings().put(client_id, tool_use_id)


def test_an_agents_name_is_made_fit_for_the_ledger() -> None:
    bindings = Bindings()
    bindings.put("client-1", "toolu_1", "code reviewer\n(strict)" + "x" * 100)
    bound = bindings.of("toolu_1")
    assert bound is not None
    assert bound.agent.startswith("code-reviewer-strict-x")
    assert len(bound.agent) == 40
