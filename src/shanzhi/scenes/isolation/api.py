"""Endpoints of home isolation for the desks and for workers; residents' own stand in `resident_api`."""

import json
from base64 import b64encode
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import (
    CONTACT_TRACE,
    ISOLATION_CARE,
    ISOLATION_MANAGE,
    ISOLATION_VIEW,
)
from shanzhi.core.documents import qr
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.isolation import (
    actions,
    checking,
    contacts_api,
    lists,
    notes,
    packs,
    page,
    queries,
    resident,
    resident_api,
    services,
    transfers,
)
from shanzhi.scenes.isolation.beginning import Emergency, Member, NewIsolation
from shanzhi.scenes.isolation.shapes import (
    CareBegunOut,
    CareCallIn,
    CareCheckInIn,
    CareCountsOut,
    CareEmergencyIn,
    CareMemberIn,
    CareMineOut,
    CareOptionsOut,
    CarePeopleOut,
    CarePersonOut,
    CarePlaceOut,
    CareReasonIn,
    CareRegimeOut,
    CareReportedOut,
    CareRevealOut,
    CareServiceIn,
    CareTestIn,
    CareTodayOut,
    IsolationIn,
)


class CarePlaceQuery(msgspec.Struct):
    """Under which place."""

    place: UUID | None = None


class CareListQuery(CarePlaceQuery):
    """Which duty; or part of a number, or a whole telephone number."""

    which: str = "missed"
    q: str = ""
    offset: int = 0


class CareKeyPath(msgspec.Struct):
    """Which row."""

    area: str
    row_id: UUID


class CareVerbPath(CareKeyPath):
    """Which row, and which verb."""

    verb: str


class CareLanguageQuery(msgspec.Struct):
    """In which language."""

    lang: str = "zh"


def new_isolation(given: IsolationIn) -> NewIsolation:
    """What was sent, as the verbs take it."""
    return NewIsolation(
        id=given.id, place_id=given.place_id, name=given.name, phone=given.phone, begun_on=given.begun_on,
        door=given.door, compound=(given.compound.area, given.compound.id) if given.compound else None,
        floor_id=given.floor_id, household=[Member(one.name, one.relation) for one in given.household],
        emergency=[Emergency(one.name, one.phone, one.relation) for one in given.emergency], needs=given.needs,
        is_voluntary=given.is_voluntary, may_message=given.may_message, basis=given.basis, document=given.document,
    )  # fmt: skip


def handed_over(request: HttpRequest, link: str) -> tuple[str, str]:
    """The address of a person's page in full, and its QR code as the source of an image; nothing for nothing."""
    if not link:
        return "", ""
    full = link if link.startswith("http") else f"{request.scheme}://{request.get_host()}{link}"
    return full, f"data:image/png;base64,{b64encode(qr(full, dot_pixels=6)).decode()}"


def new_check_in(given: CareCheckInIn) -> checking.NewCheckIn:
    """What was reported, as the verbs take it."""
    return checking.NewCheckIn(given.id, given.temperature, given.symptoms, given.note, given.slot_id)


class CareOptionsController(ApiController):
    """What forms offer."""

    gate = SIGNED_IN

    def get(self) -> CareOptionsOut:
        """Needs, symptoms and services of the pack."""
        care = packs.care()
        return CareOptionsOut(
            resident.named([*care.needs]), resident.named([*care.symptoms]), resident.named([*care.services]),
            care.voluntary, care.most_days, care.temperature_limit, self.actor.can(ISOLATION_MANAGE),
            self.actor.can(CONTACT_TRACE),
        )  # fmt: skip


class CareRegimesController(ApiController):
    """Under what isolation may begin at a place."""

    gate = ISOLATION_MANAGE

    def get(self, parsed_query: Query[CarePlaceQuery]) -> list[CareRegimeOut]:
        """The live responses that allow it there."""
        if parsed_query.place is None:
            raise InvalidInput(field="place", reason_zh="请选择地方。", reason_en="Choose a place.")
        found = []
        for one in queries.allowed_at(parsed_query.place, clock_of(self.request).now()):
            edition = packs.edition(one.regime.edition)
            found.append(
                CareRegimeOut(
                    one.activation.number, one.activation.title, edition.zh, edition.en, edition.why_zh,
                    edition.why_en, one.activation.basis, one.activation.document, one.activation.last_on,
                    edition.isolation_days, one.activation.is_compulsory,
                )
            )  # fmt: skip
        return found


class CareTodayController(ApiController):
    """The desk of today."""

    gate = ISOLATION_VIEW

    def get(self, parsed_query: Query[CarePlaceQuery]) -> CareTodayOut:
        """Who has not checked in, by place; how many wait for what."""
        at = clock_of(self.request).now()
        counts = lists.counts(self.actor, at, parsed_query.place)
        lines = lists.by_place(self.actor, at, parsed_query.place)
        return CareTodayOut(
            at, CareCountsOut(**counts),
            [CarePlaceOut(o.id, o.name, o.people, o.missed, o.duty, o.transfers, o.has_below) for o in lines],
        )  # fmt: skip


