"""Endpoints of cases."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Headers, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import CASE_DISPATCH, CASE_REVEAL, CASE_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.work.cases import actions, lists, queries
from shanzhi.work.cases.case_file import Language, case_file, list_file
from shanzhi.work.cases.case_page import case_out, linked_out, row_out
from shanzhi.work.cases.follow import FollowOut, follow_out
from shanzhi.work.cases.inputs import (
    ActionIn,
    ActionPath,
    BundleIn,
    BundleMadeOut,
    CasePath,
    CaseQuery,
    ExportQuery,
    FollowHeaders,
    IdempotencyHeaders,
    LanguageQuery,
    ManyIn,
    ManyOut,
    NumberPath,
    RateIn,
    ReceiptOut,
    RefusedOut,
    ReportIn,
    RevealIn,
    RevealOut,
    VerbPath,
)
from shanzhi.work.cases.shapes import CaseOut, CasePageOut, LinkedCaseOut, QueueOut


def _key(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(
            field="Idempotency-Key", reason_zh="应为 UUID。", reason_en="Idempotency-Key must be a UUID."
        ) from error


class ReportsController(ApiController):
    """The door for reports: residents without an account, workers and desks with one."""

    gate = PUBLIC
    anonymous_a_minute = 30

    @validate(
        ResponseSpec(ReceiptOut, status_code=HTTPStatus.CREATED),
        ResponseSpec(ReceiptOut, status_code=HTTPStatus.OK),
    )
    def post(self, parsed_headers: Headers[IdempotencyHeaders], parsed_body: Body[ReportIn]) -> HttpResponse:
        """Report a matter: 201 with a receipt; 200 with the first receipt when it was sent before."""
        given = parsed_body
        report_id = given.id or _key(parsed_headers.idempotency_key)
        if report_id is None:
            raise InvalidInput(
                field="id", reason_zh="缺少编号。", reason_en="An id made by the client is needed."
            )
        receipt = actions.create_report(
            actions.NewReport(
                id=report_id, kind=given.kind, text=given.text, lon=given.lon, lat=given.lat,
                place_id=given.place_id, address=given.address, photos=tuple(given.photos), phone=given.phone,
                happened_at=given.happened_at,
            ),
            actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return self.to_response(
            ReceiptOut(
                receipt.number, receipt.area, receipt.id, receipt.secret,
                f"/r/#/follow/{receipt.number}/{receipt.secret}",
            ),
            status_code=HTTPStatus.CREATED if receipt.created else HTTPStatus.OK,
        )  # fmt: skip


class FollowController(ApiController):
    """A resident follows a report with its number and secret."""

    gate = PUBLIC

    def get(self, parsed_path: Path[NumberPath], parsed_headers: Headers[FollowHeaders]) -> FollowOut:
        """Where it stands, in plain words."""
        case = queries.follow(parsed_path.number, parsed_headers.secret)
        return follow_out(case, clock_of(self.request).now())


class RateController(ApiController):
    """A resident rates what was done."""

    gate = PUBLIC
    anonymous_a_minute = 30

    @modify(status_code=HTTPStatus.OK)
    def post(
        self,
        parsed_path: Path[NumberPath],
        parsed_headers: Headers[FollowHeaders],
        parsed_body: Body[RateIn],
    ) -> FollowOut:
        """Solved or not, one to five stars, a few words."""
        at = clock_of(self.request).now()
        case = queries.follow(parsed_path.number, parsed_headers.secret)
        actions.rate(
            case.area, case.id, solved=parsed_body.solved, stars=parsed_body.stars, text=parsed_body.text,
            actor=queries.resident(), at=at, event_id=_key(parsed_headers.idempotency_key),
        )  # fmt: skip
        return follow_out(queries.follow(parsed_path.number, parsed_headers.secret), at)


class QueuesController(ApiController):
    """The queues of a desk."""

    gate = CASE_VIEW

    def get(self) -> list[QueueOut]:
        """Queues with live counts: work first, views after."""
        found = lists.counts(self.actor, clock_of(self.request).now())
        return [
            QueueOut(queue.code, queue.zh, queue.en, *found.get(queue.code, (0, 0)), queue.is_work)
            for queue in lists.queues_of(self.actor)
        ]


class CasesController(ApiController):
    """Lists of cases."""

    gate = CASE_VIEW

    def get(self, parsed_query: Query[CaseQuery]) -> CasePageOut:
        """One page of a queue, least remaining time first."""
        at = clock_of(self.request).now()
        page = lists.listed(
            self.actor, queue=parsed_query.queue, cursor=parsed_query.cursor, limit=parsed_query.limit,
            text=parsed_query.q, place_id=parsed_query.place, at=at,
        )  # fmt: skip
        return CasePageOut([row_out(row, at) for row in page.items], page.next_cursor)


class CaseController(ApiController):
    """One case."""

    gate = CASE_VIEW

    def get(self, parsed_path: Path[CasePath]) -> CaseOut:
        """The case with its timeline, clocks and allowed actions."""
        at = clock_of(self.request).now()
        case = queries.case_for(self.actor, parsed_path.area, parsed_path.case_id, at)
        return case_out(case, self.actor, at)


class ActionController(ApiController):
    """The verbs of a case."""

    gate = CASE_VIEW

    @modify(status_code=HTTPStatus.OK)
    def post(
        self,
        parsed_path: Path[ActionPath],
        parsed_headers: Headers[IdempotencyHeaders],
        parsed_body: Body[ActionIn],
    ) -> CaseOut:
        """Do one verb; the answer is the case as it then stands."""
        at = clock_of(self.request).now()
        actions.perform(
            parsed_path.area,
            parsed_path.case_id,
            parsed_path.verb,
            actor=self.actor,
            at=at,
            version=parsed_body.version,
            given=parsed_body.given(),
            event_id=_key(parsed_headers.idempotency_key),
        )
        case = queries.case_for(self.actor, parsed_path.area, parsed_path.case_id, at)
        return case_out(case, self.actor, at)


class ManyController(ApiController):
    """One verb for many cases at once (批量办理)."""

    gate = CASE_VIEW

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[VerbPath], parsed_body: Body[ManyIn]) -> ManyOut:
        """Do the verb to each; what is refused stays as it was and holds up no other."""
        if not 1 <= len(parsed_body.cases) <= actions.MAX_AT_ONCE:
            raise InvalidInput(
                field="cases", reason_zh=f"请选择 1 至 {actions.MAX_AT_ONCE} 个案件。",
                reason_en=f"Choose 1 to {actions.MAX_AT_ONCE} cases.",
            )  # fmt: skip
        if parsed_path.verb == "rate":
            raise NotFound
        at = clock_of(self.request).now()
        given = actions.Given(
            note=parsed_body.note, unit_id=parsed_body.unit_id, condition_id=parsed_body.condition_id
        )
        done, refused = 0, []
        for area in sorted({one.area for one in parsed_body.cases}):
            chosen = [one for one in parsed_body.cases if one.area == area]
            steps = [
                actions.Step(one.id, parsed_path.verb, self.actor, at, one.version, given) for one in chosen
            ]
            for one, outcome in zip(chosen, actions.perform_many(area, steps), strict=True):
                if isinstance(outcome, ShanzhiError):
                    refused.append(
                        RefusedOut(
                            one.area, one.id, outcome.code, outcome.sentence("zh"), outcome.sentence("en")
                        )
                    )
                else:
                    done += 1
        return ManyOut(done, refused)


class BundlesController(ApiController):
    """Several cases under one limit."""

    gate = CASE_DISPATCH

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[BundleIn]) -> BundleMadeOut:
        """Make a bundle of cases: all of them, or none."""
        made, done = actions.bundle(
            parsed_body.area, parsed_body.cases, name=parsed_body.name, due_at=parsed_body.due_at,
            actor=self.actor, at=clock_of(self.request).now(),
        )  # fmt: skip
        return BundleMadeOut(made.id, len(done))


class NumbersController(ApiController):
    """Cases by their numbers, to merge with."""

    gate = CASE_VIEW

    def get(self, parsed_path: Path[NumberPath]) -> list[LinkedCaseOut]:
        """The case with this number, when it is in sight; else none."""
        at = clock_of(self.request).now()
        return [linked_out(case) for case in queries.by_number(self.actor, [parsed_path.number], at)]


class FileController(ApiController):
    """The case file on paper."""

    gate = CASE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[CasePath], parsed_query: Query[LanguageQuery]) -> HttpResponse:
        """The case as a PDF; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        case = queries.case_for(self.actor, parsed_path.area, parsed_path.case_id, at)
        audit.record(
            actor=self.actor,
            event="cases.file-printed",
            area=case.area,
            subject=str(case.id),
            detail={},
            at=at,
        )
        content = case_file(case, self.actor, at, _language(parsed_query.lang))
        return download(content, f"{case.number}.pdf", "application/pdf")


