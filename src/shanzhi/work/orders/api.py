"""Endpoints of orders."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import ORDER_CONFIRM, ORDER_DRAFT, ORDER_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.work.orders import actions, export, queries, shapes, shown
from shanzhi.work.orders.drafting import Draft
from shanzhi.work.orders.flow import ORDER
from shanzhi.work.orders.models import Order

MOST_RECEIPTS = 200


class OrdersQuery(msgspec.Struct):
    """Orders in a state; those of drills too, or not."""

    state: str = ""
    drills: str = "1"


class OrderPath(msgspec.Struct):
    """Which order."""

    order_id: UUID


class VerbPath(OrderPath):
    """Which verb."""

    verb: str


class RungPath(OrderPath):
    """Which rung."""

    position: int


class BoardQuery(msgspec.Struct):
    """The places under which one; without it the highest."""

    place: UUID | None = None


class PeopleQuery(msgspec.Struct):
    """Who: silent, cannot, open; at or below a place; a page from `offset`."""

    which: str = "silent"
    place: UUID | None = None
    offset: int = 0


class ExportQuery(msgspec.Struct):
    """In which language."""

    lang: str = "zh"


class RecipientPath(msgspec.Struct):
    """Which person of an order."""

    area: str
    recipient_id: UUID


def _draft(given: shapes.OrderDraftIn) -> Draft:
    return Draft(
        title=given.title, sentence=given.sentence, body=given.body, place_ids=given.place_ids,
        outline=given.outline, post_kinds=given.post_kinds, skills=given.skills, answers=given.answers,
        asks=given.asks, until_at=given.until_at, ladder=given.ladder, template=given.template,
        is_drill=given.is_drill, household_rule=given.household_rule, compound_ids=given.compound_ids,
    )  # fmt: skip


class _OrderController(ApiController):
    """What those of one order share."""

    gate = ORDER_VIEW

    def _seen(self, order_id: UUID) -> Order:
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on).select_related("supersedes").filter(id=order_id).first()
        if found is None:
            raise NotFound(field="id")
        return found

    def _out(self, order_id: UUID) -> shapes.OrderOut:
        return shown.order_out(self._seen(order_id), self.actor, clock_of(self.request).now())


class OrdersController(ApiController):
    """Orders."""

    gate = ORDER_VIEW

    def get(self, parsed_query: Query[OrdersQuery]) -> list[shapes.OrderRowOut]:
        """Those in sight, the newest first."""
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on)
        if parsed_query.state:
            found = found.filter(state=parsed_query.state)
        if parsed_query.drills not in {"1", "true"}:
            found = found.filter(is_drill=False)
        return shown.rows_out(list(found[: queries.MOST_LISTED]), self.actor, on)


class DraftsController(_OrderController):
    """New orders."""

    gate = ORDER_DRAFT

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.OrderDraftIn]) -> shapes.OrderOut:
        """Draft an order."""
        at = clock_of(self.request).now()
        made = actions.create(_draft(parsed_body), actor=self.actor, at=at, supersedes=parsed_body.supersedes)
        return self._out(made.id)


class OptionsController(ApiController):
    """What a composer offers."""

    gate = ORDER_DRAFT

    def get(self) -> shapes.OrderOptionsOut:
        """Templates, ladders, posts, skills."""
        return shown.options()


class PreviewController(ApiController):
    """A dry run."""

    gate = ORDER_DRAFT

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[shapes.OrderDraftIn]) -> shapes.PreviewOut:
        """Whom it would reach; nothing is written."""
        at, draft = clock_of(self.request).now(), _draft(parsed_body)
        return shown.preview_out(draft, actions.preview(draft, actor=self.actor, at=at), at)


class OrderController(_OrderController):
    """One order."""

    def get(self, parsed_path: Path[OrderPath]) -> shapes.OrderOut:
        """The whole of it."""
        return self._out(parsed_path.order_id)


class EditController(_OrderController):
    """A draft."""

    gate = ORDER_DRAFT

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[OrderPath], parsed_body: Body[shapes.OrderDraftIn]) -> shapes.OrderOut:
        """Change it."""
        at = clock_of(self.request).now()
        actions.edit(parsed_path.order_id, _draft(parsed_body), actor=self.actor, at=at)
        return self._out(parsed_path.order_id)


class VerbController(_OrderController):
    """Propose, confirm, recall …"""

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[VerbPath], parsed_body: Body[shapes.OrderStepIn]) -> shapes.OrderOut:
        """Do a verb."""
        verb = parsed_path.verb.replace("-", "_")
        if verb not in ORDER.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such verb.")
        actions.perform(
            parsed_path.order_id, verb, actor=self.actor, at=clock_of(self.request).now(),
            reason=parsed_body.reason, seen=parsed_body.seen,
        )  # fmt: skip
        return self._out(parsed_path.order_id)


class RungController(_OrderController):
    """A rung of the ladder."""

    gate = ORDER_CONFIRM

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[RungPath], parsed_body: Body[shapes.OrderReasonIn]) -> shapes.OrderOut:
        """Stop it."""
        at = clock_of(self.request).now()
        actions.stop_rung(
            parsed_path.order_id, parsed_path.position, parsed_body.reason, actor=self.actor, at=at
        )
        return self._out(parsed_path.order_id)


class BoardController(_OrderController):
    """The board of an order."""

    def get(self, parsed_path: Path[OrderPath], parsed_query: Query[BoardQuery]) -> shapes.OrderBoardOut:
        """Numbers, curve, places: roll-ups, a few seconds old at most."""
        at = clock_of(self.request).now()
        return shown.board_out(self._seen(parsed_path.order_id), parsed_query.place, self.actor, at)


class PeopleController(_OrderController):
    """Who has not answered."""

    def get(self, parsed_path: Path[OrderPath], parsed_query: Query[PeopleQuery]) -> shapes.OrderPeopleOut:
        """A page of them."""
        order, given = self._seen(parsed_path.order_id), parsed_query
        if given.which not in ("silent", "cannot", "open") or given.offset < 0:
            raise InvalidInput(field="which", reason_zh="没有这份名单。", reason_en="There is no such list.")
        scope = queries.scope_of(self.actor, order, localdate(clock_of(self.request).now()))
        if given.place is not None and scope is not None:
            on = localdate(order.issued_at or order.drafted_at)
            if not places.is_within(given.place, scope, on):
                raise NotFound(field="place")
        most = queries.MOST_LISTED
        found = queries.people(order, given.which, given.place, scope, offset=given.offset, limit=most + 1)
        return shapes.OrderPeopleOut([shown.person_out(one) for one in found[:most]], len(found) > most)


class CallController(ApiController):
    """Ringing somebody up."""

    gate = ORDER_VIEW

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[RecipientPath], parsed_body: Body[shapes.OrderCallIn]) -> None:
        """Note what came of it."""
        actions.call_through(
            parsed_path.area, parsed_path.recipient_id, parsed_body.outcome, parsed_body.note, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip


class PhoneController(ApiController):
    """The telephone of somebody who is silent."""

    gate = ORDER_VIEW

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[RecipientPath], parsed_body: Body[shapes.OrderReasonIn]
    ) -> shapes.OrderPhoneOut:
        """The number in full, against a reason; who asked is recorded."""
        at = clock_of(self.request).now()
        return shapes.OrderPhoneOut(
            actions.phone_of(
                parsed_path.area, parsed_path.recipient_id, parsed_body.reason, actor=self.actor, at=at
            )
        )


class InboxController(ApiController):
    """The caller's own orders."""

    gate = SIGNED_IN

    def get(self) -> shapes.InboxOut:
        """Those in force, and of the last two weeks."""
        if self.actor.account_id is None:
            return shapes.InboxOut(0, [])
        return shown.inbox_out(self.actor.account_id, clock_of(self.request).now())


