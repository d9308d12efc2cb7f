"""Endpoints of somebody's own page: number in the address, secret in a header, no account.

The way to a doctor has no limit of how often, and asks for nothing but the secret.
"""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from dmr import Body, Headers, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.scenes.isolation import actions, checking, notes, queries, services, transfers
from shanzhi.scenes.isolation.flow import Source, Why
from shanzhi.scenes.isolation.models import Isolation, Service, Transfer
from shanzhi.scenes.isolation.resident import ResidentCareOut, page_of
from shanzhi.scenes.isolation.shapes import CareCheckInIn, CareServiceIn


class CareSecretHeaders(msgspec.Struct):
    """The secret travels in a header, never in an address that is logged."""

    secret: str = msgspec.field(name="X-Follow-Secret", default="")


class CareNumberPath(msgspec.Struct):
    """Which one, by its number."""

    number: str


class CareRowPath(CareNumberPath):
    """Which of its rows."""

    row_id: UUID


class CareRowVerbPath(CareRowPath):
    """Which of its rows, and the verb."""

    verb: str


class CareFineIn(msgspec.Struct):
    """Whether it was fine."""

    was_fine: bool


class CareMessagesIn(msgspec.Struct):
    """Whether reminders are wanted."""

    wanted: bool


class CareNoteIn(msgspec.Struct):
    """In which language."""

    lang: str = "zh"


class _OwnPage(ApiController):
    """What all of them do: find by number and secret."""

    gate = PUBLIC

    def own(self, number: str, headers: CareSecretHeaders) -> Isolation:
        """The isolation. Raises NotFound."""
        return queries.follow(number, headers.secret)

    def shown(self, isolation: Isolation) -> ResidentCareOut:
        """The page again, as it stands now."""
        again = queries.isolation_for_writer(isolation.area, isolation.id)
        return page_of(again, clock_of(self.request).now())


class ResidentCareController(_OwnPage):
    """The page."""

    def get(
        self, parsed_path: Path[CareNumberPath], parsed_headers: Headers[CareSecretHeaders]
    ) -> ResidentCareOut:
        """How it stands, in plain words."""
        return page_of(self.own(parsed_path.number, parsed_headers), clock_of(self.request).now())


class ResidentCheckInController(_OwnPage):
    """The health report."""

    anonymous_a_minute = 60

    @modify(status_code=HTTPStatus.OK)
    def post(
        self,
        parsed_path: Path[CareNumberPath],
        parsed_headers: Headers[CareSecretHeaders],
        parsed_body: Body[CareCheckInIn],
    ) -> ResidentCareOut:
        """Report; the same id again changes nothing."""
        own, given = self.own(parsed_path.number, parsed_headers), parsed_body
        checking.check_in(
            own, checking.NewCheckIn(given.id, given.temperature, given.symptoms, given.note), Source.SELF,
            actor=queries.resident(), at=clock_of(self.request).now(),
        )  # fmt: skip
        return self.shown(own)


class ResidentMedicalController(_OwnPage):
    """The way to a doctor (我需要就医): open in every state, as often as it is pressed."""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CareNumberPath], parsed_headers: Headers[CareSecretHeaders]
    ) -> ResidentCareOut:
        """Ask for a transfer; one that is open already is the answer."""
        own = self.own(parsed_path.number, parsed_headers)
        transfers.ask(own, Why.MEDICAL, actor=queries.resident(), at=clock_of(self.request).now())
        return self.shown(own)


class ResidentTransferController(_OwnPage):
    """A transfer taken back."""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CareRowPath], parsed_headers: Headers[CareSecretHeaders]
    ) -> ResidentCareOut:
        """Take it back before somebody has accepted it."""
        own = self.own(parsed_path.number, parsed_headers)
        if not Transfer.objects.filter(area=own.area, isolation=own, id=parsed_path.row_id).exists():
            raise NotFound(field="id")
        at = clock_of(self.request).now()
        transfers.perform(own.area, parsed_path.row_id, "take_back", actor=queries.resident(), at=at)
        return self.shown(own)


class ResidentServicesController(_OwnPage):
    """Meals, medicine, waste."""

    anonymous_a_minute = 30

    @modify(status_code=HTTPStatus.OK)
    def post(
        self,
        parsed_path: Path[CareNumberPath],
        parsed_headers: Headers[CareSecretHeaders],
        parsed_body: Body[CareServiceIn],
    ) -> ResidentCareOut:
        """Order something; the same id again changes nothing."""
        own, given = self.own(parsed_path.number, parsed_headers), parsed_body
        services.place(
            own, services.NewService(given.id, given.kind, given.text, given.for_on, given.daily),
            actor=queries.resident(), at=clock_of(self.request).now(),
        )  # fmt: skip
        return self.shown(own)


