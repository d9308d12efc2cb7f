"""Endpoints of sweeps that run them: drafting, issuing, coverage, what remains."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import SWEEP_MANAGE, SWEEP_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.work.sweeps import actions, door_lists, export, forecast, queries, shapes, shown
from shanzhi.work.sweeps.door_api import urlpatterns as doors
from shanzhi.work.sweeps.drafting import Draft
from shanzhi.work.sweeps.flow import SWEEP
from shanzhi.work.sweeps.group_api import urlpatterns as lists_by_file
from shanzhi.work.sweeps.models import Sweep, Turn

PIECES_A_PAGE = 50


class SweepsQuery(msgspec.Struct):
    """Sweeps in a state, of a response; those of drills too, or not."""

    state: str = ""
    drills: str = "1"
    activation: UUID | None = None


class SweepPath(msgspec.Struct):
    """Which sweep."""

    sweep_id: UUID


class SweepVerbPath(SweepPath):
    """Which verb."""

    verb: str


class CoverQuery(msgspec.Struct):
    """The places under which one, in which turn; without them the highest, and the newest."""

    place: UUID | None = None
    turn: int | None = None


class PageQuery(CoverQuery):
    """A page of what remains, or of the lists."""

    after: int = 0


class ForecastQuery(CoverQuery):
    """With how many more people."""

    more: int = 0


class SweepExportQuery(CoverQuery):
    """In which language."""

    lang: str = "zh"


def _draft(given: shapes.SweepDraftIn) -> Draft:
    return Draft(
        title=given.title, place_ids=given.place_ids, targets=given.targets, form=given.form, cadence=given.cadence,
        until_at=given.until_at, per_head=given.per_head, body=given.body, outline=given.outline,
        reasons=given.reasons, template=given.template, is_drill=given.is_drill,
    )  # fmt: skip


class _SweepController(ApiController):
    """What those of one sweep share."""

    gate = SWEEP_VIEW

    def _seen(self, sweep_id: UUID) -> Sweep:
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on).filter(id=sweep_id).first()
        if found is None:
            raise NotFound(field="id")
        return found

    def _out(self, sweep_id: UUID) -> shapes.SweepOut:
        return shown.sweep_out(self._seen(sweep_id), self.actor, clock_of(self.request).now())

    def _part(self, sweep_id: UUID, given: CoverQuery) -> tuple[Sweep, Turn, list[UUID] | None]:
        """A sweep, the turn asked for, and what of it is in sight; a place out of sight is not there."""
        sweep, at = self._seen(sweep_id), clock_of(self.request).now()
        scope = queries.scope_of(self.actor, sweep, localdate(at))
        queries.check_place(sweep, given.place, scope)
        turn = queries.turn_of(sweep, given.turn, at)
        if turn is None:
            raise NotFound(field="turn")
        return sweep, turn, scope


class SweepsController(ApiController):
    """Sweeps."""

    gate = SWEEP_VIEW

    def get(self, parsed_query: Query[SweepsQuery]) -> list[shapes.SweepRowOut]:
        """Those in sight, the newest first."""
        at = clock_of(self.request).now()
        found = queries.visible_to(self.actor, localdate(at))
        if parsed_query.state:
            found = found.filter(state=parsed_query.state)
        if parsed_query.drills not in {"1", "true"}:
            found = found.filter(is_drill=False)
        if parsed_query.activation is not None:
            found = found.filter(activation_id=parsed_query.activation)
        return shown.rows_out(list(found[: queries.MOST_LISTED]), self.actor, at)


class SweepDraftsController(_SweepController):
    """New sweeps."""

    gate = SWEEP_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.SweepDraftIn]) -> shapes.SweepOut:
        """Draft a sweep."""
        at = clock_of(self.request).now()
        made = actions.create(_draft(parsed_body), actor=self.actor, at=at, supersedes=parsed_body.supersedes)
        return self._out(made.id)


class SweepOptionsController(ApiController):
    """What a composer offers."""

    gate = SWEEP_VIEW

    def get(self) -> shapes.SweepOptionsOut:
        """Templates, forms, targets, cadences, reasons, results."""
        return shown.options()


class SweepPreviewController(ApiController):
    """A dry run."""

    gate = SWEEP_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[shapes.SweepDraftIn]) -> shapes.SweepPreviewOut:
        """How many doors and people; nothing is written."""
        at = clock_of(self.request).now()
        listed = parsed_body.listed
        if listed and not queries.visible_to(self.actor, localdate(at)).filter(id=listed).exists():
            raise NotFound(field="listed")
        found = actions.preview(_draft(parsed_body), actor=self.actor, at=at, listed=listed)
        return shown.preview_out(found, parsed_body.per_head)


class SweepController(_SweepController):
    """One sweep."""

    def get(self, parsed_path: Path[SweepPath]) -> shapes.SweepOut:
        """The whole of it."""
        return self._out(parsed_path.sweep_id)


class SweepEditController(_SweepController):
    """A draft."""

    gate = SWEEP_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[SweepPath], parsed_body: Body[shapes.SweepDraftIn]) -> shapes.SweepOut:
        """Change it."""
        at = clock_of(self.request).now()
        actions.edit(parsed_path.sweep_id, _draft(parsed_body), actor=self.actor, at=at)
        return self._out(parsed_path.sweep_id)


class SweepVerbController(_SweepController):
    """Propose, issue, recall …"""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[SweepVerbPath], parsed_body: Body[shapes.SweepStepIn]
    ) -> shapes.SweepOut:
        """Do a verb."""
        verb = parsed_path.verb.replace("-", "_")
        if verb not in SWEEP.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such verb.")
        actions.perform(
            parsed_path.sweep_id, verb, actor=self.actor, at=clock_of(self.request).now(),
            reason=parsed_body.reason, seen=parsed_body.seen,
        )  # fmt: skip
        return self._out(parsed_path.sweep_id)


class SweepRevisitController(_SweepController):
    """Rounds of what remains."""

    gate = SWEEP_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[SweepPath]) -> shapes.SweepOut:
        """Divide what remains anew."""
        actions.revisit(parsed_path.sweep_id, actor=self.actor, at=clock_of(self.request).now())
        return self._out(parsed_path.sweep_id)


class SweepRestartController(_SweepController):
    """Days of a compound."""

    gate = SWEEP_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[SweepPath], parsed_body: Body[shapes.RestartIn]) -> shapes.SweepCountOut:
        """Count them anew from today; how many doors."""
        return shapes.SweepCountOut(
            actions.restart(
                parsed_path.sweep_id, parsed_body.area, parsed_body.compound_id, parsed_body.reason,
                actor=self.actor, at=clock_of(self.request).now(),
            )
        )  # fmt: skip


class CoverageController(_SweepController):
    """How far a sweep got."""

    def get(self, parsed_path: Path[SweepPath], parsed_query: Query[CoverQuery]) -> shapes.CoverageOut:
        """Roll-ups of a turn, a second or two old; under a place, or the highest in sight."""
        return shown.coverage_out(
            self._seen(parsed_path.sweep_id), parsed_query.turn, parsed_query.place, self.actor,
            clock_of(self.request).now(),
        )  # fmt: skip


class MissedController(_SweepController):
    """Doors that remain."""

    def get(self, parsed_path: Path[SweepPath], parsed_query: Query[PageQuery]) -> shapes.MissedOut:
        """A page of them, by place."""
        sweep, turn, scope = self._part(parsed_path.sweep_id, parsed_query)
        after = max(0, parsed_query.after)
        found = queries.missed(sweep, turn, parsed_query.place, scope, after=after, limit=PIECES_A_PAGE + 1)
        more = len(found) > PIECES_A_PAGE
        rows = door_lists.missed_out(found[:PIECES_A_PAGE], turn.number)
        return shapes.MissedOut(rows, after + PIECES_A_PAGE if more else None)


class ListsController(_SweepController):
    """Work lists."""

    def get(self, parsed_path: Path[SweepPath], parsed_query: Query[PageQuery]) -> list[shapes.ListLineOut]:
        """How the doors are shared, by place: no names."""
        sweep, turn, scope = self._part(parsed_path.sweep_id, parsed_query)
        after = max(0, parsed_query.after)
        return shown.lists_out(queries.lists(sweep, turn, parsed_query.place, scope, after=after))


class ForecastController(_SweepController):
    """When a sweep will be done."""

    def get(self, parsed_path: Path[SweepPath], parsed_query: Query[ForecastQuery]) -> forecast.ForecastOut:
        """With the people who are there, and with more."""
        sweep, turn, scope = self._part(parsed_path.sweep_id, parsed_query)
        at = clock_of(self.request).now()
        found = forecast.forecast(sweep, turn, scope, parsed_query.more, at)
        return forecast.ForecastOut(
            found.people, found.doors, found.share, round(found.door_seconds), found.done_at, found.more,
            found.then_at, min(turn.closes_at, sweep.until_at),
        )  # fmt: skip


class SweepExportController(_SweepController):
    """A sweep as Excel."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[SweepPath], parsed_query: Query[SweepExportQuery]) -> HttpResponse:
        """Coverage by place and what remains, in sight of the caller; that it was taken along is recorded."""
        sweep, turn, scope = self._part(parsed_path.sweep_id, parsed_query)
        at = clock_of(self.request).now()
        content = export.workbook(sweep, turn, parsed_query.place, scope, at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="sweep.exported", subject=str(sweep.id), at=at)
        return download(content, f"sweep-{sweep.number}.xlsx")


