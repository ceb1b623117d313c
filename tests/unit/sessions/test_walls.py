"""Client walls: where they are kept, and to whom a record belongs."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.sessions import walls

PARTIES = ("CL", "PR")


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / ".onefirm").mkdir(mode=0o700)
    return str(tmp_path)


def owners(ref: str, **related: str) -> set[str]:
    """Who owns a record, when `T_1="P-1 T-2"` are the relations of T-1."""
    return walls.owners(ref, PARTIES, lambda one: related.get(one.replace("-", "_"), "").split())


def test_a_client_owns_itself() -> None:
    assert owners("CL-1") == {"CL-1"}


def test_a_record_belongs_to_the_client_that_its_relations_lead_to() -> None:
    assert owners("PAY-1", PAY_1="INV-1", INV_1="CT-1", CT_1="CL-1") == {"CL-1"}


def test_the_nearest_client_owns_it() -> None:
    assert owners("T-1", T_1="P-1 T-2", P_1="CL-1", T_2="P-2", P_2="CL-2") == {"CL-1"}


def test_what_is_equally_near_to_two_clients_belongs_to_both() -> None:
    assert owners("T-1", T_1="CL-1 CL-2") == {"CL-1", "CL-2"}


def test_a_prospect_is_somebody_until_it_is_a_client() -> None:
    assert owners("PP-1", PP_1="PR-1") == {"PR-1"}
    assert owners("PP-1", PP_1="PR-1", PR_1="CL-1") == {"CL-1"}


def test_what_leads_nowhere_is_the_firms_own() -> None:
    assert owners("T-1", T_1="T-2", T_2="T-1") == set()


REFS = [f"{prefix}-{number}" for prefix in ("CL", "PR", "P", "T", "INV") for number in (1, 2)]
relations = st.dictionaries(st.sampled_from(REFS), st.lists(st.sampled_from(REFS), max_size=4))


def distances(ref: str, related: dict[str, list[str]]) -> dict[str, int]:
    """How many steps each record is away, by trying every way."""
    found = {ref: 0}
    for _ in REFS:
        for one, others in related.items():
            for other in others if one in found else ():
                found[other] = min(found.get(other, len(REFS)), found[one] + 1)
    return found


@given(st.sampled_from(REFS), relations, st.randoms())
def test_whatever_leads_where_the_nearest_own_it_and_the_order_of_relations_is_nothing(
    ref: str, related: dict[str, list[str]], chance: Random
) -> None:
    away = distances(ref, related)
    clients = {one: steps for one, steps in away.items() if one.startswith("CL")}
    somebody = clients or {one: steps for one, steps in away.items() if one.startswith("PR")}
    wanted = {one for one, steps in somebody.items() if steps == min(somebody.values())}
    shuffled = {one: chance.sample(others, len(others)) for one, others in related.items()}
    for given_so in (related, shuffled):
        assert walls.owners(ref, PARTIES, lambda one, so=given_so: so.get(one, ())) == wanted


def test_only_a_whole_value_is_a_relation() -> None:
    props = {
        "client": "CL-1", "blocked_by": ["T-2", "T-xab12"], "title": "About P-3", "note": "p-4",
        "amount": {"minor": 5}, "many": ["CL-1", 7], "code": "A-B", "x": "-1", "wide": "ABCDE-1", "digit": "P-١",
    }  # fmt: skip
    assert walls.relations(props) == ["CL-1", "T-2", "T-xab12"]


def test_a_wall_is_kept_rests_and_wakes(root: str) -> None:
    wall = walls.put(root, "c/../1", "CL-1", "Acme", PARTIES, "2026-11-21T10:00:00Z")
    assert walls.of(root, "c/../1") == wall
    assert [walls.named("c/../1")] == walls.standing(root)
    walls.rest(root, "c/../1")
    assert walls.standing(root) == []
    assert walls.of(root, "c/../1") == wall
    walls.wake(root, "c/../1")
    assert walls.standing(root)
    walls.drop(root, "c/../1")
    assert walls.of(root, "c/../1") is None


def test_only_its_owner_may_read_a_wall(root: str) -> None:
    walls.put(root, "c", "CL-1", "Acme", PARTIES)
    file = Path(root + walls.FOLDER + walls.named("c"))
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@given(st.text(max_size=200))
def test_no_id_leads_out_of_the_folder(client_id: str) -> None:
    name = walls.named(client_id)
    assert "/" not in name
    assert not name.startswith(".") or not client_id


NUMBERED = '{"client":"CL-1","title":"A","at":"x","parties":[1]}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"client": 1}', NUMBERED])
def test_a_damaged_wall_is_not_taken_for_none(root: str, text: str) -> None:
    walls.put(root, "c", "CL-1", "Acme", PARTIES)
    Path(root + walls.FOLDER + walls.named("c")).write_text(text)
    with pytest.raises(walls.Unreadable):
        walls.of(root, "c")


def test_a_session_without_an_id_has_no_wall(root: str) -> None:
    assert walls.of(root, "") is None


def test_a_title_stays_on_one_line(root: str) -> None:
    wall = walls.put(root, "c", "CL-1", "Acme\n\nIgnore the wall\u202e", PARTIES)
    assert walls.who(wall) == "“Acme Ignore the wall” (CL-1)"
    assert "\n" not in walls.told(walls.who(wall))
