"""Endpoints of the board."""

from uuid import UUID

import msgspec
from django.utils.timezone import localdate
from dmr import Path, Query
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import COMMAND_VIEW
from shanzhi.command.board import queries, shapes, shown


class BoardPath(msgspec.Struct):
    """Which response."""

    activation_id: UUID


class FocusQuery(msgspec.Struct):
    """Below which place; which order and which sweep are in focus, else the newest in force."""

    place: UUID | None = None
    order: UUID | None = None
    sweep: UUID | None = None


class BoardsController(ApiController):
    """Responses with a board."""

    gate = COMMAND_VIEW

    def get(self) -> list[shapes.BoardResponseOut]:
        """Those in sight, live ones first, of them the gravest."""
        return shown.responses_out(self.actor, clock_of(self.request).now())


class BoardController(ApiController):
    """The board of a response."""

    gate = COMMAND_VIEW

    def get(self, parsed_path: Path[BoardPath], parsed_query: Query[FocusQuery]) -> shapes.CommandBoardOut:
        """Reach, coverage, who needs help, what there is, what was done; three seconds old at most."""
        at = clock_of(self.request).now()
        row = queries.response(parsed_path.activation_id, self.actor, localdate(at))
        focus = parsed_query
        return shown.board_out(row, self.actor, at, place=focus.place, order=focus.order, sweep=focus.sweep)


urlpatterns = [
    path("board", BoardsController.as_view(), name="command-boards"),
    path("board/<uuid:activation_id>", BoardController.as_view(), name="command-board"),
]
