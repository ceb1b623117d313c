"""Records, artifacts and the brief as resources, for a person who attaches them. Reading one gives no receipt."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from mcp_server import answers, errors
from mcp_server.tools.records import plain, with_artifacts
from mcp_server.workspace import Workspace
from onefirm.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from onefirm.bootstrap import Firm

BRIEF = "firm://brief"
RECORD = "firm://records/{ref}"
ARTIFACT = "firm://artifacts/{ref}"
_LONGEST = 100_000  # characters of an artifact's text


def offer(server: MCPServer[Any], workspace: Workspace, log_place: str) -> None:
    """Add the resources to the server."""

    @server.resource(BRIEF, title="Where things stand", description="The brief of now.", mime_type="text/markdown")
    def brief() -> str:  # pyright: ignore[reportUnusedFunction]
        with _reading(workspace, BRIEF, log_place) as firm:
            return firm.day.brief(is_patient=False).text

    @server.resource(RECORD, title="Record", description="One record by its ref.", mime_type="application/json")
    def record(ref: str) -> str:  # pyright: ignore[reportUnusedFunction]
        with _reading(workspace, RECORD, log_place) as firm:
            row = plain(firm.records, firm.records.get(ref), "detailed")
            return answers.text(with_artifacts(firm, row, "detailed"))

    @server.resource(ARTIFACT, title="Artifact", description="The text of one artifact.", mime_type="text/plain")
    def artifact(ref: str) -> str:  # pyright: ignore[reportUnusedFunction]
        with _reading(workspace, ARTIFACT, log_place) as firm:
            return _text(firm, ref)


def _text(firm: Firm, ref: str) -> str:
    from onefirm.state.artifacts import size, text_of

    found = firm.artifacts.get(ref)
    text = text_of(firm.artifacts.read(found))
    if text is None:
        way = f"`onefirm artifact show {found.ref} --to FILE` writes it to a file."
        return f"{found.ref} is no text ({size(found.size_bytes)}): {way}"
    return answers.gist(text, _LONGEST)


@contextmanager
def _reading(workspace: Workspace, uri: str, log_place: str) -> Generator[Firm]:
    """The firm for one read; every failure becomes a protocol error with a sentence."""
    try:
        with workspace.seen(None) as firm:
            yield firm
    except (NotFound, InvalidInput) as error:
        raise ResourceNotFoundError(str(error)) from error
    except Exception as error:
        raise ResourceError(errors.sentence(uri, {}, error, log_place)) from error
