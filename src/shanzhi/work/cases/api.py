"""Endpoints of cases."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from dmr import Body, Headers, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import CASE_REVEAL, CASE_VIEW
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.cases import actions, queries
from shanzhi.work.cases.follow import FollowOut, follow_out
from shanzhi.work.cases.shapes import CaseOut, CasePageOut, QueueOut, case_out, row_out

Note = Annotated[str, msgspec.Meta(max_length=5000)]


class ReportIn(msgspec.Struct):
    """What somebody saw. `id` is made by the client; sending it again costs nothing."""

    id: UUID | None = None
    kind: str = ""
    text: Note = ""
    lon: float | None = None
    lat: float | None = None
    place_id: UUID | None = None
    address: Note = ""
    photos: list[str] = []
    phone: str = ""
    happened_at: datetime | None = None


class IdempotencyHeaders(msgspec.Struct):
    """`Idempotency-Key`: a UUID that names this very request."""

    idempotency_key: str = msgspec.field(name="Idempotency-Key", default="")


class ReceiptOut(msgspec.Struct):
    """Number and secret: all that is needed to follow a report."""

    number: str
    area: str
    id: UUID
    secret: str
    follow_url: str


class FollowHeaders(msgspec.Struct):
    """The secret travels in a header, never in an address that is logged."""

    secret: str = msgspec.field(name="X-Follow-Secret", default="")


class NumberPath(msgspec.Struct):
    """Which case, by its number."""

    number: str


class RateIn(msgspec.Struct):
    """Solved or not, and how it was."""

    solved: bool
    stars: int
    text: Note = ""


class CaseQuery(msgspec.Struct):
    """Which queue, which page."""

    queue: str = "open"
    cursor: str = ""
    limit: int = 20
    q: str = ""


class CasePath(msgspec.Struct):
    """A handle to a case: area and id."""

    area: str
    case_id: UUID


class ActionPath(msgspec.Struct):
    """A case and a verb."""

    area: str
    case_id: UUID
    verb: str


class ActionIn(msgspec.Struct):
    """What a verb needs; `version` is the one that the page showed."""

    version: int
    note: Note = ""
    condition_id: UUID | None = None
    unit_id: UUID | None = None
    photos: list[str] = []


class RevealIn(msgspec.Struct):
    """Why the number is needed."""

    reason: Note = ""


class RevealOut(msgspec.Struct):
    """The number in full."""

    phone: str


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
            actor=queries.resident(), at=at,
        )  # fmt: skip
        return follow_out(queries.follow(parsed_path.number, parsed_headers.secret), at)


class QueuesController(ApiController):
    """The queues of a desk."""

    gate = CASE_VIEW

    def get(self) -> list[QueueOut]:
        """Queues with live counts: work first, views after."""
        found = queries.counts(self.actor, clock_of(self.request).now())
        return [
            QueueOut(
                queue.code, queue.zh, queue.en, *found.get(queue.code, (0, 0)), queue.capability != CASE_VIEW
            )
            for queue in queries.queues_of(self.actor)
        ]


class CasesController(ApiController):
    """Lists of cases."""

    gate = CASE_VIEW

    def get(self, parsed_query: Query[CaseQuery]) -> CasePageOut:
        """One page of a queue, least remaining time first."""
        at = clock_of(self.request).now()
        page = queries.listed(
            self.actor, queue=parsed_query.queue, cursor=parsed_query.cursor, limit=parsed_query.limit,
            text=parsed_query.q, at=at,
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
            given=actions.Given(
                note=parsed_body.note, condition_id=parsed_body.condition_id, unit_id=parsed_body.unit_id,
                photos=tuple(parsed_body.photos),
            ),
            event_id=_key(parsed_headers.idempotency_key),
        )  # fmt: skip
        case = queries.case_for(self.actor, parsed_path.area, parsed_path.case_id, at)
        return case_out(case, self.actor, at)


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
    path("cases/<str:area>/<uuid:case_id>", CaseController.as_view(), name="case"),
    path("cases/<str:area>/<uuid:case_id>/reveal", RevealController.as_view(), name="case-reveal"),
    path(
        "cases/<str:area>/<uuid:case_id>/actions/<str:verb>", ActionController.as_view(), name="case-action"
    ),
]
