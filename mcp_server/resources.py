"""Records and the brief as resources, for a person who attaches them. Reading one gives no receipt."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from mcp_server import answers, errors
from mcp_server.tools.records import plain
from mcp_server.workspace import Workspace
from onefirm.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from onefirm.bootstrap import Firm

BRIEF = "firm://brief"
RECORD = "firm://records/{ref}"


def offer(server: MCPServer[Any], workspace: Workspace, log_place: str) -> None:
    """Add the resources to the server."""

    @server.resource(BRIEF, title="Where things stand", description="The brief of now.", mime_type="text/markdown")
    def brief() -> str:  # pyright: ignore[reportUnusedFunction]
        with _reading(workspace, BRIEF, log_place) as firm:
            return firm.day.brief().text

    @server.resource(RECORD, title="Record", description="One record by its ref.", mime_type="application/json")
    def record(ref: str) -> str:  # pyright: ignore[reportUnusedFunction]
        with _reading(workspace, RECORD, log_place) as firm:
            return answers.text(plain(firm.records, firm.records.get(ref), "detailed"))


@contextmanager
def _reading(workspace: Workspace, uri: str, log_place: str) -> Generator[Firm]:
    """The firm for one read; every failure becomes a protocol error with a sentence."""
    try:
        with workspace.firm() as firm:
            yield firm
    except (NotFound, InvalidInput) as error:
        raise ResourceNotFoundError(str(error)) from error
    except Exception as error:
        raise ResourceError(errors.sentence(uri, {}, error, log_place)) from error