class CarePeopleController(ApiController):
    """People by duty."""

    gate = ISOLATION_VIEW

    def get(self, parsed_query: Query[CareListQuery]) -> CarePeopleOut:
        """A page of them, masked."""
        given, at = parsed_query, clock_of(self.request).now()
        rows, more = lists.people(
            self.actor, at, given.which, place_id=given.place, text=given.q, offset=given.offset
        )
        return CarePeopleOut(page.rows_out(rows, at), more)


class IsolationsController(ApiController):
    """How one begins."""

    gate = ISOLATION_MANAGE

    @validate(
        ResponseSpec(CareBegunOut, status_code=HTTPStatus.CREATED),
        ResponseSpec(CareBegunOut, status_code=HTTPStatus.OK),
    )
    def post(self, parsed_body: Body[IsolationIn]) -> HttpResponse:
        """Begin: 201 with the address of the person's page; 200 when it was sent before."""
        made, created = actions.begin(
            new_isolation(parsed_body), actor=self.actor, at=clock_of(self.request).now()
        )
        return self.to_response(
            CareBegunOut(made.area, made.id, made.number, *handed_over(self.request, queries.link_of(made))),
            status_code=HTTPStatus.CREATED if created else HTTPStatus.OK,
        )


class IsolationController(ApiController):
    """One person's page."""

    gate = SIGNED_IN

    def get(self, parsed_path: Path[CareKeyPath]) -> CarePersonOut:
        """Masked, with the history."""
        return page.page_for(self.actor, parsed_path.area, parsed_path.row_id, clock_of(self.request).now())


class CareBeginReferredController(ApiController):
    """What a tracer referred."""

    gate = ISOLATION_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[IsolationIn]) -> CareBegunOut:
        """Begin as it was checked."""
        made = actions.begin_referred(
            parsed_path.area, parsed_path.row_id, new_isolation(parsed_body), actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return CareBegunOut(
            made.area, made.id, made.number, *handed_over(self.request, queries.link_of(made))
        )


class CareStepController(ApiController):
    """Release, withdraw, drop."""

    gate = ISOLATION_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareVerbPath], parsed_body: Body[CareReasonIn]) -> CarePersonOut:
        """Take a step; the page again."""
        at = clock_of(self.request).now()
        verb = parsed_path.verb.replace("-", "_")
        actions.perform(
            parsed_path.area, parsed_path.row_id, verb, actor=self.actor, at=at, reason=parsed_body.reason
        )
        return page.page_for(self.actor, parsed_path.area, parsed_path.row_id, at)


class CareRevealController(ApiController):
    """In full, against a reason."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[CareReasonIn]) -> CareRevealOut:
        """Name, telephone, door, household, needs, address of the page; who asked and why is recorded."""
        at = clock_of(self.request).now()
        found = actions.reveal(
            parsed_path.area, parsed_path.row_id, parsed_body.reason, actor=self.actor, at=at
        )
        known = {item.code: item for item in packs.care().needs}
        needs = [known[code] for code in json.loads(found["needs"] or "[]") if code in known]
        return CareRevealOut(
            found["name"], found["phone"], found["door"],
            [CareMemberIn(**one) for one in json.loads(found["household"] or "[]")],
            [CareEmergencyIn(**one) for one in json.loads(found["emergency"] or "[]")],
            resident.named(needs), *handed_over(self.request, found["link"]),
        )  # fmt: skip


class CareCallController(ApiController):
    """Ringing somebody up."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[CareCallIn]) -> CarePersonOut:
        """Note what came of it."""
        at = clock_of(self.request).now()
        checking.note_call(parsed_path.area, parsed_path.row_id, parsed_body.outcome, actor=self.actor, at=at)
        return page.page_for(self.actor, parsed_path.area, parsed_path.row_id, at)


class CareCheckInController(ApiController):
    """A report by telephone or at the door."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[CareCheckInIn]) -> CareReportedOut:
        """Note what the person said."""
        done = checking.by_staff(
            parsed_path.area, parsed_path.row_id, new_check_in(parsed_body), parsed_body.source,
            actor=self.actor, at=clock_of(self.request).now(),
        )  # fmt: skip
        return CareReportedOut(done.created, done.transfer_asked)


class CareTestController(ApiController):
    """Results of tests."""

    gate = ISOLATION_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[CareTestIn]) -> CarePersonOut:
        """Enter one, or correct it."""
        at = clock_of(self.request).now()
        checking.note_test(
            parsed_path.area, parsed_path.row_id, parsed_body.taken_on, parsed_body.result, actor=self.actor,
            at=at,
        )  # fmt: skip
        return page.page_for(self.actor, parsed_path.area, parsed_path.row_id, at)


class CareTransferAskController(ApiController):
    """A transfer that staff ask for."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[CareReasonIn]) -> CarePersonOut:
        """Ask for one; one that is open is the answer."""
        at = clock_of(self.request).now()
        transfers.ask_by_staff(
            parsed_path.area, parsed_path.row_id, parsed_body.reason, actor=self.actor, at=at
        )
        return page.page_for(self.actor, parsed_path.area, parsed_path.row_id, at)


