"""The client wall through the tools and the terminal: one firm with two clients, and a session declared for one."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onefirm.sessions import identity, walls
from onefirm.workspace import Wishes
from support.firms import new_firm
from support.over_mcp import Firm, Refusal, connected
from support.terminal import Terminal

pytestmark = pytest.mark.row("NAR-09")

SECRET = "Zinnober"  # stands in everything of the other client, and in nothing else


@dataclasses.dataclass(frozen=True)
class House:
    """A firm that works for Acme and for Borealis; `wide` sees it whole, `acme` stands behind the wall."""

    root: Path
    terminal: Terminal
    wide: Firm
    acme: Firm
    refs: dict[str, str]
    cursor: str

    def hidden(self, tool: str, **arguments: Any) -> str:
        """The sentence with which a tool refuses the declared session."""
        with pytest.raises(Refusal) as told:
            self.acme.call(tool, **arguments)
        assert SECRET not in str(told.value)
        return str(told.value)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root: Path = tmp_path_factory.mktemp("firm")
    new_firm(root, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"))
    terminal = Terminal(root)
    with connected(root, "wide") as wide, pytest.MonkeyPatch.context() as shell:
        refs = filled(wide, root)
        cursor = wide.call("record_find", kind="task", limit=1)["cursor"]
        acme = Firm(wide._ask, "walled")
        acme.call("record_find", kind="client")
        in_shell(shell, "walled")
        terminal.done("session", "client", "acme")
        shell.undo()
        yield House(root, terminal, wide, acme, refs, cursor)


def in_shell(patch: pytest.MonkeyPatch, client_id: str) -> None:
    """From here on a command runs as Claude's Bash tool runs it."""
    patch.setenv("CLAUDECODE", "1")
    patch.setenv("CLAUDE_CODE_SESSION_ID", client_id)


def filled(firm: Firm, root: Path) -> dict[str, str]:
    """Two clients with what belongs to them at one, two and three removes; a prospect; and the firm's own."""
    refs: dict[str, str] = {}
    for who, name in (("acme", "Acme Rockets"), ("other", f"Borealis {SECRET}")):
        word = "" if who == "acme" else f" {SECRET}"
        client = firm.create("client", title=name)
        project = firm.create("project", title=f"Launch{word}", client=client)
        contact = firm.create("contact", title=f"Jana{word}", client=client)
        deliverable = firm.create("deliverable", title=f"Handbook{word}", project=project)
        task = firm.create("task", title=f"Draft{word}", deliverable=deliverable, due="2020-01-01")
        contract = firm.create("contract", title=f"Frame{word}", client=client)
        invoice = firm.create("invoice", title=f"May{word}", contract=contract, amount="10.00 EUR")
        payment = firm.create("payment", title=f"Paid{word}", invoice=invoice, amount="10.00 EUR")
        refs |= {
            who: client, f"{who}_project": project, f"{who}_contact": contact, f"{who}_task": task,
            f"{who}_deliverable": deliverable, f"{who}_contract": contract, f"{who}_invoice": invoice,
            f"{who}_payment": payment,
        }  # fmt: skip
        made = firm.row("decision_record", what=f"No portal{word}", why="nobody asked", about=[project])
        refs |= {f"{who}_decision": made["ref"]}
        learned = firm.row("lesson_record", rule=f"Ask first{word}", why="it was needed", about=[client])
        refs |= {f"{who}_lesson": learned["ref"]}
        folder = root / "context/clients" / ("acme" if who == "acme" else "borealis")
        write(folder / "CLAUDE.md", f"# {name}\n\nRecord: {client}\n\nThe portal waits{word}.\n")
        write(folder / "notes/call.md", f"# Call\n\nThe portal was called off{word}.\n")
    write(root / "context/clients/stray.md", f"# Stray\n\nRecord: {refs['other_task']}\n\nA portal, {SECRET}.\n")
    refs["prospect"] = firm.create("prospect", title=f"Cedar {SECRET}")
    refs["own"] = firm.create("task", title="Renew the insurance", due="2020-01-01")
    refs["waits"] = firm.create(
        "task", title="Wait", project=refs["acme_project"], blocked_by=[refs["other_task"]], due="2020-01-01"
    )
    both = firm.row("decision_record", what=f"One rate {SECRET}", why="fair", about=[refs["acme"], refs["other"]])
    refs["both"] = both["ref"]
    refs["house"] = firm.row("decision_record", what="No portal of our own", why="cost")["ref"]
    return refs


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


