"""Endpoints of reports upward, and of the course and the closing of a response."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import PLAN_VIEW, REPORT_UPWARD
from shanzhi.base.audit import actions as audit
from shanzhi.city.modes.models import Activation
from shanzhi.command.reporting import export, queries, reports, shapes, shown
from shanzhi.command.reporting.models import UpwardReport
from shanzhi.core.kit.errors import InvalidInput, NotFound

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"


class RecordPath(msgspec.Struct):
    """Which response."""

    response_id: UUID


class UpwardReportPath(msgspec.Struct):
    """Which report."""

    report_id: UUID


class ReportVerbPath(UpwardReportPath):
    """Which verb."""

    verb: str


class ReportFilePath(UpwardReportPath):
    """As pdf, xlsx or json."""

    form: str


class RecordQuery(msgspec.Struct):
    """In which language; of which kinds, separated by commas."""

    lang: str = "zh"
    kinds: str = ""


def download(content: bytes, name: str, content_type: str) -> HttpResponse:
    """A file that no cache keeps."""
    response = HttpResponse(content, content_type=content_type)
    how = "inline" if content_type == PDF else "attachment"
    response["Content-Disposition"] = f'{how}; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


class _RecordController(ApiController):
    """What those of one response share."""

    gate = PLAN_VIEW

    def _response(self, response_id: UUID) -> Activation:
        return queries.response_for(self.actor, response_id, localdate(clock_of(self.request).now()))

    def _report(self, report_id: UUID) -> UpwardReport:
        on = localdate(clock_of(self.request).now())
        rows = queries.reports_visible_to(self.actor, on).select_related("activation")
        found = rows.filter(id=report_id).first()
        if found is None:
            raise NotFound(field="id")
        return found

    def _page(self, report: UpwardReport) -> shapes.ReportsOut:
        return shown.reports_out(report.activation, self.actor, clock_of(self.request).now())


class TimelineController(_RecordController):
    """The course of a response."""

    def get(self, parsed_path: Path[RecordPath], parsed_query: Query[RecordQuery]) -> shapes.TimelineOut:
        """Everything in order."""
        kinds = [one for one in parsed_query.kinds.split(",") if one]
        at = clock_of(self.request).now()
        return shown.timeline_out(self._response(parsed_path.response_id), self.actor, at, kinds)


class TimelinePaperController(_RecordController):
    """The course on paper."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[RecordPath], parsed_query: Query[RecordQuery]) -> HttpResponse:
        """As PDF."""
        given, at = parsed_query, clock_of(self.request).now()
        activation = self._response(parsed_path.response_id)
        found = shown.timeline_out(activation, self.actor, at, [one for one in given.kinds.split(",") if one])
        audit.record(actor=self.actor, event="response.printed", subject=str(activation.id), at=at)
        content = export.timeline_paper(activation, found, at, "en" if given.lang == "en" else "zh")
        return download(content, f"{activation.number}.pdf", PDF)


class StandDownController(_RecordController):
    """Standing down."""

    def get(self, parsed_path: Path[RecordPath]) -> shapes.StandDownOut:
        """What is still open."""
        activation = self._response(parsed_path.response_id)
        return shown.stand_down_out(activation, self.actor, clock_of(self.request).now())


class ReportsController(_RecordController):
    """Reports of a response."""

    def get(self, parsed_path: Path[RecordPath]) -> shapes.ReportsOut:
        """All, and what is due."""
        activation = self._response(parsed_path.response_id)
        return shown.reports_out(activation, self.actor, clock_of(self.request).now())


class ReportDraftsController(_RecordController):
    """New reports."""

    gate = REPORT_UPWARD

    @modify(status_code=HTTPStatus.CREATED)
    def post(
        self, parsed_path: Path[RecordPath], parsed_body: Body[shapes.ReportDraftIn]
    ) -> shapes.ReportsOut:
        """Draft one, filled from the ledger."""
        given = parsed_body
        report = reports.draft(
            parsed_path.response_id, given.kind, actor=self.actor, at=clock_of(self.request).now(),
            is_zero=given.is_zero, corrects=given.corrects,
        )  # fmt: skip
        return self._page(report)


class UpwardReportController(_RecordController):
    """One report."""

    gate = REPORT_UPWARD

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[UpwardReportPath], parsed_body: Body[shapes.ReportEditIn]
    ) -> shapes.ReportsOut:
        """Change a draft."""
        given, at = parsed_body, clock_of(self.request).now()
        report = reports.edit(parsed_path.report_id, given.fields, given.happened_at, actor=self.actor, at=at)
        return self._page(report)


class ReportVerbController(_RecordController):
    """Verbs of a report."""

    gate = REPORT_UPWARD

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[ReportVerbPath], parsed_body: Body[shapes.ReportStepIn]
    ) -> shapes.ReportsOut:
        """sign, send_back, send, drop; refresh fills measures and counts anew."""
        at, which = clock_of(self.request).now(), parsed_path.report_id
        if parsed_path.verb == "refresh":
            return self._page(reports.refresh(which, actor=self.actor, at=at))
        report = reports.perform(
            which, parsed_path.verb, actor=self.actor, at=at, reason=parsed_body.reason,
            sent_how=parsed_body.sent_how,
        )  # fmt: skip
        return self._page(report)


class ReportFileController(_RecordController):
    """A report to take away."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[ReportFilePath], parsed_query: Query[RecordQuery]) -> HttpResponse:
        """As pdf, xlsx or json."""
        report, at = self._report(parsed_path.report_id), clock_of(self.request).now()
        form, lang = parsed_path.form, parsed_query.lang
        name = f"{report.activation.number}-{report.kind}-{report.sequence}-{report.version}.{form}"
        if form not in {"pdf", "xlsx", "json"}:
            raise InvalidInput(
                field="form", reason_zh="应为 pdf、xlsx 或 json。", reason_en="pdf, xlsx or json."
            )
        audit.record(
            actor=self.actor, event="report.taken", subject=str(report.id), detail={"form": form}, at=at
        )
        if form == "json":
            return download(export.report_json(report), name, "application/json")
        if form == "xlsx":
            return download(export.report_workbook(report, at, zh=lang != "en"), name, EXCEL)
        return download(export.report_paper(report, at, "en" if lang == "en" else "zh"), name, PDF)


urlpatterns = [
    path("records/<uuid:response_id>/timeline", TimelineController.as_view(), name="record-timeline"),
    path(
        "records/<uuid:response_id>/timeline/paper",
        TimelinePaperController.as_view(),
        name="record-timeline-paper",
    ),
    path("records/<uuid:response_id>/stand-down", StandDownController.as_view(), name="record-stand-down"),
    path("records/<uuid:response_id>/reports", ReportsController.as_view(), name="record-reports"),
    path("records/<uuid:response_id>/reports/drafts", ReportDraftsController.as_view(), name="record-drafts"),
    path("upward-reports/<uuid:report_id>/content", UpwardReportController.as_view(), name="upward-report"),
    path(
        "upward-reports/<uuid:report_id>/file/<str:form>", ReportFileController.as_view(), name="upward-file"
    ),
    path("upward-reports/<uuid:report_id>/<str:verb>", ReportVerbController.as_view(), name="upward-verb"),
]
