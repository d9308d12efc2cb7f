"""Endpoints at the doors: one's own list, visits, hidden answers, corrections, doors to be visited first."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from dmr import Body, Path, Query, modify
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import SWEEP_MANAGE, SWEEP_VISIT
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.work.sweeps import actions, correcting, door_lists, packs, priority, shapes
from shanzhi.work.sweeps.flow import FollowState
from shanzhi.work.sweeps.models import FollowUp

MOST_VISITS = 200


class DoorsQuery(msgspec.Struct):
    """The doors of which piece, in which turn."""

    area: str
    piece: UUID
    turn: int = 0


class DoorPath(msgspec.Struct):
    """Which door."""

    area: str
    piece: UUID
    door: int


class CorrectionsQuery(msgspec.Struct):
    """Corrections in a state: waiting, accepted, dismissed."""

    state: str = "waiting"


class RowPath(msgspec.Struct):
    """Which row."""

    area: str
    row_id: UUID


class DecidePath(RowPath):
    """Accept or dismiss."""

    decision: str


class MyListsController(ApiController):
    """The caller's lists."""

    gate = SIGNED_IN

    def get(self) -> shapes.MyListsOut:
        """Sweeps under way with the doors on the caller's list, in the order of walking."""
        if self.actor.account_id is None:
            return shapes.MyListsOut(False, [])
        return door_lists.mine_out(self.actor.account_id, clock_of(self.request).now())


class VisitsController(ApiController):
    """What the caller found at doors, where the hot door cannot be reached."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[shapes.VisitsIn]) -> list[shapes.VisitOutcomeOut]:
        """Store visits; one outcome each, in their order."""
        if self.actor.account_id is None:
            raise NotFound
        if not 1 <= len(parsed_body.items) <= MOST_VISITS:
            raise InvalidInput(
                field="items", reason_zh=f"一次 1 至 {MOST_VISITS} 条。", reason_en=f"1 to {MOST_VISITS}."
            )
        return door_lists.take_visits(parsed_body.items, self.actor.account_id, clock_of(self.request).now())


class DoorsController(ApiController):
    """The doors of a piece."""

    gate = SIGNED_IN

    def get(self, parsed_query: Query[DoorsQuery]) -> list[shapes.DoorOut]:
        """What was seen at each, by whom and when: right up to this moment."""
        given = parsed_query
        return door_lists.doors_out(
            self.actor, given.area, given.piece, given.turn, clock_of(self.request).now()
        )


class HiddenController(ApiController):
    """Sensitive answers of a door."""

    gate = SWEEP_VISIT

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[DoorPath], parsed_body: Body[shapes.HiddenIn]) -> shapes.HiddenOut:
        """The newest answers in full, against a reason; who asked is recorded."""
        return shapes.HiddenOut(
            door_lists.hidden_answers(
                self.actor, parsed_path.area, parsed_path.piece, parsed_path.door, parsed_body.reason,
                clock_of(self.request).now(),
            )
        )  # fmt: skip


class SweepAwayController(ApiController):
    """Who can visit for now."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_body: Body[shapes.AwayIn]) -> None:
        """Fall out, or be back; no reason is asked."""
        account_id = parsed_body.account_id or self.actor.account_id
        if account_id is None:
            raise NotFound
        actions.set_away(account_id, parsed_body.away, actor=self.actor, at=clock_of(self.request).now())


def correction_out(line: correcting.Line) -> shapes.CorrectionOut:
    """A correction."""
    row: FollowUp = line.row
    zh, en = correcting.WHATS.get(row.what, ("", ""))
    return shapes.CorrectionOut(
        row.area, row.id, row.sweep_id, line.title, line.place, line.door.address, row.what, zh, en, line.doors_now,
        row.doors, row.note or "", row.made_at, row.state, row.settled_by,
    )  # fmt: skip


class CorrectionsController(ApiController):
    """What visits found wrong in the list of doors."""

    gate = SWEEP_MANAGE

    def get(self, parsed_query: Query[CorrectionsQuery]) -> list[shapes.CorrectionOut]:
        """Those in a state, the oldest first."""
        if parsed_query.state not in FollowState.values:
            raise InvalidInput(field="state", reason_zh="没有这种状态。", reason_en="There is no such state.")
        found = correcting.listed(self.actor, parsed_query.state, clock_of(self.request).now())
        return [correction_out(one) for one in found]


class DecideController(ApiController):
    """A correction."""

    gate = SWEEP_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[DecidePath], parsed_body: Body[shapes.CorrectionIn]
    ) -> shapes.CorrectionOut:
        """Accept it into the registry, or dismiss it with a reason."""
        if parsed_path.decision not in {"accept", "dismiss"}:
            raise InvalidInput(
                field="decision", reason_zh="没有这个操作。", reason_en="There is no such verb."
            )
        row = correcting.settle(
            parsed_path.area, parsed_path.row_id, parsed_path.decision == "accept", doors=parsed_body.doors,
            reason=parsed_body.reason, actor=self.actor, at=clock_of(self.request).now(),
        )  # fmt: skip
        return correction_out(correcting.lines_of([row])[0])


class PriorityController(ApiController):
    """Doors that are visited first."""

    gate = SWEEP_VISIT

    def get(self) -> list[shapes.PriorityLineOut]:
        """Those where the caller visits; why is not told."""
        bases = packs.bases()
        return [
            shapes.PriorityLineOut(
                area, row_id, address, bases[basis].zh, bases[basis].en, given_by, given_at, until_on
            )
            for area, row_id, address, basis, given_by, given_at, until_on in priority.listed(
                self.actor, clock_of(self.request).now()
            )
        ]

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.PriorityIn]) -> shapes.SweepCountOut:
        """List doors; how many are new."""
        given = [
            priority.Given(one.area, one.floor_id, one.door, one.reason, one.basis, one.until_on)
            for one in parsed_body.doors
        ]
        return shapes.SweepCountOut(priority.give(given, actor=self.actor, at=clock_of(self.request).now()))


class PriorityEndController(ApiController):
    """A door that is visited first."""

    gate = SWEEP_VISIT

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[RowPath]) -> None:
        """Strike it off."""
        priority.end(parsed_path.area, parsed_path.row_id, actor=self.actor, at=clock_of(self.request).now())


urlpatterns = [
    path("sweeps/mine", MyListsController.as_view(), name="sweep-mine"),
    path("sweeps/visits", VisitsController.as_view(), name="sweep-visits"),
    path("sweeps/doors", DoorsController.as_view(), name="sweep-doors"),
    path("sweeps/doors/<str:area>/<uuid:piece>/<int:door>/answers", HiddenController.as_view(), name="sweep-answers"),
    path("sweeps/away", SweepAwayController.as_view(), name="sweep-away"),
    path("sweeps/corrections", CorrectionsController.as_view(), name="sweep-corrections"),
    path(
        "sweeps/corrections/<str:area>/<uuid:row_id>/<str:decision>", DecideController.as_view(),
        name="sweep-correction",
    ),
    path("sweeps/priority", PriorityController.as_view(), name="sweep-priority"),
    path("sweeps/priority/<str:area>/<uuid:row_id>/end", PriorityEndController.as_view(), name="sweep-priority-end"),
]  # fmt: skip