OTHERS = (
    "other", "other_project", "other_contact", "other_task", "other_deliverable", "other_contract", "other_invoice",
    "other_payment", "prospect",
)  # fmt: skip
OWN = (
    "acme", "acme_project", "acme_contact", "acme_task", "acme_deliverable", "acme_contract", "acme_invoice",
    "acme_payment", "own", "waits",
)  # fmt: skip


def test_records_of_other_clients_are_left_out_and_what_belongs_to_nobody_stays(house: House) -> None:
    found = {row["ref"] for row in house.acme.rows("record_find", limit=200)}
    assert found == {house.refs[name] for name in OWN}
    assert {row["ref"] for row in house.wide.rows("record_find", limit=200)} > found


@pytest.mark.parametrize("name", OTHERS)
def test_a_record_of_others_is_refused_in_the_words_that_one_gets_that_is_not_there(house: House, name: str) -> None:
    ref = house.refs[name]
    missing = f"{ref.partition('-')[0]}-9999"
    for arguments in ({}, {"timeline": True}, {"as_of": "2100-01-01"}):
        refused = house.hidden("record_get", refs=[ref], **arguments)
        assert refused.replace(ref, missing) == house.hidden("record_get", refs=[missing], **arguments)
    assert "onefirm session client --firm" in refused
    assert house.refs["acme"] in refused


@pytest.mark.parametrize("spelt", [str.lower, lambda ref: f"  {ref}  "])
def test_another_spelling_of_a_ref_is_no_way_round(house: House, spelt: Any) -> None:
    assert "is not for this session" in house.hidden("record_get", refs=[spelt(house.refs["other"])])


def test_own_records_are_read_and_written_as_ever(house: House) -> None:
    assert house.acme.get(house.refs["acme_task"])["title"] == "Draft"
    made = house.acme.create("task", title="Call Jana", project=house.refs["acme_project"])
    house.acme.update(made, status="doing")
    assert house.acme.row("record_undo", target=made)["status"] == "todo"
    house.acme.row("record_write", changes=[{"op": "archive", "ref": made}])


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": SECRET},
        {"kind": "client", "text": "Borealis"},
        {"kind": "task", "where": {"deliverable": "{other_deliverable}"}},
        {"kind": "client", "where": {"title": f"Borealis {SECRET}"}},
        {"where": {"archived": True}},
    ],
)
def test_no_filter_finds_what_is_hidden(house: House, arguments: dict[str, Any]) -> None:
    wanted = json.loads(json.dumps(arguments).replace("{other_deliverable}", house.refs["other_deliverable"]))
    answer = house.acme.call("record_find", detail="detailed", **wanted)
    assert SECRET not in json.dumps(answer)
    assert not {row[0] for row in answer["rows"]} & {house.refs[name] for name in OTHERS}


def test_records_about_a_hidden_one_are_refused(house: House) -> None:
    assert "is not for this session" in house.hidden("record_find", about=house.refs["other"])
    assert "is not for this session" in house.hidden("decision_find", about=house.refs["other_project"])
    assert "is not for this session" in house.hidden("memory_recall", query="portal", about=[house.refs["other"]])


def test_a_name_is_not_told_over_the_wall(house: House) -> None:
    with pytest.raises(Refusal, match=f"Called so: {house.refs['acme']} “Acme Rockets”"):
        house.acme.get("Acme")
    for wanted in ("Borealis", "Handbook", "Cedar"):
        told = house.hidden("record_get", refs=[wanted])
        assert house.refs["other_deliverable"] not in told
        assert ("Called so" in told) == (wanted == "Handbook")


def test_a_cursor_from_before_the_wall_shows_nothing_hidden(house: House) -> None:
    answer = house.acme.call("record_find", kind="task", limit=1, cursor=house.cursor)
    assert SECRET not in json.dumps(answer)
    seen = [row[0] for row in answer["rows"]]
    while cursor := answer.get("cursor"):
        answer = house.acme.call("record_find", kind="task", limit=1, cursor=cursor)
        seen += [row[0] for row in answer["rows"]]
    assert house.refs["other_task"] not in seen


