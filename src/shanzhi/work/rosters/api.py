"""Endpoints of rosters."""

from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import get_current_timezone, localdate
from dmr import Body, Path, Query, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import ROSTER_MANAGE, ROSTER_VIEW
from shanzhi.base.access.downloads import download
from shanzhi.base.audit import actions as audit
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.work.rosters import actions, queries, shapes, shown
from shanzhi.work.rosters.flow import TURN
from shanzhi.work.rosters.models import Roster, Shift, Turn

MOST_SHIFTS = 600
MOST_PROPOSED = 300
MOST_DAYS = 14


class RostersQuery(msgspec.Struct):
    """Those that have ended too, or not."""

    ended: str = ""


class RosterPath(msgspec.Struct):
    """Which roster."""

    roster_id: UUID


class RosterQuery(msgspec.Struct):
    """From which day (default: today), how many days, at or below which place; only shifts with a gap."""

    from_on: date | None = None
    days: int = 7
    place: UUID | None = None
    gaps: str = ""


class RosterExportQuery(RosterQuery):
    """The same as Excel, in a language."""

    lang: str = "zh"


class ShiftPath(msgspec.Struct):
    """Which shift."""

    area: str
    shift_id: UUID


class TurnPath(msgspec.Struct):
    """Which turn, and what is done to it."""

    area: str
    turn_id: UUID
    verb: str


def _span(given: RosterQuery, at: datetime) -> tuple[date, int, datetime, datetime]:
    first, days = given.from_on or localdate(at), min(max(given.days, 1), MOST_DAYS)
    begin = datetime.combine(first, time.min, get_current_timezone())
    return first, days, begin, begin + timedelta(days=days)


class _RosterController(ApiController):
    gate = ROSTER_VIEW

    def _seen(self, roster_id: UUID) -> Roster:
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on).filter(id=roster_id).first()
        if found is None:
            raise NotFound(field="id")
        return found

    def _shifts(self, roster: Roster, given: RosterQuery, most: int) -> tuple[list[Shift], int]:
        at = clock_of(self.request).now()
        _, _, begin, end = _span(given, at)
        rows = queries.shifts_of(
            roster, self.actor, localdate(at), begin=begin, end=end, place_id=given.place
        )
        if given.gaps in {"1", "true"}:
            turns = queries.turns_of(rows)
            short = [
                one
                for one in rows
                if one.ends_at > at
                and sum(turn.state in ("assigned", "on_post") for turn in turns.get(one.id, [])) < one.people
            ]
            return short[:most], len(short)
        return list(rows[:most]), rows.count()


class RostersController(ApiController):
    """Rosters."""

    gate = ROSTER_VIEW

    def get(self, parsed_query: Query[RostersQuery]) -> shapes.RostersOut:
        """Those in sight, the newest first, and who has not signed on."""
        at = clock_of(self.request).now()
        on = localdate(at)
        rows = queries.visible_to(self.actor, on)
        if parsed_query.ended not in {"1", "true"}:
            rows = rows.filter(ended_at=None)
        late = list(queries.late(self.actor, at, on)[: queries.MOST_LISTED])
        by_shift: dict[UUID, list[Turn]] = {}
        for turn in late:
            by_shift.setdefault(turn.shift_id, []).append(turn)
        shifts = list({turn.shift_id: turn.shift for turn in late}.values())
        return shapes.RostersOut(
            self.actor.can(ROSTER_MANAGE),
            shown.rows_out(list(rows[: queries.MOST_LISTED]), self.actor, at, on),
            shown.shifts_out(shifts, self.actor, at, on, by_shift),
        )

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.RosterIn]) -> shapes.RosterRowOut:
        """Begin a roster."""
        given, at = parsed_body, clock_of(self.request).now()
        made = actions.begin(
            given.template,
            given.place_ids,
            given.from_on,
            given.to_on,
            name=given.name,
            actor=self.actor,
            at=at,
        )
        [out] = shown.rows_out([made], self.actor, at, localdate(at))
        return out


class RosterOptionsController(ApiController):
    """What a roster is made of."""

    gate = ROSTER_VIEW

    def get(self) -> shapes.RosterOptionsOut:
        """Templates and rules."""
        return shown.options()


class RosterController(_RosterController):
    """One roster."""

    def get(self, parsed_path: Path[RosterPath], parsed_query: Query[RosterQuery]) -> shapes.RosterOut:
        """Its shifts of some days, in sight."""
        at = clock_of(self.request).now()
        on, roster = localdate(at), self._seen(parsed_path.roster_id)
        first, days, _, _ = _span(parsed_query, at)
        shifts, total = self._shifts(roster, parsed_query, MOST_SHIFTS)
        [row] = shown.rows_out([roster], self.actor, at, on)
        return shapes.RosterOut(row, first, days, shown.shifts_out(shifts, self.actor, at, on), total)


class RosterProposeController(ApiController):
    """Who would take what."""

    gate = ROSTER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_path: Path[RosterPath]) -> shapes.RosterProposalOut:
        """Writes nothing."""
        found = actions.propose(parsed_path.roster_id, actor=self.actor, at=clock_of(self.request).now())
        items = [
            shapes.RosterProposedOut(
                one.person.name, one.shift.place.name, one.shift.post_zh, one.shift.post_en, one.shift.begins_at,
                one.shift.ends_at,
            )
            for one in found.items[:MOST_PROPOSED]
        ]  # fmt: skip
        people = len({one.person.id for one in found.items})
        return shapes.RosterProposalOut(items, len(found.items), found.unfilled, people, found.token)


