"""How rosters become what their pages say."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.utils.timezone import get_current_timezone, localtime

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ROSTER_MANAGE
from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.core.documents import Column, Sheet, write_workbook
from shanzhi.work.rosters import packs, queries, shapes
from shanzhi.work.rosters.flow import ASSIGNED, HELD, OWN, TURN
from shanzhi.work.rosters.models import Roster, Shift, Turn
from shanzhi.work.rosters.proposing import Person

_NEAR = {
    0: ("本处人员", "of this place"),
    1: ("下沉人员", "surge posting"),
    2: ("上级人员", "of a place above"),
}


def options() -> shapes.RosterOptionsOut:
    """Templates in words."""
    out = []
    for one in packs.templates().values():
        posts_zh = "、".join(f"{post.zh} {post.people} 人" for post in one.posts)
        posts_en = ", ".join(f"{post.people} × {post.en}" for post in one.posts)
        hours_zh = "、".join(f"{shift.zh} {shift.begins} 起 {shift.hours:g} 小时" for shift in one.shifts)
        hours_en = ", ".join(f"{shift.en} from {shift.begins} for {shift.hours:g} h" for shift in one.shifts)
        out.append(
            shapes.RosterTemplateOut(
                one.code, one.zh, one.en, f"每处{posts_zh}；{hours_zh}", f"each place: {posts_en}; {hours_en}"
            )
        )
    rules = packs.rules()
    return shapes.RosterOptionsOut(out, rules.rest_hours, rules.week_hours)


def rows_out(rosters: Sequence[Roster], actor: Actor, at: datetime, on: date) -> list[shapes.RosterRowOut]:
    """Lines of the list."""
    found = queries.numbers([one.id for one in rosters], actor, at, on)
    wanted = {place_id for one in rosters for place_id in one.place_ids}
    names = dict(Place.objects.filter(id__in=wanted).values_list("id", "name"))
    managed = set(
        queries.visible_to(actor, on, ROSTER_MANAGE)
        .filter(id__in=[one.id for one in rosters])
        .values_list("id", flat=True)
    )
    return [
        shapes.RosterRowOut(
            id=one.id, name=one.name, template=one.template,
            places=[shapes.RosterPlaceOut(place_id, names.get(place_id, "")) for place_id in one.place_ids],
            from_on=one.from_on, to_on=one.to_on, is_drill=one.is_drill,
            of_response=one.activation_id is not None, signs_on=one.signs_on, late_minutes=one.late_minutes,
            tells_lead=one.tells_lead, ended_at=one.ended_at, end_reason=one.end_reason,
            made_by=one.made_by,
            may_manage=one.ended_at is None and one.id in managed,
            numbers=_numbers_out(found.get(one.id, queries.Numbers())),
        )
        for one in rosters
    ]  # fmt: skip


def _numbers_out(found: queries.Numbers) -> shapes.RosterNumbersOut:
    return shapes.RosterNumbersOut(
        found.shifts, found.wanted, found.held, found.gaps, found.on_post, found.late
    )


def shifts_out(
    shifts: Sequence[Shift], actor: Actor, at: datetime, on: date, turns: dict[UUID, list[Turn]] | None = None
) -> list[shapes.RosterShiftOut]:
    """Shifts with who has them and what the caller may do."""
    found = queries.turns_of(shifts) if turns is None else turns
    grounds = places.reach(actor, ROSTER_MANAGE)
    below = None if grounds is None else places.ids_below(grounds, on) if grounds else set()
    out = []
    for shift in shifts:
        may = below is None or shift.place_id in below
        people = found.get(shift.id, [])
        held = sum(turn.state in HELD for turn in people)
        over = shift.ends_at <= at or shift.dropped_at is not None
        out.append(
            shapes.RosterShiftOut(
                area=shift.area, id=shift.id, roster_id=shift.roster_id,
                place=shapes.RosterPlaceOut(shift.place_id, shift.place.name), post_zh=shift.post_zh,
                post_en=shift.post_en, name_zh=shift.name_zh, name_en=shift.name_en, begins_at=shift.begins_at,
                ends_at=shift.ends_at, people=shift.people, gap=0 if over else max(0, shift.people - held),
                is_over=over, may_manage=may and not over,
                turns=[turn_out(turn, actor, at, may) for turn in people],
            )
        )  # fmt: skip
    return out


def turn_out(turn: Turn, actor: Actor, at: datetime, may_manage: bool) -> shapes.RosterTurnOut:
    """Somebody on a shift."""
    state = TURN.state(turn.state)
    mine = turn.account_id is not None and turn.account_id == actor.account_id
    own_words = mine or may_manage
    return shapes.RosterTurnOut(
        area=turn.area, id=turn.id, person_id=turn.person_id, name=queries.name_of(turn),
        has_account=turn.account_id is not None, state=turn.state, state_zh=state.zh, state_en=state.en,
        is_late=turn.state == ASSIGNED and turn.warned_at is not None, is_mine=mine,
        signed_on_at=turn.signed_on_at, ended_at=turn.ended_at, handover=turn.handover if own_words else "",
        swap_asked_at=turn.swap_asked_at, swap_reason=turn.swap_reason if own_words else "",
        allowed_actions=[
            shapes.RosterActionOut(edge.verb, edge.zh, edge.en, list(edge.requires))
            for edge in TURN.edges_from(turn.state)
            if (mine if edge.verb in OWN else may_manage)
            and (turn.ends_at > at or edge.verb in ("sign_off", "relieve"))
        ],
    )  # fmt: skip


def mine_out(turns: Iterable[Turn], actor: Actor, at: datetime, on: date) -> list[shapes.MyShiftOut]:
    """One's own turns."""
    listed = list(turns)
    found = queries.turns_of([turn.shift for turn in listed])
    out = []
    for turn in listed:
        [shift] = shifts_out([turn.shift], actor, at, on, found)
        own = next(one for one in found[turn.shift_id] if one.id == turn.id)
        notes = queries.handovers(turn.shift, at) if turn.state in HELD else []
        out.append(
            shapes.MyShiftOut(
                turn.shift.roster.name, turn.shift.roster.is_drill, turn.shift.roster.signs_on, shift,
                turn_out(own, actor, at, shift.may_manage),
                [
                    shapes.RosterHandoverOut(queries.name_of(one), one.handover, one.ended_at)
                    for one in notes
                    if one.ended_at is not None
                ],
            )
        )  # fmt: skip
    return out