_ONE = "sweeps/<uuid:sweep_id>"
urlpatterns = [
    path("sweeps", SweepsController.as_view(), name="sweeps"),
    path("sweeps/options", SweepOptionsController.as_view(), name="sweep-options"),
    path("sweeps/preview", SweepPreviewController.as_view(), name="sweep-preview"),
    path("sweeps/drafts", SweepDraftsController.as_view(), name="sweep-drafts"),
    *doors,
    *lists_by_file,
    path(_ONE, SweepController.as_view(), name="sweep"),
    path(f"{_ONE}/draft", SweepEditController.as_view(), name="sweep-edit"),
    path(f"{_ONE}/coverage", CoverageController.as_view(), name="sweep-coverage"),
    path(f"{_ONE}/forecast", ForecastController.as_view(), name="sweep-forecast"),
    path(f"{_ONE}/missed", MissedController.as_view(), name="sweep-missed"),
    path(f"{_ONE}/lists", ListsController.as_view(), name="sweep-lists"),
    path(f"{_ONE}/export", SweepExportController.as_view(), name="sweep-export"),
    path(f"{_ONE}/revisit", SweepRevisitController.as_view(), name="sweep-revisit"),
    path(f"{_ONE}/restart", SweepRestartController.as_view(), name="sweep-restart"),
    path(f"{_ONE}/<str:verb>", SweepVerbController.as_view(), name="sweep-verb"),
]