def test_a_batch_with_one_foreign_row_writes_nothing(house: House) -> None:
    changes = [
        {"op": "update", "ref": house.refs["acme_task"], "set": {"status": "doing"}},
        {"op": "update", "ref": house.refs["other_task"], "set": {"status": "doing"}},
    ]
    assert "is not for this session" in house.hidden("record_write", changes=changes)
    assert house.acme.get(house.refs["acme_task"])["status"] == "todo"
    assert house.wide.get(house.refs["other_task"])["status"] == "todo"
    assert "is not for this session" in house.hidden("record_get", refs=[house.refs["acme"], house.refs["other"]])


@pytest.mark.parametrize("value", ["{other_project}", " {other_project} "])
def test_no_record_is_handed_over_the_wall(house: House, value: str) -> None:
    project = value.format(**house.refs)
    given = {"op": "update", "ref": house.refs["acme_task"], "set": {"project": project}}
    assert "is not for this session" in house.hidden("record_write", changes=[given])
    made = {"op": "create", "kind": "task", "set": {"title": "Peek", "blocked_by": [house.refs["other_task"]]}}
    assert "is not for this session" in house.hidden("record_write", changes=[made])


def test_an_event_of_another_client_is_neither_undone_nor_told(house: House) -> None:
    event = house.wide.update(house.refs["other_contact"], role="CTO")["event"]
    nowhere = "0190-no-such-entry"
    assert house.hidden("record_undo", target=event).replace(event, nowhere) == house.hidden(
        "record_undo", target=nowhere
    )
    assert "is not for this session" in house.hidden("record_undo", target=house.refs["other_contact"])
    told = house.hidden("ledger_trace", ref=event)
    assert told.replace(event, nowhere) == house.hidden("ledger_trace", ref=nowhere)
    assert house.wide.get(house.refs["other_contact"])["role"] == "CTO"


def test_a_trace_shows_what_is_seen_and_names_nothing_else(house: House) -> None:
    assert "is not for this session" in house.hidden("ledger_trace", ref=house.refs["other_project"])
    for name in ("acme", "acme_project", "waits", "house"):
        tree = house.acme.call("ledger_trace", ref=house.refs[name])["tree"]
        assert house.refs[name] in tree
        assert SECRET not in tree
    assert SECRET not in json.dumps(house.acme.call("record_get", refs=[house.refs["acme"]], timeline=True))


def test_decisions_about_another_client_or_about_both_are_left_out(house: House) -> None:
    for query in ({}, {"text": "rate"}, {"text": "portal"}, {"detail": "detailed"}):
        found = [row["ref"] for row in house.acme.rows("decision_find", limit=200, **query)]
        assert not {house.refs["other_decision"], house.refs["both"]} & set(found)
    assert {house.refs["acme_decision"], house.refs["house"]} <= set(found)
    told = house.hidden("decision_record", what="x", why="y", supersedes=house.refs["other_decision"])
    assert told.replace(house.refs["other_decision"], "DEC-999") == house.hidden(
        "decision_record", what="x", why="y", supersedes="DEC-999"
    )
    assert "is not for this session" in house.hidden("decision_record", what="x", why="y", about=[house.refs["other"]])


def test_an_artifact_of_both_is_not_named_beside_the_own_record(house: House, tmp_path: Path) -> None:
    for name, about in ((f"Rates {SECRET}", ("acme", "other")), ("Offer", ("acme",))):
        file = tmp_path / f"{len(about)}.txt"
        file.write_text(name)
        refs = [part for who in about for part in ("--about", house.refs[who])]
        house.terminal.done("artifact", "add", str(file), *refs, "--name", name)
    (offer,) = house.acme.get(house.refs["acme"], detail="detailed")["artifacts"]
    assert "Offer" in offer
    assert len(house.wide.get(house.refs["acme"], detail="detailed")["artifacts"]) == 2


def test_lessons_of_another_client_are_left_out(house: House) -> None:
    assert "is not for this session" in house.hidden("lesson_record", why="again", again=house.refs["other_lesson"])
    assert "is not for this session" in house.hidden("lesson_record", why="w", rule="r", about=[house.refs["other"]])
    assert "is not for this session" in house.hidden("lesson_decide", ref=house.refs["other_lesson"], verdict="keep")


