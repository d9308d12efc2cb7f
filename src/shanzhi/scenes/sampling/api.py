"""Endpoints of sampling at the desk. Those of phones and residents are in `point_api`."""

from datetime import time
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.utils.timezone import localdate
from dmr import Body, Path, Query, modify
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import SAMPLING_MANAGE, SAMPLING_VIEW
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.scenes.sampling import actions, correcting, queries, shapes, shown
from shanzhi.scenes.sampling.drafting import Draft
from shanzhi.scenes.sampling.files_api import urlpatterns as files
from shanzhi.scenes.sampling.flow import CAMPAIGN
from shanzhi.scenes.sampling.laboratory_api import urlpatterns as laboratory
from shanzhi.scenes.sampling.models import Point
from shanzhi.scenes.sampling.point_api import urlpatterns as at_points
from shanzhi.scenes.sampling.seeing import CampaignBase, CampaignPath


class CampaignsQuery(msgspec.Struct):
    """Campaigns in a state, of a kind."""

    state: str = ""
    kind: str = ""


class CampaignVerbPath(CampaignPath):
    """Which verb."""

    verb: str


class CampaignPointPath(CampaignPath):
    """Which point."""

    point_id: UUID


class CampaignPlaceQuery(msgspec.Struct):
    """Under which place; a page from `offset`."""

    place: UUID | None = None
    offset: int = 0


def clock_time(text: str, field: str) -> time | None:
    """HH:MM, or None for nothing. Raises InvalidInput."""
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            field=field, reason_zh="时间应写作 08:00。", reason_en="Write the time as 08:00."
        ) from error


def _draft(given: shapes.CampaignDraftIn) -> Draft:
    return Draft(
        given.template, given.place_ids, given.first_on, given.title, given.goods, given.days,
        clock_time(given.opens, "opens"), clock_time(given.closes, "closes"), given.slot_minutes, given.table_rate,
        given.most_tables, given.people_per_point, given.pooling or None, given.is_drill,
    )  # fmt: skip


class CampaignsController(ApiController):
    """Campaigns."""

    gate = SAMPLING_VIEW

    def get(self, parsed_query: Query[CampaignsQuery]) -> list[shapes.CampaignRowOut]:
        """Those in sight, the newest first."""
        at = clock_of(self.request).now()
        found = queries.visible_to(self.actor, localdate(at))
        if parsed_query.state:
            found = found.filter(state=parsed_query.state)
        if parsed_query.kind:
            found = found.filter(kind=parsed_query.kind)
        return shown.rows_out(list(found[: queries.MOST_LISTED]), self.actor, at)


class CampaignDraftsController(CampaignBase):
    """New campaigns."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.CampaignDraftIn]) -> shapes.CampaignOut:
        """Draft a campaign and plan it."""
        made = actions.create(_draft(parsed_body), actor=self.actor, at=clock_of(self.request).now())
        return self._out(made.id)


class CampaignOptionsController(ApiController):
    """What a composer offers."""

    gate = SAMPLING_MANAGE

    def get(self) -> shapes.SamplingOptionsOut:
        """Templates and ways of pooling."""
        return shown.options()


class CampaignPreviewController(ApiController):
    """A dry run."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[shapes.CampaignDraftIn]) -> shapes.SamplingPreviewOut:
        """People, points, tables, hours; nothing is written."""
        at = clock_of(self.request).now()
        return shown.preview_out(actions.preview(_draft(parsed_body), actor=self.actor, at=at))


class CampaignController(CampaignBase):
    """One campaign."""

    def get(self, parsed_path: Path[CampaignPath]) -> shapes.CampaignOut:
        """The whole of it."""
        return self._out(parsed_path.campaign_id)


class CampaignEditController(CampaignBase):
    """A draft."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CampaignPath], parsed_body: Body[shapes.CampaignDraftIn]
    ) -> shapes.CampaignOut:
        """Change it and plan it anew."""
        at = clock_of(self.request).now()
        actions.edit(parsed_path.campaign_id, _draft(parsed_body), actor=self.actor, at=at)
        return self._out(parsed_path.campaign_id)


class CampaignVerbController(CampaignBase):
    """Propose, issue, end …"""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CampaignVerbPath], parsed_body: Body[shapes.SamplingStepIn]
    ) -> shapes.CampaignOut:
        """Do a verb."""
        verb = parsed_path.verb.replace("-", "_")
        if verb not in CAMPAIGN.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such verb.")
        actions.perform(
            parsed_path.campaign_id,
            verb,
            actor=self.actor,
            at=clock_of(self.request).now(),
            reason=parsed_body.reason,
        )
        return self._out(parsed_path.campaign_id)


class CampaignPointsController(CampaignBase):
    """The points of a campaign."""

    def get(self, parsed_path: Path[CampaignPath]) -> list[shapes.PointOut]:
        """Those in sight."""
        campaign = self._seen(parsed_path.campaign_id)
        scope = self._scope(campaign)
        on = localdate(clock_of(self.request).now())
        return shown.points_out(campaign, list(queries.points(campaign, scope, on).order_by("number", "id")))


class CampaignOpenPointController(CampaignBase):
    """Another point."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(
        self, parsed_path: Path[CampaignPath], parsed_body: Body[shapes.NewPointIn]
    ) -> shapes.CampaignOut:
        """Open it; the rest is planned again."""
        given = parsed_body
        new = correcting.NewPoint(
            given.place_id, given.name, given.address, given.tables, given.lon, given.lat,
            clock_time(given.opens, "opens"), clock_time(given.closes, "closes"),
        )  # fmt: skip
        at = clock_of(self.request).now()
        correcting.open_point(parsed_path.campaign_id, new, actor=self.actor, at=at)
        return self._out(parsed_path.campaign_id)