class RosterConfirmController(ApiController):
    """Doing what a proposal showed."""

    gate = ROSTER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[RosterPath], parsed_body: Body[shapes.RosterTokenIn]
    ) -> shapes.RosterDoneOut:
        """Exactly that."""
        at = clock_of(self.request).now()
        return shapes.RosterDoneOut(
            actions.confirm(parsed_path.roster_id, parsed_body.token, actor=self.actor, at=at)
        )


class RosterEndController(_RosterController):
    """Ending."""

    gate = ROSTER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[RosterPath], parsed_body: Body[shapes.RosterReasonIn]
    ) -> shapes.RosterRowOut:
        """Whoever is on post is relieved."""
        at = clock_of(self.request).now()
        done = actions.end(parsed_path.roster_id, parsed_body.reason, actor=self.actor, at=at)
        [out] = shown.rows_out([done], self.actor, at, localdate(at))
        return out


class RosterTellingController(_RosterController):
    """Text messages to leads."""

    gate = ROSTER_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[RosterPath], parsed_body: Body[shapes.RosterTellingIn]
    ) -> shapes.RosterRowOut:
        """On, or off: what is not sent yet is stopped."""
        at = clock_of(self.request).now()
        done = actions.set_telling(parsed_path.roster_id, parsed_body.on, actor=self.actor, at=at)
        [out] = shown.rows_out([done], self.actor, at, localdate(at))
        return out


class RosterExportController(_RosterController):
    """A roster as Excel."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[RosterPath], parsed_query: Query[RosterExportQuery]) -> HttpResponse:
        """The days that are shown; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        roster = self._seen(parsed_path.roster_id)
        shifts, _ = self._shifts(roster, parsed_query, 20_000)
        content = shown.workbook(roster, shifts, at, zh=parsed_query.lang != "en")
        audit.record(actor=self.actor, event="roster.exported", subject=str(roster.id), detail={}, at=at)
        return download(content, f"roster-{localdate(at):%Y%m%d}.xlsx")


class ShiftCandidatesController(ApiController):
    """Who may take a shift."""

    gate = ROSTER_MANAGE

    def get(self, parsed_path: Path[ShiftPath]) -> list[shapes.RosterCandidateOut]:
        """The rested and least burdened first."""
        at = clock_of(self.request).now()
        found = actions.free_for(parsed_path.area, parsed_path.shift_id, actor=self.actor, at=at)
        found.sort(key=lambda one: (not one[2], one[0].near, one[1], one[0].name))
        return [shown.candidate_out(*one) for one in found[: queries.MOST_LISTED]]


class ShiftAssignController(ApiController):
    """Giving a shift."""

    gate = ROSTER_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(
        self, parsed_path: Path[ShiftPath], parsed_body: Body[shapes.RosterAssignIn]
    ) -> shapes.RosterShiftOut:
        """To somebody who may take it; the shift again."""
        at = clock_of(self.request).now()
        turn = actions.assign(
            parsed_path.area, parsed_path.shift_id, parsed_body.person_id, actor=self.actor, at=at
        )
        [out] = shown.shifts_out([turn.shift], self.actor, at, localdate(at))
        return out


class TurnController(ApiController):
    """Steps of a turn."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[TurnPath], parsed_body: Body[shapes.RosterStepIn]
    ) -> shapes.RosterTurnOut:
        """Sign on, hand over, ask to swap; relieve, swap, take off."""
        given, at, verb = parsed_body, clock_of(self.request).now(), parsed_path.verb.replace("-", "_")
        if verb not in TURN.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such step.")
        done = actions.perform(
            parsed_path.area, parsed_path.turn_id, verb,
            actions.Given(given.reason, given.note, (given.other.area, given.other.id) if given.other else None),
            actor=self.actor, at=at,
        )  # fmt: skip
        return shown.turn_out(done, self.actor, at, self.actor.can(ROSTER_MANAGE))


class MyShiftsController(ApiController):
    """The caller's own turns."""

    gate = SIGNED_IN

    def get(self) -> list[shapes.MyShiftOut]:
        """What is ahead, and the last two days."""
        at = clock_of(self.request).now()
        if self.actor.account_id is None:
            return []
        return shown.mine_out(queries.mine(self.actor.account_id, at), self.actor, at, localdate(at))


urlpatterns = [
    path("rosters", RostersController.as_view(), name="rosters"),
    path("rosters/options", RosterOptionsController.as_view(), name="roster-options"),
    path("rosters/mine", MyShiftsController.as_view(), name="roster-mine"),
    path("rosters/<uuid:roster_id>", RosterController.as_view(), name="roster"),
    path("rosters/<uuid:roster_id>/propose", RosterProposeController.as_view(), name="roster-propose"),
    path("rosters/<uuid:roster_id>/confirm", RosterConfirmController.as_view(), name="roster-confirm"),
    path("rosters/<uuid:roster_id>/end", RosterEndController.as_view(), name="roster-end"),
    path("rosters/<uuid:roster_id>/telling", RosterTellingController.as_view(), name="roster-telling"),
    path("rosters/<uuid:roster_id>/export", RosterExportController.as_view(), name="roster-export"),
    path(
        "roster-shifts/<str:area>/<uuid:shift_id>/candidates",
        ShiftCandidatesController.as_view(),
        name="roster-candidates",
    ),
    path(
        "roster-shifts/<str:area>/<uuid:shift_id>/assign",
        ShiftAssignController.as_view(),
        name="roster-assign",
    ),
    path("roster-turns/<str:area>/<uuid:turn_id>/<str:verb>", TurnController.as_view(), name="roster-turn"),
]