@pytest.mark.parametrize("query", ["portal", "waits", SECRET, "{other_decision}", "{other}", "rate"])
def test_recall_searches_without_what_is_hidden(house: House, query: str) -> None:
    answer = house.acme.call("memory_recall", query=query.format(**house.refs), limit=50)
    assert SECRET not in json.dumps(answer)
    assert SECRET in json.dumps(house.wide.call("memory_recall", query=query.format(**house.refs), limit=50))


def test_recall_finds_the_own_client_and_the_firm(house: House) -> None:
    hits = {hit["ref"] for hit in house.acme.rows("memory_recall", query="portal", limit=50)}
    own = {"context/clients/acme/CLAUDE.md", "context/clients/acme/notes/call.md"}
    assert own | {house.refs["acme_decision"], house.refs["house"]} <= hits


def test_the_brief_tells_of_the_own_client_and_of_the_firm(house: House) -> None:
    brief = house.acme.call("brief_get", detail="detailed")
    refs = {row[brief["columns"].index("ref")] for row in brief["rows"]}
    assert {house.refs["acme_task"], house.refs["own"], house.refs["waits"]} <= refs
    assert SECRET not in json.dumps(brief)
    assert f"declared for “Acme Rockets” ({house.refs['acme']})" in house.acme.call("brief_get")["brief"]
    ranks = [row[brief["columns"].index("n")] for row in brief["rows"]]
    assert ranks == list(range(1, len(ranks) + 1))
    told = "".join(house.acme.call("brief_get", explain=rank)["explanation"] for rank in ranks)
    assert SECRET not in told
    assert f"blocked by {house.refs['other_task']}" in json.dumps(brief)


def test_a_call_that_names_no_session_is_refused_while_a_wall_stands(house: House) -> None:
    for tool, arguments in (("record_find", {}), ("brief_get", {})):
        with pytest.raises(Refusal, match="names no session"):
            house.acme.unannounced().call(tool, **arguments)
    with pytest.raises(Exception, match="names no session"):
        house.acme.read(f"firm://records/{house.refs['acme']}")


def test_a_wall_that_cannot_be_read_shows_nothing(house: House) -> None:
    broken = Firm(house.wide._ask, "broken")
    broken.call("record_find")
    (house.root / ".onefirm/walls/broken.json").write_text('{"client": ')
    with pytest.raises(Refusal, match="can't be read"):
        broken.call("record_find")
    walls.drop(str(house.root), "broken")
    assert broken.call("record_find")["rows"]


def test_in_claudes_shell_every_command_that_shows_clients_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_shell(monkeypatch, "walled")
    for command in (
        ("record", "find"), ("record", "get", house.refs["other"]), ("brief",), ("lesson", "list"),
        ("recall", "portal"), ("ledger", "log"), ("ledger", "trace", house.refs["other"]), ("ledger", "export"),
        ("context", "map"), ("context", "check"), ("decision", "list"), ("doctor",), ("drift",),
    ):  # fmt: skip
        answer = house.terminal(*command)
        assert (answer.code, answer.out) == (1, ""), command
        assert "This session is declared for “Acme Rockets”" in answer.err
        assert SECRET not in answer.err
    assert house.terminal("session", "client").code == 0
    assert house.terminal("session", "list").code == 0


def test_claude_may_declare_its_session_and_not_lift_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    in_shell(monkeypatch, "walled")
    assert house.terminal("session", "client", "Acme").code == 0
    assert house.terminal("session", "client", house.refs["acme"].lower()).code == 0
    for arguments in (("--firm",), ("borealis",), (house.refs["other"],)):
        refused = house.terminal("session", "client", *arguments)
        assert (refused.code, refused.out) == (1, "")
        assert "is the operator's own decision" in refused.err
        assert SECRET not in refused.err
    in_shell(monkeypatch, "another")
    walled = identity.of_client(str(house.root), "walled")
    assert "own decision" in house.terminal("session", "client", "--firm", "--session", str(walled)).err
    assert walls.of(str(house.root), "walled")