class ResidentServiceController(_OwnPage):
    """An order cancelled, or said not to have come."""

    anonymous_a_minute = 30

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CareRowVerbPath], parsed_headers: Headers[CareSecretHeaders]
    ) -> ResidentCareOut:
        """Cancel, not received; stop what comes daily."""
        own, me = self.own(parsed_path.number, parsed_headers), queries.resident()
        at = clock_of(self.request).now()
        verb = parsed_path.verb.replace("-", "_")
        if verb == "stop_daily":
            services.stop_daily(own, parsed_path.row_id, actor=me, at=at)
            return self.shown(own)
        if not Service.objects.filter(area=own.area, isolation=own, id=parsed_path.row_id).exists():
            raise NotFound(field="id")
        services.perform(own.area, parsed_path.row_id, verb, actor=me, at=at)
        return self.shown(own)


class ResidentFineController(_OwnPage):
    """A word afterwards."""

    anonymous_a_minute = 30

    @modify(status_code=HTTPStatus.OK)
    def post(
        self,
        parsed_path: Path[CareRowPath],
        parsed_headers: Headers[CareSecretHeaders],
        parsed_body: Body[CareFineIn],
    ) -> ResidentCareOut:
        """Whether it was fine."""
        own = self.own(parsed_path.number, parsed_headers)
        service = Service.objects.filter(area=own.area, isolation=own, id=parsed_path.row_id).first()
        if service is None:
            raise NotFound(field="id")
        services.say(service, parsed_body.was_fine)
        return self.shown(own)


class ResidentMessagesController(_OwnPage):
    """Reminders."""

    anonymous_a_minute = 30

    @modify(status_code=HTTPStatus.OK)
    def post(
        self,
        parsed_path: Path[CareNumberPath],
        parsed_headers: Headers[CareSecretHeaders],
        parsed_body: Body[CareMessagesIn],
    ) -> ResidentCareOut:
        """Whether they are wanted."""
        own = self.own(parsed_path.number, parsed_headers)
        actions.set_messages(own, parsed_body.wanted, at=clock_of(self.request).now())
        return self.shown(own)


class ResidentLeaveController(_OwnPage):
    """The end of what is voluntary."""

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[CareNumberPath], parsed_headers: Headers[CareSecretHeaders]
    ) -> ResidentCareOut:
        """End one's own monitoring, without a reason."""
        own = self.own(parsed_path.number, parsed_headers)
        actions.leave(own, at=clock_of(self.request).now())
        return self.shown(own)


class ResidentNoteController(_OwnPage):
    """The release note; asked for by POST, so that the secret stays in a header."""

    anonymous_a_minute = 30

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def post(
        self, parsed_path: Path[CareNumberPath], parsed_headers: Headers[CareSecretHeaders],
        parsed_query: Query[CareNoteIn],
    ) -> HttpResponse:  # fmt: skip
        """As a PDF."""
        own = self.own(parsed_path.number, parsed_headers)
        if parsed_query.lang not in ("zh", "en"):
            raise InvalidInput(field="lang", reason_zh="只有中文和英文。", reason_en="Chinese or English.")
        content = notes.release_note(
            own, clock_of(self.request).now(), "en" if parsed_query.lang == "en" else "zh"
        )
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{own.number}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response


urlpatterns = [
    path("care/<str:number>", ResidentCareController.as_view(), name="care"),
    path("care/<str:number>/check-in", ResidentCheckInController.as_view(), name="care-check-in"),
    path("care/<str:number>/medical", ResidentMedicalController.as_view(), name="care-medical"),
    path(
        "care/<str:number>/transfers/<uuid:row_id>/take-back",
        ResidentTransferController.as_view(),
        name="care-take-back",
    ),
    path("care/<str:number>/services", ResidentServicesController.as_view(), name="care-services"),
    path("care/<str:number>/services/<uuid:row_id>/fine", ResidentFineController.as_view(), name="care-fine"),
    path(
        "care/<str:number>/services/<uuid:row_id>/<str:verb>",
        ResidentServiceController.as_view(),
        name="care-service",
    ),
    path("care/<str:number>/messages", ResidentMessagesController.as_view(), name="care-messages"),
    path("care/<str:number>/leave", ResidentLeaveController.as_view(), name="care-leave"),
    path("care/<str:number>/note", ResidentNoteController.as_view(), name="care-note"),
]
