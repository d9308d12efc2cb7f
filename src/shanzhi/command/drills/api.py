"""Endpoints of drills."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.utils.timezone import localdate
from dmr import Body, Path, modify
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLAN_VIEW
from shanzhi.command.drills import actions, queries, shapes, shown


class DrillPath(msgspec.Struct):
    """Which response."""

    activation_id: UUID


class DrillOptionsController(ApiController):
    """How simulated people may behave."""

    gate = PLAN_VIEW

    def get(self) -> shapes.DrillOptionsOut:
        """Behaviours with their distribution in words, and kinds of post."""
        return shown.options_out()


class DrillController(ApiController):
    """A drill response."""

    gate = PLAN_VIEW

    def get(self, parsed_path: Path[DrillPath]) -> shapes.DrillOut:
        """Who answers, the score against the plan's targets, and the reach curves."""
        at = clock_of(self.request).now()
        row = queries.response(parsed_path.activation_id, self.actor, localdate(at))
        return shown.drill_out(row, self.actor, at)

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[DrillPath], parsed_body: Body[shapes.DrillChoiceIn]) -> shapes.DrillOut:
        """Choose who answers: simulated people, real people, or both."""
        at, given = clock_of(self.request).now(), parsed_body
        choice = actions.Choice(given.behaviour, tuple(given.real_posts), given.seed)
        actions.choose(parsed_path.activation_id, choice, actor=self.actor, at=at)
        row = queries.response(parsed_path.activation_id, self.actor, localdate(at))
        return shown.drill_out(row, self.actor, at)


urlpatterns = [
    path("drills/options", DrillOptionsController.as_view(), name="drill-options"),
    path("drills/<uuid:activation_id>", DrillController.as_view(), name="drill"),
]
