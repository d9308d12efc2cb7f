"""Endpoints of those who work at points, of tracers, and of residents."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.utils.timezone import localdate
from dmr import Body, Path, modify
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.access.capabilities import CONTACT_TRACE, SAMPLING_WORK
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.core.kit.outcomes import INVALID, Outcome
from shanzhi.scenes.sampling import point_shapes, queries, reading, shown, taking, tickets
from shanzhi.scenes.sampling.flow import POSITIVE
from shanzhi.scenes.sampling.models import Campaign, Point, Retest

MOST_SAMPLES = 200


class WorkPointPath(msgspec.Struct):
    """Which point."""

    area: str
    point_id: UUID


class SlotPath(msgspec.Struct):
    """The code of a ticket, or of a micro-grid."""

    code: str


class WorkPointsController(ApiController):
    """Points at which the caller may work."""

    gate = SAMPLING_WORK

    def get(self) -> list[point_shapes.WorkPointOut]:
        """Those of campaigns under way."""
        on = localdate(clock_of(self.request).now())
        found = queries.points_worked_by(self.actor, on)
        return [point_shapes.WorkPointOut(**shown.work_out(one)) for one in found]  # type: ignore[arg-type]


class WorkPointController(ApiController):
    """One of them."""

    gate = SAMPLING_WORK

    def get(self, parsed_path: Path[WorkPointPath]) -> point_shapes.WorkPointPageOut:
        """Tables, tubes, micro-grids, re-tests: what a phone needs there."""
        on = localdate(clock_of(self.request).now())
        found: Point | None = next(
            (
                one for one in queries.points_worked_by(self.actor, on)
                if one.id == parsed_path.point_id and one.area == parsed_path.area
            ),
            None,
        )  # fmt: skip
        if found is None:
            raise NotFound(field="point_id")
        return shown.work_page_out(found, places.reach(self.actor, SAMPLING_WORK))


class SamplesController(ApiController):
    """What is done at points, where the hot door cannot be reached."""

    gate = SAMPLING_WORK

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[point_shapes.SamplesIn]) -> list[point_shapes.SampleOutcomeOut]:
        """Store acts; one outcome each, in their order."""
        at, account_id = clock_of(self.request).now(), self.actor.account_id
        if account_id is None:
            raise NotFound
        if not 1 <= len(parsed_body.items) <= MOST_SAMPLES:
            raise InvalidInput(
                field="items", reason_zh=f"一次 1 至 {MOST_SAMPLES} 条。", reason_en=f"1 to {MOST_SAMPLES}."
            )
        outcomes: list[Outcome | None] = []
        ids: list[str | None] = []
        items: list[reading.Submission] = []
        for raw in parsed_body.items:
            try:
                item = reading.submission(account_id, reading.read(msgspec.json.encode(raw)))
                items.append(item)
                outcomes.append(None)
                ids.append(str(item.given.id))
            except ShanzhiError as error:
                outcomes.append(Outcome(INVALID, error))
                ids.append(_id_of(raw))
        with transaction.atomic(), connection.cursor() as cursor:
            taken = iter(taking.take(cursor, items, at))
        return [_told(one, outcome or next(taken)) for one, outcome in zip(ids, outcomes, strict=True)]


def _id_of(raw: dict[str, Any]) -> str | None:
    known = raw.get("id")
    return known[:64] if isinstance(known, str) else None


def _told(act_id: str | None, outcome: Outcome) -> point_shapes.SampleOutcomeOut:
    error = outcome.error
    return point_shapes.SampleOutcomeOut(
        act_id, outcome.status,
        error and point_shapes.SampleErrorOut(error.code, error.sentence("zh"), error.sentence("en"), error.field),
    )  # fmt: skip


class PositivesController(ApiController):
    """Households whose re-test was positive, for those who trace contacts."""

    gate = CONTACT_TRACE

    def get(self) -> list[point_shapes.RetestOut]:
        """By their doors, under the caller's places; that they were looked at is recorded."""
        at = clock_of(self.request).now()
        grounds = places.reach(self.actor, CONTACT_TRACE)
        held = Retest.objects.filter(state=POSITIVE).values("campaign_id")
        found = [
            shown.retest_out(one)
            for campaign in Campaign.objects.filter(id__in=held)
            for one in queries.retests(campaign, grounds)
            if one.state == POSITIVE
        ]
        audit.record(actor=self.actor, event="sampling.positives_read", detail={"rows": len(found)}, at=at)
        return found


class ResidentSlotController(ApiController):
    """When and where to come."""

    gate = PUBLIC

    def get(self, parsed_path: Path[SlotPath]) -> point_shapes.ResidentSlotsOut:
        """By the code of a ticket or of a micro-grid; it says nothing of anybody."""
        text = parsed_path.code
        if text.isdigit() and len(text) == 18:
            return shown.resident_out(text, is_ticket=False)
        code = tickets.read_code(text)
        if not code:
            raise NotFound(field="code")
        return shown.resident_out(code, is_ticket=True)


class GridSlotsController(ApiController):
    """When and where a grid comes."""

    gate = PUBLIC

    def get(self, parsed_path: Path[SlotPath]) -> list[point_shapes.GridSlotOut]:
        """By the code of a grid or micro-grid, as its QR code has it; it says nothing of anybody."""
        return shown.grid_slots_out(parsed_path.code, localdate(clock_of(self.request).now()))


urlpatterns = [
    path("sampling/mine", WorkPointsController.as_view(), name="sampling-mine"),
    path("sampling/samples", SamplesController.as_view(), name="sampling-samples"),
    path("sampling/positives", PositivesController.as_view(), name="sampling-positives"),
    path("sampling/duty/<str:area>/<uuid:point_id>", WorkPointController.as_view(), name="sampling-work"),
    path("public/grids/<str:code>/slots", GridSlotsController.as_view(), name="sampling-grid-slots"),
    path("public/slots/<str:code>", ResidentSlotController.as_view(), name="sampling-slot"),
]