class ReceiptsController(ApiController):
    """What the caller answers, where the hot door cannot be reached."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[shapes.OrderAnswersIn]) -> list[shapes.OrderOutcomeOut]:
        """Store receipts; one outcome each, in their order."""
        at, account_id = clock_of(self.request).now(), self.actor.account_id
        if account_id is None:
            raise NotFound
        if not 1 <= len(parsed_body.items) <= MOST_RECEIPTS:
            raise InvalidInput(
                field="items", reason_zh=f"一次 1 至 {MOST_RECEIPTS} 条。", reason_en=f"1 to {MOST_RECEIPTS}."
            )
        return shown.take_receipts(parsed_body.items, account_id, at)


class OrderExportController(_OrderController):
    """An order as Excel."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[OrderPath], parsed_query: Query[ExportQuery]) -> HttpResponse:
        """Places and people without an answer, in sight of the caller; that it was taken along is recorded."""
        at, order = clock_of(self.request).now(), self._seen(parsed_path.order_id)
        scope = queries.scope_of(self.actor, order, localdate(at))
        content = export.workbook(order, scope, at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="order.exported", subject=str(order.id), at=at)
        return download(content, f"order-{order.number}.xlsx")


_ONE = "orders/<uuid:order_id>"
_WHO = "order-people/<str:area>/<uuid:recipient_id>"
urlpatterns = [
    path("orders", OrdersController.as_view(), name="orders"),
    path("orders/options", OptionsController.as_view(), name="order-options"),
    path("orders/preview", PreviewController.as_view(), name="order-preview"),
    path("orders/drafts", DraftsController.as_view(), name="order-drafts"),
    path("orders/mine", InboxController.as_view(), name="order-inbox"),
    path("orders/receipts", ReceiptsController.as_view(), name="order-receipts"),
    path(_ONE, OrderController.as_view(), name="order"),
    path(f"{_ONE}/draft", EditController.as_view(), name="order-edit"),
    path(f"{_ONE}/board", BoardController.as_view(), name="order-board"),
    path(f"{_ONE}/people", PeopleController.as_view(), name="order-people"),
    path(f"{_ONE}/export", OrderExportController.as_view(), name="order-export"),
    path(f"{_ONE}/rungs/<int:position>/stop", RungController.as_view(), name="order-rung-stop"),
    path(f"{_ONE}/<str:verb>", VerbController.as_view(), name="order-verb"),
    path(f"{_WHO}/call", CallController.as_view(), name="order-call"),
    path(f"{_WHO}/phone", PhoneController.as_view(), name="order-phone"),
]