class CampaignPointController(CampaignBase):
    """One point."""

    def get(self, parsed_path: Path[CampaignPointPath]) -> shapes.PointPlanOut:
        """Its timetable."""
        campaign = self._seen(parsed_path.campaign_id)
        on = localdate(clock_of(self.request).now())
        found = queries.points(campaign, self._scope(campaign), on).filter(id=parsed_path.point_id).first()
        if found is None:
            raise NotFound(field="point_id")
        return shown.plan_out(campaign, found)


class CampaignChangePointController(CampaignBase):
    """A point to be changed."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CampaignPointPath], parsed_body: Body[shapes.PointChangeIn]
    ) -> shapes.PointPlanOut:
        """Tables, hours, name, open or closed; the rest is planned again."""
        given = parsed_body
        change = correcting.PointChange(
            given.name, given.address, given.tables, clock_time(given.opens, "opens"),
            clock_time(given.closes, "closes"), given.is_open,
        )  # fmt: skip
        point: Point = correcting.change_point(
            parsed_path.campaign_id,
            parsed_path.point_id,
            change,
            actor=self.actor,
            at=clock_of(self.request).now(),
        )
        return shown.plan_out(self._seen(parsed_path.campaign_id), point)


class CampaignMoveController(CampaignBase):
    """A micro-grid to another point."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CampaignPath], parsed_body: Body[shapes.MoveIn]) -> shapes.CampaignOut:
        """Move it; the rest is planned again."""
        correcting.move(
            parsed_path.campaign_id, parsed_body.place_id, parsed_body.point_id, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return self._out(parsed_path.campaign_id)


class CampaignReplanController(CampaignBase):
    """The timetable again."""

    gate = SAMPLING_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CampaignPath], parsed_body: Body[shapes.ReplanIn]) -> shapes.CampaignOut:
        """Plan again; for a draft perhaps the points too."""
        at = clock_of(self.request).now()
        correcting.replan(parsed_path.campaign_id, anew=parsed_body.anew, actor=self.actor, at=at)
        return self._out(parsed_path.campaign_id)


class CampaignBoardController(CampaignBase):
    """The live board."""

    def get(
        self, parsed_path: Path[CampaignPath], parsed_query: Query[CampaignPlaceQuery]
    ) -> shapes.CampaignBoardOut:
        """Points, tables, tubes, coverage: roll-ups, 3 seconds old at most."""
        at = clock_of(self.request).now()
        return shown.board_out(self._seen(parsed_path.campaign_id), parsed_query.place, self.actor, at)


class CampaignMissingController(CampaignBase):
    """Who has not come."""

    def get(
        self, parsed_path: Path[CampaignPath], parsed_query: Query[CampaignPlaceQuery]
    ) -> shapes.MissingOut:
        """Doors, not people: a page."""
        campaign, given = self._seen(parsed_path.campaign_id), parsed_query
        scope, most = self._scope(campaign, given.place), queries.MOST_LISTED
        offset = max(0, given.offset)
        found = queries.missing(campaign, given.place, scope, offset=offset, limit=most + 1)
        return shown.missing_out(campaign, found, most)


_ONE = "sampling/campaigns/<uuid:campaign_id>"
urlpatterns = [
    *at_points,
    *files,
    *laboratory,
    path("sampling/campaigns", CampaignsController.as_view(), name="sampling-campaigns"),
    path("sampling/options", CampaignOptionsController.as_view(), name="sampling-options"),
    path("sampling/preview", CampaignPreviewController.as_view(), name="sampling-preview"),
    path("sampling/drafts", CampaignDraftsController.as_view(), name="sampling-drafts"),
    path(_ONE, CampaignController.as_view(), name="sampling-campaign"),
    path(f"{_ONE}/draft", CampaignEditController.as_view(), name="sampling-edit"),
    path(f"{_ONE}/points", CampaignPointsController.as_view(), name="sampling-points"),
    path(f"{_ONE}/points/open", CampaignOpenPointController.as_view(), name="sampling-point-open"),
    path(f"{_ONE}/points/<uuid:point_id>", CampaignPointController.as_view(), name="sampling-point"),
    path(
        f"{_ONE}/points/<uuid:point_id>/change", CampaignChangePointController.as_view(), name="sampling-point-change"
    ),
    path(f"{_ONE}/moves", CampaignMoveController.as_view(), name="sampling-move"),
    path(f"{_ONE}/replan", CampaignReplanController.as_view(), name="sampling-replan"),
    path(f"{_ONE}/board", CampaignBoardController.as_view(), name="sampling-board"),
    path(f"{_ONE}/missing", CampaignMissingController.as_view(), name="sampling-missing"),
    path(f"{_ONE}/<str:verb>", CampaignVerbController.as_view(), name="sampling-verb"),
]  # fmt: skip