class CareTransferController(ApiController):
    """A transfer on its way."""

    gate = ISOLATION_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareVerbPath], parsed_body: Body[CareReasonIn]) -> CarePersonOut:
        """Accept, set off, hand over, come back, not needed; the person's page again."""
        at = clock_of(self.request).now()
        done = transfers.perform(
            parsed_path.area, parsed_path.row_id, parsed_path.verb.replace("-", "_"), actor=self.actor, at=at,
            reason=parsed_body.reason,
        )  # fmt: skip
        return page.page_for(self.actor, parsed_path.area, done.isolation_id, at)


class CareServicePlaceController(ApiController):
    """A service ordered for somebody."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[CareKeyPath], parsed_body: Body[CareServiceIn]) -> CarePersonOut:
        """Place it; the page again."""
        at = clock_of(self.request).now()
        services.place_by_staff(
            parsed_path.area, parsed_path.row_id, new_service(parsed_body), actor=self.actor, at=at
        )
        return page.page_for(self.actor, parsed_path.area, parsed_path.row_id, at)


def new_service(given: CareServiceIn) -> services.NewService:
    """What was ordered, as the verbs take it."""
    return services.NewService(given.id, given.kind, given.text, given.for_on, given.daily)


class CareServiceController(ApiController):
    """A service on its way."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[CareVerbPath], parsed_body: Body[CareReasonIn]) -> None:
        """Take, give back, done, decline."""
        services.perform(
            parsed_path.area, parsed_path.row_id, parsed_path.verb.replace("-", "_"), actor=self.actor,
            at=clock_of(self.request).now(), reason=parsed_body.reason,
        )  # fmt: skip


class CareMineController(ApiController):
    """A worker's own page."""

    gate = ISOLATION_CARE

    def get(self) -> CareMineOut:
        """What is to be done at the places of their posts."""
        return CareMineOut(page.mine_out(self.actor, clock_of(self.request).now()))


def pdf(content: bytes, name: str) -> HttpResponse:
    """A paper to take along."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


class CareNoteController(ApiController):
    """The release note."""

    gate = ISOLATION_MANAGE

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[CareKeyPath], parsed_query: Query[CareLanguageQuery]) -> HttpResponse:
        """As a PDF."""
        at: datetime = clock_of(self.request).now()
        one = queries.isolation_for(self.actor, parsed_path.area, parsed_path.row_id, at)
        if not queries.in_reach(self.actor, ISOLATION_MANAGE, one.place_id, localdate(at)):
            raise InvalidInput(
                field="id", reason_zh="不在您的范围内。", reason_en="It is not within your posts."
            )
        return pdf(notes.release_note(one, at, "en" if parsed_query.lang == "en" else "zh"), one.number)


_ONE = "isolation/<str:area>/<uuid:row_id>"
urlpatterns = [
    path("isolation/options", CareOptionsController.as_view(), name="isolation-options"),
    path("isolation/regimes", CareRegimesController.as_view(), name="isolation-regimes"),
    path("isolation/today", CareTodayController.as_view(), name="isolation-today"),
    path("isolation/people", CarePeopleController.as_view(), name="isolation-people"),
    path("isolation/mine", CareMineController.as_view(), name="isolation-mine"),
    path("isolation", IsolationsController.as_view(), name="isolation-begin"),
    path(_ONE, IsolationController.as_view(), name="isolation-one"),
    path(f"{_ONE}/begin", CareBeginReferredController.as_view(), name="isolation-begin-referred"),
    path(f"{_ONE}/steps/<str:verb>", CareStepController.as_view(), name="isolation-step"),
    path(f"{_ONE}/reveal", CareRevealController.as_view(), name="isolation-reveal"),
    path(f"{_ONE}/call", CareCallController.as_view(), name="isolation-call"),
    path(f"{_ONE}/check-in", CareCheckInController.as_view(), name="isolation-check-in"),
    path(f"{_ONE}/test", CareTestController.as_view(), name="isolation-test"),
    path(f"{_ONE}/transfer", CareTransferAskController.as_view(), name="isolation-transfer-ask"),
    path(f"{_ONE}/services", CareServicePlaceController.as_view(), name="isolation-service-place"),
    path(f"{_ONE}/note", CareNoteController.as_view(), name="isolation-note"),
    path(
        "isolation-transfers/<str:area>/<uuid:row_id>/<str:verb>",
        CareTransferController.as_view(),
        name="isolation-transfer",
    ),
    path(
        "isolation-services/<str:area>/<uuid:row_id>/<str:verb>",
        CareServiceController.as_view(),
        name="isolation-service",
    ),
    *resident_api.urlpatterns,
    *contacts_api.urlpatterns,
]
