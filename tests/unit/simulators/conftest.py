"""A workspace with a table of projects and one of clients, driven by the client that people use."""

from collections.abc import Iterator

import pytest
from notion_client import Client

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import DataSource
from support.notion import client


@pytest.fixture
def api(notion: Notion) -> Iterator[Client]:
    found = client(notion)
    yield found
    found.close()


@pytest.fixture
def clients(notion: Notion) -> DataSource:
    return notion.phone.database("Clients", {"Name": "title"})


@pytest.fixture
def projects(notion: Notion, clients: DataSource) -> DataSource:
    relation = {"relation": {"data_source_id": clients.id, "dual_property": {"synced_property_name": "Projects"}}}
    status = {"status": {"options": [{"name": "Discovery"}, {"name": "Delivery"}, {"name": "Done"}]}}
    columns = {"Name": "title", "Status": status, "Value": "number", "Due": "date", "Client": relation}
    return notion.phone.database("Projects", columns)