def test_a_person_moves_and_lifts_the_wall_and_the_ledger_tells(house: House) -> None:
    client = Firm(house.wide._ask, "moved")
    client.call("record_find")
    session = str(identity.of_client(str(house.root), "moved"))
    house.terminal.done("session", "client", "acme", "--session", session)
    house.terminal.done("session", "client", "borealis", "--session", session, "--why", "their call is early")
    assert client.get(house.refs["other"])["title"] == f"Borealis {SECRET}"
    with pytest.raises(Refusal, match="is not for this session"):
        client.get(house.refs["acme"])
    house.terminal.done("session", "client", "--firm", "--session", session, "--why", "rates are compared")
    assert client.get(house.refs["acme"])["title"] == "Acme Rockets"
    told = house.terminal.done("session", "show", session).out
    assert f"declared session {session} for {house.refs['acme']} “Acme Rockets”" in told
    assert f"instead of {house.refs['acme']}, because: their call is early" in told
    assert f"lifted the client wall of {house.refs['other']}" in told
    assert "because: rates are compared" in told


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nobody", "No client is called “nobody”"),
        ("CL-99", "There is no client CL-99"),
        ("{acme_project}", "is a project; a session is declared for a client"),
        ("{prospect}", "is a prospect; a session is declared for a client"),
    ],
)
def test_what_is_no_client_is_refused_with_the_way_to_the_list(house: House, named: str, said: str) -> None:
    session = str(identity.of_client(str(house.root), "wide"))
    refused = house.terminal("session", "client", named.format(**house.refs), "--session", session)
    assert refused.code == 1
    assert said in refused.err
    assert walls.of(str(house.root), "wide") is None


def test_a_name_that_fits_several_clients_declares_none(house: House) -> None:
    second = house.wide.create("client", title=f"Borealis Foods {SECRET}")
    session = str(identity.of_client(str(house.root), "wide"))
    refused = house.terminal("session", "client", "borealis", "--session", session)
    assert refused.code == 1
    assert "fits 2 clients" in refused.err
    house.wide.call("record_write", changes=[{"op": "archive", "ref": second}])


def test_without_a_session_there_is_none_to_declare(tmp_path: Path) -> None:
    new_firm(tmp_path, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"))
    refused = Terminal(tmp_path)("session", "client", "acme")
    assert refused.code == 1
    assert "No session is open here" in refused.err


def test_what_was_read_before_the_wall_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    late = Firm(house.wide._ask, "late")
    late.get(house.refs["other"])
    in_shell(monkeypatch, "late")
    assert "it has looked at 1 record(s) of others already" in house.terminal.done("session", "client", "acme").err


def test_the_start_of_a_declared_session_brings_a_brief_of_its_client(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    walled = str(identity.of_client(str(house.root), "walled"))
    kept = house.root / ".onefirm/brief.json"
    before = kept.read_bytes() if kept.exists() else b""
    given = ("--session", walled, "--client", "walled", "--source", "resume")
    in_shell(monkeypatch, "walled")
    text = json.loads(house.terminal.done("hook", "start", *given).out)["text"]
    assert SECRET not in text
    assert "This session is declared for “Acme Rockets”" in text
    assert house.refs["acme_task"] in text
    assert (kept.read_bytes() if kept.exists() else b"") == before


def test_a_shell_that_does_not_say_which_session_it_is_stands_behind_the_only_wall_here(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.delenv("CLAUDE_CODE_SESSION_ID", raising=False)
    for other in set(walls.declared(str(house.root))) - {"walled"}:
        walls.drop(str(house.root), other)
    refused = house.terminal("record", "find")
    assert (refused.code, refused.out) == (1, "")
    assert "the wall of the only one here that is declared, for “Acme Rockets”" in refused.err
    listed = house.terminal("artifact", "list")
    assert (listed.code, "the only one here that is declared" in listed.err) == (0, True)
    Firm(house.wide._ask, "second").call("record_find")
    walls.put(str(house.root), "second", house.refs["other"], "Borealis", ("CL", "PR"))
    for command in (("record", "find"), ("artifact", "list")):
        refused = house.terminal(*command)
        assert (refused.code, "several here are declared for clients" in refused.err) == (1, True)
        assert SECRET not in refused.err + refused.out
    walls.drop(str(house.root), "second")
    monkeypatch.delenv("CLAUDECODE")
    house.terminal.done("record", "find")