class ExportController(ApiController):
    """A queue as an Excel file."""

    gate = CASE_VIEW

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[ExportQuery]) -> HttpResponse:
        """The rows of the queue in its order; that they were taken along is recorded."""
        at, given = clock_of(self.request).now(), parsed_query
        content = list_file(
            self.actor,
            queue=given.queue,
            text=given.q,
            place_id=given.place,
            at=at,
            language=_language(given.lang),
        )
        audit.record(actor=self.actor, event="cases.exported", detail={"queue": given.queue}, at=at)
        return download(content, f"{given.queue}-{localdate(at):%Y%m%d}.xlsx")


def _language(given: str) -> Language:
    return "en" if given == "en" else "zh"


class RevealController(ApiController):
    """The reporter's number, against a reason."""

    gate = CASE_REVEAL

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CasePath], parsed_body: Body[RevealIn]) -> RevealOut:
        """The number in full; who asked and why is recorded."""
        phone = actions.reveal_phone(
            parsed_path.area, parsed_path.case_id, reason=parsed_body.reason, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return RevealOut(phone)


urlpatterns = [
    path("reports", ReportsController.as_view(), name="reports"),
    path("follow/<str:number>", FollowController.as_view(), name="follow"),
    path("follow/<str:number>/rate", RateController.as_view(), name="rate"),
    path("queues", QueuesController.as_view(), name="queues"),
    path("cases", CasesController.as_view(), name="cases"),
    path("cases/many/<str:verb>", ManyController.as_view(), name="cases-many"),
    path("cases/numbers/<str:number>", NumbersController.as_view(), name="case-number"),
    path("cases/export", ExportController.as_view(), name="cases-export"),
    path("bundles", BundlesController.as_view(), name="bundles"),
    path("cases/<str:area>/<uuid:case_id>", CaseController.as_view(), name="case"),
    path("cases/<str:area>/<uuid:case_id>/file", FileController.as_view(), name="case-file"),
    path("cases/<str:area>/<uuid:case_id>/reveal", RevealController.as_view(), name="case-reveal"),
    path(
        "cases/<str:area>/<uuid:case_id>/actions/<str:verb>", ActionController.as_view(), name="case-action"
    ),
]
