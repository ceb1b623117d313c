"""Who holds a claim, and whether they still live."""

import os
import subprocess
import sys

from onefirm.state import holder


def test_we_are_alive() -> None:
    assert not holder.is_dead(holder.me("home"), "home")


def test_a_process_that_ended_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert holder.is_dead(f"home/{child.pid}/123", "home")


def test_a_number_that_another_process_has_now_is_not_that_process() -> None:
    assert holder.is_dead(f"home/{os.getpid()}/1", "home")


def test_of_another_machine_nothing_is_known() -> None:
    assert not holder.is_dead("elsewhere/999999999/1", "home")


def test_what_is_no_holder_is_not_called_dead() -> None:
    for text in ("", "home", "home/x/y", "home//"):
        assert not holder.is_dead(text, "home")


def test_a_process_of_somebody_else_is_alive() -> None:
    assert not holder.is_dead(f"home/1/{holder._started(1)}", "home")
