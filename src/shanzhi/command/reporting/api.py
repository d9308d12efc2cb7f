"""Endpoints of reporting: the duty log here; reports, course and closing of a response beside it."""

from datetime import date
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import DUTY_LOG
from shanzhi.base.audit import actions as audit
from shanzhi.command.reporting import duty, export, queries, shapes, shown
from shanzhi.command.reporting.api_reports import EXCEL, PDF, download
from shanzhi.command.reporting.api_reports import urlpatterns as reports
from shanzhi.command.reporting.flow import ADDITION, CORRECTION
from shanzhi.command.reporting.models import DutyEntry

MOST_EXPORTED = 5_000


class DutyLogQuery(msgspec.Struct):
    """Words, days, response, kind, or one line; a page from `offset`."""

    q: str = ""
    from_on: date | None = None
    to_on: date | None = None
    response: UUID | None = None
    kind: str = ""
    entry: UUID | None = None
    offset: int = 0


class DutyExportQuery(DutyLogQuery):
    """As `xlsx` or `pdf`, in which language."""

    format: str = "xlsx"
    lang: str = "zh"


class DutyEntryPath(msgspec.Struct):
    """Which line."""

    area: str
    entry_id: UUID


class HandoverPath(msgspec.Struct):
    """Which handover, which verb."""

    handover_id: UUID
    verb: str


class _DutyController(ApiController):
    """What those of the duty log share."""

    gate = DUTY_LOG

    def _found(self, given: DutyLogQuery, limit: int) -> tuple[list[DutyEntry], int]:
        on = localdate(clock_of(self.request).now())
        rows = queries.entries_visible_to(self.actor, on)
        narrowed = bool(given.q or given.kind or given.entry)
        if not narrowed:  # additions stand below what they are about
            rows = rows.exclude(kind__in=[ADDITION, CORRECTION])
        if given.entry is not None:
            rows = rows.filter(id=given.entry)
        rows = queries.search(
            rows, words=given.q, from_on=given.from_on, to_on=given.to_on, activation_id=given.response,
            kind=given.kind,
        )  # fmt: skip
        offset = max(given.offset, 0)
        return list(rows[offset : offset + limit]), rows.count()


class DutyLogController(_DutyController):
    """The duty log."""

    def get(self, parsed_query: Query[DutyLogQuery]) -> shapes.DutyLogOut:
        """Lines in sight, the newest first."""
        entries, total = self._found(parsed_query, queries.MOST_LISTED)
        return shown.log_out(entries, total, self.actor, clock_of(self.request).now())

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.DutyEntryIn]) -> shapes.DutyEntryOut:
        """Write a line; the same once more is the same line."""
        given = duty.NewEntry(**msgspec.structs.asdict(parsed_body))
        entry, _ = duty.write(given, actor=self.actor, at=clock_of(self.request).now())
        return shown.entries_out([entry])[0]


class DutyExportController(_DutyController):
    """The duty log to take away."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[DutyExportQuery]) -> HttpResponse:
        """As Excel or PDF; telephones stay masked."""
        given, at = parsed_query, clock_of(self.request).now()
        entries, total = self._found(given, MOST_EXPORTED)
        found = shown.entries_out(entries)
        audit.record(
            actor=self.actor,
            event="duty.exported",
            detail={"lines": len(entries), "format": given.format},
            at=at,
        )
        if given.format == "pdf":
            return download(
                export.log_paper(found, at, "en" if given.lang == "en" else "zh"), "duty-log.pdf", PDF
            )
        return download(export.log_workbook(found, at, zh=given.lang != "en"), "duty-log.xlsx", EXCEL)


class DutyRevealController(_DutyController):
    """Callers in full."""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[DutyEntryPath], parsed_body: Body[shapes.DutyRevealIn]
    ) -> shapes.DutyRevealOut:
        """Against a reason, which is recorded."""
        caller = duty.reveal(
            parsed_path.area, parsed_path.entry_id, parsed_body.reason, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return shapes.DutyRevealOut(caller.name or "", caller.phone or "")


class HandoversController(_DutyController):
    """Shifts."""

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.HandoverIn]) -> shapes.HandoverOut:
        """Hand one over."""
        given = parsed_body
        made = duty.give(
            given.open_matters, given.from_at, actor=self.actor, at=clock_of(self.request).now(),
            place_id=given.place_id,
        )  # fmt: skip
        return shown.handover_out(made, self.actor)


class HandoverController(_DutyController):
    """One shift."""

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[HandoverPath]) -> shapes.HandoverOut:
        """take, withdraw."""
        at = clock_of(self.request).now()
        row = duty.settle(parsed_path.handover_id, parsed_path.verb, actor=self.actor, at=at)
        return shown.handover_out(row, self.actor)


urlpatterns = [
    path("duty-log", DutyLogController.as_view(), name="duty-log"),
    path("duty-log/export", DutyExportController.as_view(), name="duty-log-export"),
    path("duty-log/handovers", HandoversController.as_view(), name="duty-handovers"),
    path(
        "duty-log/handovers/<uuid:handover_id>/<str:verb>", HandoverController.as_view(), name="duty-handover"
    ),
    path("duty-log/<str:area>/<uuid:entry_id>/reveal", DutyRevealController.as_view(), name="duty-reveal"),
    *reports,
]
