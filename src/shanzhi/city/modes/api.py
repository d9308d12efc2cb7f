"""Endpoints of responses. Proposing needs a plan: that endpoint is the plans' own."""

from datetime import date
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access import Actor
from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import PLAN_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.modes import actions, lists, queries, shapes, shown
from shanzhi.city.modes.flow import RESPONSE
from shanzhi.city.modes.models import Activation
from shanzhi.core.kit.errors import InvalidInput, NotFound


class ResponsesQuery(msgspec.Struct):
    """Responses in a state; those of drills too, or not."""

    state: str = ""
    drills: str = "1"


class ResponsesFileQuery(ResponsesQuery):
    """The same, in a language."""

    lang: str = "zh"


class ResponsePath(msgspec.Struct):
    """Which response."""

    response_id: UUID


class ResponseVerbPath(ResponsePath):
    """Which verb."""

    verb: str


class LevelQuery(msgspec.Struct):
    """Which level; without it that of the proposal."""

    level: int | None = None


class _ResponseController(ApiController):
    """What those of one response share."""

    gate = PLAN_VIEW

    def _seen(self, response_id: UUID) -> Activation:
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on).filter(id=response_id).first()
        if found is None:
            raise NotFound(field="id")
        return found


def _listed(actor: Actor, given: ResponsesQuery, on: date) -> "QuerySet[Activation]":
    found = queries.visible_to(actor, on)
    if given.state:
        found = found.filter(state=given.state)
    return found if given.drills in {"1", "true"} else found.filter(is_drill=False)


class ResponsesController(ApiController):
    """Responses."""

    gate = PLAN_VIEW

    def get(self, parsed_query: Query[ResponsesQuery]) -> list[shapes.ResponseRowOut]:
        """Those in sight, the newest first."""
        found = _listed(self.actor, parsed_query, localdate(clock_of(self.request).now()))
        return shown.rows_out(list(found[: queries.MOST_LISTED]))


class ResponsesExportController(ApiController):
    """The list of responses as Excel."""

    gate = PLAN_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[ResponsesFileQuery]) -> HttpResponse:
        """Those in sight that are listed; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        rows = list(_listed(self.actor, parsed_query, localdate(at))[: lists.MOST_EXPORTED])
        content = lists.as_workbook(rows, at, zh=parsed_query.lang != "en")
        audit.record(
            actor=self.actor, event="responses.exported", subject=parsed_query.state, detail={"rows": len(rows)},
            at=at,
        )  # fmt: skip
        return download(content, f"responses-{localdate(at):%Y%m%d}.xlsx")


class ResponseController(_ResponseController):
    """One response."""

    def get(self, parsed_path: Path[ResponsePath]) -> shapes.ResponseOut:
        """The whole of it."""
        return shown.response_out(
            self._seen(parsed_path.response_id), self.actor, clock_of(self.request).now()
        )


class ResponsePreviewController(_ResponseController):
    """A dry run."""

    def get(
        self, parsed_path: Path[ResponsePath], parsed_query: Query[LevelQuery]
    ) -> shapes.ResponsePreviewOut:
        """What approving it, or going to another level, would do."""
        row = self._seen(parsed_path.response_id)
        return shown.preview_out(row, parsed_query.level, self.actor, clock_of(self.request).now())


class ResponseVerbController(_ResponseController):
    """Approve, raise, lower, extend, renew, end …"""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[ResponseVerbPath], parsed_body: Body[shapes.ResponseStepIn]
    ) -> shapes.ResponseOut:
        """Do a verb."""
        if parsed_path.verb not in RESPONSE.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such verb.")
        at, given = clock_of(self.request).now(), parsed_body
        row = actions.perform(
            parsed_path.response_id, parsed_path.verb,
            actions.Given(
                reason=given.reason, level=given.level, last_on=given.last_on, document=given.document,
                basis=given.basis, why_so_large=given.why_so_large,
            ),
            actor=self.actor, at=at,
        )  # fmt: skip
        return shown.response_out(row, self.actor, at)


class BannersController(ApiController):
    """The band on top of the desk."""

    gate = SIGNED_IN

    def get(self) -> list[shapes.BannerOut]:
        """What is live where the caller's posts stand."""
        return shown.banners_out(self.actor, clock_of(self.request).now())


urlpatterns = [
    path("responses", ResponsesController.as_view(), name="responses"),
    path("responses/export", ResponsesExportController.as_view(), name="responses-export"),
    path("responses/banners", BannersController.as_view(), name="response-banners"),
    path("responses/<uuid:response_id>", ResponseController.as_view(), name="response"),
    path(
        "responses/<uuid:response_id>/preview", ResponsePreviewController.as_view(), name="response-preview"
    ),
    path("responses/<uuid:response_id>/<str:verb>", ResponseVerbController.as_view(), name="response-verb"),
]