def candidate_out(person: Person, hours: float, is_rested: bool) -> shapes.RosterCandidateOut:
    """Somebody who may take a shift."""
    zh, en = _NEAR[person.near]
    return shapes.RosterCandidateOut(person.id, person.name, zh, en, round(hours, 1), is_rested)


def workbook(roster: Roster, shifts: Sequence[Shift], at: datetime, *, zh: bool) -> bytes:
    """The roster as Excel: a line for each shift, with gaps. No telephone numbers."""
    found = queries.turns_of(shifts)
    heads = (
        ("日期", "班次", "开始", "结束", "区域", "岗位", "需要", "已排", "缺口", "人员", "到岗")
        if zh
        else (
            "Day",
            "Shift",
            "From",
            "To",
            "Place",
            "Post",
            "Wanted",
            "There",
            "Missing",
            "People",
            "Signed on",
        )
    )
    rows = []
    for shift in shifts:
        people = [one for one in found.get(shift.id, []) if one.state != "taken_off"]
        begins, ends = localtime(shift.begins_at), localtime(shift.ends_at)
        rows.append(
            (
                begins.date(), shift.name_zh if zh else shift.name_en, f"{begins:%H:%M}", f"{ends:%H:%M}",
                shift.place.name, shift.post_zh if zh else shift.post_en, shift.people, len(people),
                max(0, shift.people - len(people)), "、".join(queries.name_of(one) for one in people),
                sum(one.signed_on_at is not None for one in people),
            )
        )  # fmt: skip
    kinds = (
        "datetime",
        "text",
        "text",
        "text",
        "text",
        "text",
        "number",
        "number",
        "number",
        "text",
        "number",
    )
    columns = [Column(head, kind) for head, kind in zip(heads, kinds, strict=True)]  # type: ignore[arg-type]
    return write_workbook(
        [Sheet(roster.name[:28] if zh else "Roster", columns, rows)], zone=get_current_timezone(), at=at
    )
