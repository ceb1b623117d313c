"""Search by meaning, as the operator switches it on and off, and how an answer says how it was searched."""

import shutil
from pathlib import Path

import pytest

from onefirm.bootstrap import open_firm
from support.terminal import Terminal
from support.vectors import table


@pytest.mark.row("MEM-07", "OPS-02")
def test_a_model_is_used_filled_told_missing_and_turned_off(onefirm: Terminal, tmp_path: Path) -> None:
    decided = onefirm.data("decision", "record", "The hound stays at home", "--why", "fur")["ref"]
    asked = ("recall", "puppy")
    assert onefirm.data(*asked)["mode"] == "lexical"
    used = onefirm.done("memory", "vectors", "use", str(table(tmp_path / "table.npz")))
    name = used.out.split()[0]
    assert name.startswith("static@")
    every = onefirm.data("memory", "vectors", "status")["passages"]
    assert f"{every} of {every} passages have no vector" in onefirm.done("memory", "vectors", "status").out
    assert "onefirm memory vectors fill" in onefirm("doctor").out
    onefirm.done("memory", "vectors", "fill")
    found = onefirm.data(*asked)
    assert (found["hits"][0]["ref"], found["mode"]) == (decided, f"hybrid: {name}")

    onefirm.done("decision", "record", "The sheet stays white", "--why", "it is read better")
    with open_firm(onefirm.root) as firm:
        assert firm.vectors.beat(9, lambda: None) == 1
    erased = decided
    onefirm.done("ledger", "erase", erased, "--why", "asked for", "--yes")
    assert onefirm.data("memory", "vectors", "status") == {
        "model": name, "passages": every, "lacking": 0, "trouble": "", "hint": "",
    }  # fmt: skip

    shutil.rmtree(onefirm.root / ".onefirm" / "models")
    missing = onefirm.data(*asked)
    assert missing["mode"] == f"lexical: the model {name} is missing"
    assert "onefirm memory vectors use" in missing["note"]
    assert f"the model {name} is missing" in onefirm("doctor").out
    assert "is missing" in onefirm("memory", "vectors", "fill").err
    onefirm.done("memory", "vectors", "off")
    assert onefirm.data(*asked)["mode"] == "lexical"
    assert "no model" in onefirm.done("memory", "vectors", "status").out.lower()
