"""The verbs of rosters: the only writers of turns. Rosters and shifts are made in `making`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import get_current_timezone, localdate, localtime

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import ROSTER_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of
from shanzhi.work.rosters import making, packs, proposing, queries, telling
from shanzhi.work.rosters.errors import (
    BookedTwice,
    NotOnDuty,
    PlanChanged,
    RosterOver,
    ShiftFull,
    ShiftOver,
    TooEarly,
)  # fmt: skip
from shanzhi.work.rosters.flow import ASSIGNED, HELD, ON_POST, OWN, RELIEVED, TAKEN_OFF, TURN
from shanzhi.work.rosters.models import Roster, Shift, Turn, TurnEvent

TOPIC = "rosters"
EARLY = timedelta(hours=1)
MOST_DAYS = 60
_LOCK = 0x726F7374  # "rost": one writer of turns at a time, so that nobody is booked twice


def _one_writer() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def begin(
    template: str, place_ids: Sequence[UUID], from_on: date, to_on: date, *, name: str = "", actor: Actor,
    at: datetime,
) -> Roster:  # fmt: skip
    """Begin a roster by hand (新建值班表). Raises Refused, NotFound, OutsideYourPlaces, InvalidInput."""
    actor.require(ROSTER_MANAGE)
    on = localdate(at)
    packs.template(template)
    title = text_of(name, "name", "名称", "The name", 80, needed=False)
    if not place_ids:
        raise InvalidInput(field="place_ids", reason_zh="请选择区域。", reason_en="Choose the places.")
    if from_on < on or not from_on < to_on <= from_on + timedelta(days=MOST_DAYS):
        raise InvalidInput(
            field="to_on", reason_zh=f"开始日期不早于今天，最长 {MOST_DAYS} 天。",
            reason_en=f"From today on, for at most {MOST_DAYS} days.",
        )  # fmt: skip
    _require_places(actor, place_ids, on)
    return making.begin(template, place_ids, from_on=from_on, to_on=to_on, actor=actor, at=at, name=title)


def _require_places(actor: Actor, place_ids: Iterable[UUID], on: date) -> None:
    there = {place.id: place for place in Place.objects.filter(id__in=list(place_ids), closed_on=None)}
    grounds = places.reach(actor, ROSTER_MANAGE)
    for place_id in place_ids:
        if place_id not in there:
            raise NotFound(field="place_ids")
        if grounds is not None and not places.is_within(place_id, grounds, on):
            raise OutsideYourPlaces(field="place_ids", name=there[place_id].name)


def _managed(roster_id: UUID, actor: Actor, at: datetime) -> Roster:
    actor.require(ROSTER_MANAGE)
    on = localdate(at)
    if not queries.visible_to(actor, on).filter(id=roster_id).exists():
        raise NotFound(field="id")
    roster = Roster.objects.select_for_update().get(id=roster_id)
    if roster.ended_at is not None:
        raise RosterOver
    return roster


def propose(roster_id: UUID, *, actor: Actor, at: datetime) -> proposing.Proposal:
    """Who would take what is open, at the places that the actor manages; writes nothing (排班建议)."""
    with transaction.atomic():
        return _proposal(_managed(roster_id, actor, at), actor, at)


def _proposal(roster: Roster, actor: Actor, at: datetime) -> proposing.Proposal:
    on = localdate(at)
    shifts = queries.shifts_visible_to(actor, on, ROSTER_MANAGE).filter(
        roster=roster, ends_at__gt=at, dropped_at=None
    )
    listed = list(shifts.select_related("place"))
    held = {
        shift_id: {turn.person_id for turn in turns if turn.state in HELD}
        for shift_id, turns in queries.turns_of(listed).items()
    }
    return proposing.propose(roster, listed, held, on)


def confirm(roster_id: UUID, token: str, *, actor: Actor, at: datetime) -> int:
    """Do exactly what a proposal showed; how many turns. Raises PlanChanged when it would be another by now."""
    with transaction.atomic():
        _one_writer()
        roster = _managed(roster_id, actor, at)
        found = _proposal(roster, actor, at)
        if found.token != token:
            raise PlanChanged
        _give([(one.shift, one.person) for one in found.items], roster, actor, at)
        audit.record(
            actor=actor, event="roster.shared-out", subject=str(roster_id), detail={"turns": len(found.items)},
            at=at,
        )  # fmt: skip
    return len(found.items)


def _give(
    pairs: Sequence[tuple[Shift, proposing.Person]], roster: Roster, actor: Actor, at: datetime
) -> list[Turn]:
    late = timedelta(minutes=roster.late_minutes)
    turns = [
        Turn(
            area=shift.area, shift=shift, account_id=person.id if person.is_account else None,
            offer_id=None if person.is_account else person.id, person_id=person.id, begins_at=shift.begins_at,
            ends_at=shift.ends_at,
            # Somebody without an account cannot tap: the manager sees to it.
            late_at=max(shift.begins_at, at) + late if roster.signs_on and person.is_account else None,
        )
        for shift, person in pairs
    ]  # fmt: skip
    Turn.objects.bulk_create(turns, batch_size=2000)
    TurnEvent.objects.bulk_create([_event(turn, "assign", "", actor, at) for turn in turns], batch_size=2000)
    if turns:
        areas = sorted({turn.area for turn in turns})
        outbox.publish([outbox.News(area, TOPIC, roster.id, "assigned", {}, at) for area in areas])
    return turns


def _event(turn: Turn, verb: str, source: str, actor: Actor, at: datetime, reason: str = "") -> TurnEvent:
    return TurnEvent(
        area=turn.area, turn=turn, verb=verb, from_state=source, to_state=turn.state, actor_id=actor.account_id,
        actor_name=actor.name[:60], reason=reason[:200], at=at,
    )  # fmt: skip


def _shift(area: str, shift_id: UUID, actor: Actor, at: datetime) -> Shift:
    actor.require(ROSTER_MANAGE)
    on = localdate(at)
    seen = queries.shifts_visible_to(actor, on, ROSTER_MANAGE).filter(area=area, id=shift_id)
    found = seen.select_related("roster", "place").first()
    if found is None:
        raise NotFound(field="id")
    return found


def free_for(
    area: str, shift_id: UUID, *, actor: Actor, at: datetime
) -> list[tuple[proposing.Person, float, bool]]:
    """Who may take a shift: the person, hours on duty around it, and whether they have rested."""
    shift = _shift(area, shift_id, actor, at)
    day = localdate(shift.begins_at)
    who = proposing.candidates(shift.roster, [shift.place_id], localdate(at), day + timedelta(days=1))
    books = proposing.diaries([one.id for one in who.get(shift.place_id, ())], shift.begins_at, shift.ends_at)
    rest = timedelta(hours=packs.rules().rest_hours)
    return [
        (one, books[one.id].hours, books[one.id].rested(shift.begins_at, shift.ends_at, rest))
        for one in who.get(shift.place_id, ())
        if one.from_on <= day and (one.to_on is None or one.to_on > day)
    ]


def assign(area: str, shift_id: UUID, person_id: UUID, *, actor: Actor, at: datetime) -> Turn:
    """Give somebody a shift (排班).

    Raises Refused, NotFound (also for somebody who may not take it), ShiftOver, ShiftFull, BookedTwice.
    """
    with transaction.atomic():
        _one_writer()
        shift = _shift(area, shift_id, actor, at)
        if shift.dropped_at is not None or shift.ends_at <= at or shift.roster.ended_at is not None:
            raise ShiftOver
        there = Turn.objects.filter(area=area, shift=shift, state__in=HELD)
        if there.count() >= shift.people:
            raise ShiftFull(people=shift.people)
        person = next(
            (one for one, _, _ in free_for(area, shift_id, actor=actor, at=at) if one.id == person_id), None
        )
        if person is None:
            raise NotFound(field="person_id")
        _check_rest(person_id, person.name, shift.begins_at, shift.ends_at)
        [turn] = _give([(shift, person)], shift.roster, actor, at)
    return turn


def _check_rest(
    person_id: UUID, name: str, begins: datetime, ends: datetime, but: Iterable[UUID] = ()
) -> None:
    hours = packs.rules().rest_hours
    rest = timedelta(hours=hours)
    busy = Turn.objects.filter(
        person_id=person_id, state__in=[*HELD, RELIEVED], begins_at__lt=ends + rest, ends_at__gt=begins - rest
    ).exclude(id__in=list(but))
    if (found := busy.order_by("begins_at").first()) is not None:
        when = f"{localtime(found.begins_at):%m-%d %H:%M}–{localtime(found.ends_at):%H:%M}"
        raise BookedTwice(field="person_id", name=name, when=when, hours=f"{hours:g}")


@dataclass(frozen=True)
class Given:
    """What comes with a verb; `other` is the turn with which one is swapped."""

    reason: str = ""
    note: str = ""
    other: tuple[str, UUID] | None = None


def perform(area: str, turn_id: UUID, verb: str, given: Given, *, actor: Actor, at: datetime) -> Turn:
    """Do a verb to a turn: sign_on, sign_off, ask_swap by whoever has it; relieve, swap, take_off by a manager.

    Raises UnknownEdge, NotFound, Refused, NotOnDuty, TooEarly, ShiftOver, BookedTwice, InvalidInput.
    """
    on = localdate(at)
    with transaction.atomic():
        _one_writer()
        if not queries.turns_visible_to(actor, on).filter(area=area, id=turn_id).exists():
            raise NotFound(field="id")
        turn = Turn.objects.select_for_update().get(area=area, id=turn_id)
        edge = TURN.edge(turn.state, verb)
        if verb in OWN:
            if turn.account_id is None or turn.account_id != actor.account_id:
                raise NotOnDuty
        else:
            actor.require(edge.capability)
            if (
                not queries.shifts_visible_to(actor, on, ROSTER_MANAGE)
                .filter(area=area, id=turn.shift_id)
                .exists()
            ):
                raise NotFound(field="id")
        reason = text_of(given.reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        source, turn.state = turn.state, edge.target
        if verb == "sign_on":
            _sign_on(turn, at)
        elif verb == "sign_off":
            turn.handover = text_of(given.note, "note", "交班记录", "The handover note", 500)
            turn.ended_at = at
        elif verb == "ask_swap":
            turn.swap_asked_at, turn.swap_reason = at, reason
            reason = ""  # what somebody says of themselves is not sealed for ever
        elif verb == "swap":
            _swap(turn, given, actor, at)
        else:
            turn.ended_at = at
        turn.save()
        if verb != "ask_swap":
            telling.settled(turn)
        TurnEvent.objects.bulk_create([_event(turn, verb, source, actor, at, reason)])
        outbox.publish([outbox.News(area, TOPIC, turn.shift_id, verb, {}, at)])
    return turn


def _sign_on(turn: Turn, at: datetime) -> None:
    if at < turn.begins_at - EARLY:
        raise TooEarly(begins=f"{localtime(turn.begins_at):%m-%d %H:%M}")
    if at >= turn.ends_at:
        raise ShiftOver
    turn.signed_on_at = at


def _swap(turn: Turn, given: Given, actor: Actor, at: datetime) -> None:
    """Two people change their shifts; both have to have rested before and after the new one."""
    if given.other is None or given.other[1] == turn.id:
        raise InvalidInput(
            field="with", reason_zh="请选择与哪一班互换。", reason_en="Choose the other shift."
        )
    seen = queries.turns_visible_to(actor, localdate(at), ROSTER_MANAGE)
    seen = seen.filter(area=given.other[0], id=given.other[1])
    if not seen.exists():
        raise NotFound(field="with")
    other = Turn.objects.select_for_update().get(area=given.other[0], id=given.other[1])
    TURN.edge(other.state, "swap")
    both = [turn.id, other.id]
    rows = Turn.objects.filter(id__in=both).select_related("account", "offer")
    names = {one.id: queries.name_of(one) for one in rows}
    if min(turn.ends_at, other.ends_at) <= at:
        raise ShiftOver
    if turn.shift_id == other.shift_id:
        raise InvalidInput(field="with", reason_zh="两人本就同一班。", reason_en="Both have the same shift.")
    _check_rest(turn.person_id, names[turn.id], other.begins_at, other.ends_at, both)
    _check_rest(other.person_id, names[other.id], turn.begins_at, turn.ends_at, both)
    mine, theirs = _who(turn), _who(other)
    for one, who in ((turn, theirs), (other, mine)):
        one.account_id, one.offer_id, one.person_id = who
        one.swap_asked_at, one.swap_reason, one.warned_at = None, "", None
        if one.account_id is None:
            one.late_at = None
    other.save()
    TurnEvent.objects.bulk_create([_event(other, "swap", other.state, actor, at)])


def _who(turn: Turn) -> tuple[UUID | None, UUID | None, UUID]:
    return turn.account_id, turn.offer_id, turn.person_id


def end(roster_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Roster:
    """End a roster (终止值班): whoever is on post is relieved, what lies ahead is dropped."""
    said = text_of(reason, "reason", "理由", "The reason", 200)
    with transaction.atomic():
        _one_writer()
        roster = _managed(roster_id, actor, at)
        _require_places(actor, roster.place_ids, localdate(at))
        stand_down(roster, said, actor, at)
    return roster


def stand_down(roster: Roster, reason: str, actor: Actor, at: datetime) -> tuple[int, int]:
    """Relieve and drop; how many were relieved, how many turns ahead were taken off. The caller has checked."""
    turns = list(Turn.objects.select_for_update().filter(shift__roster=roster, state__in=HELD).order_by("id"))
    events = []
    for turn in turns:
        source, turn.ended_at = turn.state, at
        # Whoever is to be there now, or was, is relieved; who would come later is taken off.
        verb = "relieve" if source == ON_POST else "take_off"
        turn.state = TURN.edge(source, verb).target
        events.append(_event(turn, verb, source, actor, at, reason))
    Turn.objects.bulk_update(turns, ["state", "ended_at"], batch_size=2000)
    TurnEvent.objects.bulk_create(events, batch_size=2000)
    Shift.objects.filter(roster=roster, begins_at__gt=at, dropped_at=None).update(dropped_at=at)
    roster.ended_at, roster.ended_by, roster.end_reason = at, actor.name[:60], reason[:200]
    roster.save(update_fields=["ended_at", "ended_by", "end_reason"])
    audit.record(actor=actor, event="roster.ended", subject=str(roster.id), detail={"reason": reason}, at=at)
    outbox.publish([outbox.News(area, TOPIC, roster.id, "ended", {}, at) for area in {t.area for t in turns}])
    relieved = sum(turn.state == RELIEVED for turn in turns)
    return relieved, sum(turn.state == TAKEN_OFF for turn in turns)


def move_end(roster: Roster, to_on: date | None, actor: Actor, at: datetime) -> bool:
    """Give a roster another end: shifts are made up to it, those after it dropped. Whether anything changed."""
    if roster.to_on == to_on:
        return False
    _one_writer()
    roster.to_on = None if to_on is None else max(to_on, roster.from_on + timedelta(days=1))
    roster.save(update_fields=["to_on"])
    if roster.to_on is not None and roster.made_until > roster.to_on:
        first = datetime.combine(roster.to_on, time.min, get_current_timezone())
        late = Turn.objects.select_for_update().filter(
            shift__roster=roster, begins_at__gte=max(first, at), state=ASSIGNED
        )
        turns = list(late.order_by("id"))
        for turn in turns:
            turn.state, turn.ended_at = TAKEN_OFF, at
        Turn.objects.bulk_update(turns, ["state", "ended_at"], batch_size=2000)
        TurnEvent.objects.bulk_create([_event(turn, "take_off", ASSIGNED, actor, at) for turn in turns])
        Shift.objects.filter(roster=roster, begins_at__gte=max(first, at)).update(dropped_at=at)
    else:
        making.extend(roster, at)
    return True


def set_telling(roster_id: UUID, on: bool, *, actor: Actor, at: datetime) -> Roster:
    """Whether a shift that is not begun in time is told to its lead by text message (未到岗短信).

    Off, what is not sent yet is stopped. Raises Refused, NotFound, RosterOver.
    """
    with transaction.atomic():
        roster = _managed(roster_id, actor, at)
        if roster.tells_lead != on:
            roster.tells_lead = on
            roster.save(update_fields=["tells_lead"])
            if not on:
                telling.stop(roster.id)
            audit.record(
                actor=actor, event="rosters.telling", subject=str(roster.id), detail={"on": on}, at=at,
            )  # fmt: skip
    return roster


def warn_late(now: datetime, limit: int = 2000) -> int:
    """Tell the duty officer, and the lead by text message, of who has not signed on (未到岗提醒); how many."""
    with transaction.atomic():
        due = (
            Turn.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=ASSIGNED, warned_at=None, late_at__lte=now)
            .select_related("shift__roster", "shift__place")
        )
        turns = list(due.order_by("late_at")[:limit])
        for turn in turns:
            turn.warned_at = now
        Turn.objects.bulk_update(turns, ["warned_at"])
        TurnEvent.objects.bulk_create([_event(turn, "late", turn.state, SYSTEM, now) for turn in turns])
        outbox.publish([outbox.News(turn.area, TOPIC, turn.id, "late", {}, now) for turn in turns])
        telling.tell(turns, now)
    return len(turns)
