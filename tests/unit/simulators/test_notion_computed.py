"""What nobody writes in the simulated Notion: formulas, rollups, and filters that ask for them."""

from typing import Any

import pytest
from notion_client import Client

from onefirm.simulators.notion import Notion, formulas
from onefirm.simulators.notion.objects import DataSource

ROW = {"Price": 4, "Count": 3, "Name": "Acme", "Done": True, "Nothing": None}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('prop("Price") * prop("Count") + 1', 13),
        ('1 + prop("Price") / 2', 3),
        ('(1 + prop("Price")) * -2', -10),
        ('if(prop("Done"), "yes", "no")', "yes"),
        ('if(prop("Price") >= 4 and not prop("Nothing"), upper(prop("Name")), "")', "ACME"),
        ('prop("Name") + " " + prop("Count")', "Acme 3"),
        ('concat(prop("Name"), "-", prop("Price"))', "Acme-4"),
        ('empty(prop("Nothing")) or false', True),
        ('length(prop("Name")) == 4', True),
        ('contains(prop("Name"), "me") != true', False),
        ('round(2.6) - prop("Nothing")', 3),
        ('"a \\"b\\""', 'a "b"'),
        ("1 / 0", None),
        ('prop("Name").length()', None),
        ("now()", None),
        ('prop("Price"', None),
        ("1 2", None),
        ('"a" - 1', None),
    ],
)
def test_a_formula_has_its_value_or_none(expression: str, value: Any) -> None:
    assert formulas.evaluated(expression, ROW.get) == value


@pytest.fixture
def linked(notion: Notion, projects: DataSource, clients: DataSource) -> DataSource:
    """Acme with projects of 2 and 3, due on two days; Borealis with none."""
    acme = notion.phone.row(clients, {"Name": "Acme"})
    notion.phone.row(clients, {"Name": "Borealis"})
    for value, due in ((2, "2026-11-02"), (3, "2026-12-01")):
        cells = {"Name": f"P{value}", "Value": value, "Due": due, "Client": [acme.id], "Status": "Done"}
        notion.phone.row(projects, cells)
    for name, of, function in (
        ("Total", "Value", "sum"),
        ("Mean", "Value", "average"),
        ("How many", "Name", "count"),
        ("First", "Due", "earliest_date"),
        ("Stands", "Status", "show_original"),
    ):
        config = {"relation_property_name": "Projects", "rollup_property_name": of, "function": function}
        notion.phone.add_property(clients, name, {"rollup": config})
    return clients


def test_a_rollup_is_what_the_related_rows_add_up_to(api: Client, linked: DataSource) -> None:
    acme, borealis = (page["properties"] for page in api.data_sources.query(linked.id)["results"])
    assert acme["Total"]["rollup"]["number"] == 5
    assert acme["Mean"]["rollup"]["number"] == 2.5
    assert acme["How many"]["rollup"]["number"] == 2
    assert acme["First"]["rollup"]["date"]["start"] == "2026-11-02"
    assert [one["status"]["name"] for one in acme["Stands"]["rollup"]["array"]] == ["Done", "Done"]
    assert borealis["Total"]["rollup"]["number"] is None
    assert borealis["Stands"]["rollup"]["array"] == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"property": "Total", "rollup": {"number": {"greater_than": 4}}}, ["Acme"]),
        ({"property": "First", "rollup": {"date": {"before": "2026-11-03"}}}, ["Acme"]),
        ({"property": "Stands", "rollup": {"any": {"status": {"equals": "Done"}}}}, ["Acme"]),
        ({"property": "Stands", "rollup": {"none": {"status": {"equals": "Done"}}}}, ["Borealis"]),
        ({"property": "Twice", "formula": {"number": {"equals": 10}}}, ["Acme"]),
    ],
)
def test_what_is_computed_is_filtered_by(
    notion: Notion, api: Client, linked: DataSource, condition: Any, found: list[str]
) -> None:
    notion.phone.add_property(linked, "Twice", {"formula": {"expression": 'prop("Total") * 2'}})
    answer = api.data_sources.query(linked.id, filter=condition)
    assert [page["properties"]["Name"]["title"][0]["plain_text"] for page in answer["results"]] == found


def test_a_rollup_of_many_is_read_item_by_item(api: Client, linked: DataSource) -> None:
    page = api.data_sources.query(linked.id)["results"][0]
    item = api.pages.properties.retrieve(page["id"], page["properties"]["Stands"]["id"])
    assert [one["status"]["name"] for one in item["results"]] == ["Done", "Done"]
    assert item["property_item"]["type"] == "rollup"
