"""Endpoints of notices and objections: a resident's need no account; the desk answers."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.utils.timezone import localdate
from dmr import Body, Headers, Path, Query, modify
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import PLAN_VIEW, RESPONSE_APPROVE
from shanzhi.city.modes.queries import activation
from shanzhi.city.places.queries import place_of_report
from shanzhi.command.plans import objections, public, queries, shapes
from shanzhi.command.plans.flow import RECEIVED
from shanzhi.core.kit.errors import InvalidInput


class NoticesQuery(msgspec.Struct):
    """The notices of a place, or of a point; without either: all that hold now."""

    place: UUID | None = None
    lon: float | None = None
    lat: float | None = None


class NoticePath(msgspec.Struct):
    """Which notice."""

    number: str


class ObjectionFollowPath(msgspec.Struct):
    """Which objection."""

    number: str


class ObjectionSecret(msgspec.Struct):
    """The secret travels in a header, never in an address that is logged."""

    secret: str = msgspec.field(name="X-Follow-Secret", default="")


class ObjectionPath(msgspec.Struct):
    """Which objection, by its handle."""

    area: str
    objection_id: UUID


class ObjectionsQuery(msgspec.Struct):
    """Those that wait, those answered, or all."""

    state: str = RECEIVED


class NoticesController(ApiController):
    """Public notices."""

    gate = PUBLIC

    def get(self, parsed_query: Query[NoticesQuery]) -> list[shapes.NoticeRowOut]:
        """What holds now."""
        given, place_id = parsed_query, parsed_query.place
        if given.lon is not None and given.lat is not None:
            if not (-180 <= given.lon <= 180 and -90 <= given.lat <= 90):
                raise InvalidInput(
                    field="lon", reason_zh="坐标无效。", reason_en="The coordinates are not valid."
                )
            found = place_of_report(None, given.lon, given.lat)
            if found is None:
                return []
            place_id = found.id
        return public.notice_rows_out(queries.notices_at(place_id, clock_of(self.request).now()))


class NoticeController(ApiController):
    """One notice."""

    gate = PUBLIC

    def get(self, parsed_path: Path[NoticePath]) -> shapes.NoticeOut:
        """The whole of it."""
        return public.notice_out(queries.notice(parsed_path.number), clock_of(self.request).now())


class ObjectController(ApiController):
    """Objections to a notice."""

    gate = PUBLIC
    anonymous_a_minute = 10

    @modify(status_code=HTTPStatus.CREATED)
    def post(
        self, parsed_path: Path[NoticePath], parsed_body: Body[shapes.ObjectionIn]
    ) -> shapes.ObjectionReceiptOut:
        """Object."""
        given = parsed_body
        made = objections.object_to(
            parsed_path.number, given.id, given.text, given.phone, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip
        return shapes.ObjectionReceiptOut(
            made.number, made.secret, f"/r/#/objection/{made.number}/{made.secret}", made.due_at
        )


class ObjectionFollowController(ApiController):
    """A resident reads the answer with number and secret."""

    gate = PUBLIC

    def get(
        self, parsed_path: Path[ObjectionFollowPath], parsed_headers: Headers[ObjectionSecret]
    ) -> shapes.ObjectionFollowOut:
        """State and answer."""
        return public.follow_out(queries.follow(parsed_path.number, parsed_headers.secret))


class ObjectionsController(ApiController):
    """Objections at the desk."""

    gate = PLAN_VIEW

    def get(self, parsed_query: Query[ObjectionsQuery]) -> shapes.ObjectionsOut:
        """Those in sight, due first at the top."""
        at = clock_of(self.request).now()
        rows = queries.objections_visible_to(self.actor, localdate(at))
        if parsed_query.state:
            rows = rows.filter(state=parsed_query.state)
        rows = (
            rows.order_by("due_at", "id")
            if parsed_query.state == RECEIVED
            else rows.order_by("-made_at", "-id")
        )
        return public.objections_out(list(rows[: queries.MOST_LISTED]), self.actor, at)


class ObjectionAnswerController(ApiController):
    """Answers."""

    gate = RESPONSE_APPROVE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[ObjectionPath], parsed_body: Body[shapes.ObjectionAnswerIn]
    ) -> shapes.ObjectionOut:
        """Answer an objection."""
        at = clock_of(self.request).now()
        row = objections.answer(
            parsed_path.area, parsed_path.objection_id, parsed_body.outcome, parsed_body.answer, actor=self.actor,
            at=at,
        )  # fmt: skip
        return public.objection_out(row, activation(row.notice.activation_id), self.actor, at)


class ObjectionPhoneController(ApiController):
    """The telephone of whoever objected, against a reason."""

    gate = RESPONSE_APPROVE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[ObjectionPath], parsed_body: Body[shapes.ObjectionReasonIn]
    ) -> shapes.ObjectionPhoneOut:
        """The number in full; who asked and why is recorded."""
        at = clock_of(self.request).now()
        return shapes.ObjectionPhoneOut(
            objections.phone_of(
                parsed_path.area, parsed_path.objection_id, parsed_body.reason, actor=self.actor, at=at
            )
        )


urlpatterns = [
    path("notices", NoticesController.as_view(), name="notices"),
    path("notices/<str:number>", NoticeController.as_view(), name="notice"),
    path("notices/<str:number>/objections", ObjectController.as_view(), name="notice-object"),
    path("objections", ObjectionsController.as_view(), name="objections"),
    path("objections/follow/<str:number>", ObjectionFollowController.as_view(), name="objection-follow"),
    path(
        "objections/<str:area>/<uuid:objection_id>/answer", ObjectionAnswerController.as_view(),
        name="objection-answer",
    ),
    path(
        "objections/<str:area>/<uuid:objection_id>/phone", ObjectionPhoneController.as_view(),
        name="objection-phone",
    ),
]  # fmt: skip
