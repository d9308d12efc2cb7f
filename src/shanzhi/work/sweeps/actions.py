"""The verbs of sweeps: the only writers of a sweep. Visits come through `visits`, their states through `folding`."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import LABELS, SWEEP_MANAGE, SWEEP_VISIT
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.work.forms import actions as forms
from shanzhi.work.sweeps import packs, queries, sharing, snapshot, turns
from shanzhi.work.sweeps.drafting import Draft, area_of, checked, home_of
from shanzhi.work.sweeps.errors import (
    AlreadyCorrected,
    DoorsChanged,
    NoDoors,
    NoRestart,
    NothingRemains,
    NotUnderWay,
    SecondPerson,
    SweepOver,
)
from shanzhi.work.sweeps.flow import DRAFT, DROPPED, ISSUED, SWEEP
from shanzhi.work.sweeps.models import Away, Piece, Sweep, SweepEvent, Turn

TOPIC = "sweeps"
_NUMBERS = 0x73776E6F  # the lock under which sweeps are numbered: "swno"


def _number(at: datetime) -> str:
    """The next number of the day: QM and the day, then 001 …"""
    day = localdate(at).strftime("%Y%m%d")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        cursor.execute("SELECT count(*) FROM sweeps_sweep WHERE number LIKE %s", [f"QM{day}-%"])
        row = cursor.fetchone()
    return f"QM{day}-{(row[0] if row else 0) + 1:03d}"


def _event(sweep: Sweep, verb: str, source: str, actor: Actor, at: datetime, reason: str = "") -> None:
    SweepEvent.objects.create(
        sweep=sweep, verb=verb, from_state=source, to_state=sweep.state, actor_id=actor.account_id,
        actor_name=actor.name[:60], reason=reason, at=at,
    )  # fmt: skip


def _require_places(actor: Actor, place_ids: list[UUID], at: datetime) -> UUID:
    actor.require(SWEEP_MANAGE)
    return home_of(actor, SWEEP_MANAGE, place_ids, localdate(at))


def preview(draft: Draft, *, actor: Actor, at: datetime) -> tuple[snapshot.Doors, int]:
    """How many doors it means and how many people are there, without writing anything (预览). Raises as `create`."""
    columns = checked(draft, at)
    _require_places(actor, columns["place_ids"], at)
    found = snapshot.count(area_of(columns), localdate(at))
    return found, queries.visitors(columns["place_ids"], at)


def create(draft: Draft, *, actor: Actor, at: datetime, supersedes: UUID | None = None) -> Sweep:
    """Draft a sweep (拟制), perhaps one that corrects another (更正).

    Raises InvalidInput, NotFound, OutsideYourPlaces, Refused, AlreadyCorrected.
    """
    columns = checked(draft, at)
    place_id = _require_places(actor, columns["place_ids"], at)
    with transaction.atomic():
        if supersedes is not None:
            old = _locked(supersedes, actor, at)
            SWEEP.edge(old.state, "supersede")
            open_one = Sweep.objects.filter(supersedes=old).exclude(state=DROPPED).first()
            if open_one is not None:
                raise AlreadyCorrected(number=open_one.number)
            Sweep.objects.filter(supersedes=old).update(supersedes=None)
            columns |= {"is_drill": old.is_drill, "activation_id": old.activation_id}
        sweep = Sweep.objects.create(
            **columns, number=_number(at), place_id=place_id, supersedes_id=supersedes,
            drafted_by_id=_account(actor), drafted_by=actor.name[:60], drafted_at=at,
        )  # fmt: skip
        _event(sweep, "draft", "", actor, at)
    return sweep


def _account(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Refused(what_zh=LABELS[SWEEP_MANAGE][0], what_en=LABELS[SWEEP_MANAGE][1])
    return actor.account_id


def edit(sweep_id: UUID, draft: Draft, *, actor: Actor, at: datetime) -> Sweep:
    """Change a draft (修改草稿). Raises as `create` does, and UnknownEdge for what is no draft any more."""
    columns = checked(draft, at)
    place_id = _require_places(actor, columns["place_ids"], at)
    with transaction.atomic():
        sweep = _locked(sweep_id, actor, at)
        SWEEP.edge(sweep.state, "propose")
        if sweep.supersedes_id is not None:
            columns |= {"is_drill": sweep.is_drill, "activation_id": sweep.activation_id}
        for name, value in columns.items():
            setattr(sweep, name, value)
        sweep.place_id = place_id
        sweep.save(update_fields=[*columns, "place_id"])
        _event(sweep, "edit", sweep.state, actor, at)
    return sweep


def _locked(sweep_id: UUID, actor: Actor, at: datetime) -> Sweep:
    if not queries.visible_to(actor, localdate(at)).filter(id=sweep_id).exists():
        raise NotFound(field="id")
    return Sweep.objects.select_for_update().get(id=sweep_id)


def perform(
    sweep_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = "", seen: int | None = None
) -> Sweep:
    """Do a verb to a sweep: propose, send_back, issue, recall, end, drop.

    `seen` is the number of doors that the preview showed; when others are meant by now, DoorsChanged. Raises
    UnknownEdge, Refused, NotFound, SecondPerson, NoDoors, SweepOver, InvalidInput naming `reason`.
    """
    with transaction.atomic():
        sweep = _locked(sweep_id, actor, at)
        edge = SWEEP.edge(sweep.state, verb)
        _require_places(actor, sweep.place_ids, at)
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        if verb == "supersede":
            raise InvalidInput(
                field="verb", reason_zh="请拟制一次更正的行动。", reason_en="Draft a sweep that corrects it."
            )
        if verb == "issue":
            if actor.account_id is None or actor.account_id == sweep.drafted_by_id:
                raise SecondPerson
            _issue(sweep, actor, at, seen)
        source = _move(sweep, edge, at)
        _event(sweep, verb, source, actor, at, said)
        if verb == "issue":
            _begin(sweep, at)
        elif edge.source == ISSUED:
            _tell(sweep, sweep.state, at)
    return sweep


def _move(sweep: Sweep, edge: Edge, at: datetime) -> str:
    source, sweep.state = sweep.state, edge.target
    if edge.source == ISSUED:
        sweep.ended_at = at
    sweep.save(update_fields=["state", "ended_at"])
    return source


def _issue(sweep: Sweep, actor: Actor, at: datetime, seen: int | None) -> None:
    """Freeze the doors, all in the caller's transaction."""
    if sweep.until_at <= at:
        raise SweepOver(field="until_at")
    sweep.form_version = forms.keep(sweep.form, at).version
    area = area_of({name: getattr(sweep, name) for name in ("place_ids", "outline", "targets", "reasons")})
    sweep.doors = snapshot.freeze(sweep.id, area, localdate(at))
    if not sweep.doors:
        raise NoDoors(field="place_ids")
    if seen is not None and seen != sweep.doors:
        raise DoorsChanged(seen=seen, now=sweep.doors)
    sweep.issued_at, sweep.issued_by = at, actor.name[:60]
    sweep.save(update_fields=["doors", "form_version", "issued_at", "issued_by"])
    if sweep.supersedes_id is not None:
        old = Sweep.objects.select_for_update().get(id=sweep.supersedes_id)
        source = _move(old, SWEEP.edge(old.state, "supersede"), at)
        _event(old, "supersede", source, actor, at, sweep.number)
        _tell(old, old.state, at)
    audit.record(
        actor=actor, event="sweep.issued", area=_area(sweep), subject=str(sweep.id),
        detail={"number": sweep.number, "doors": sweep.doors, "drill": sweep.is_drill}, at=at,
    )  # fmt: skip


def _begin(sweep: Sweep, at: datetime) -> None:
    """Open its first turn, if its slot is open now, and tell the phones. Lists follow by the loop."""
    turns.open_turn(sweep, at)
    _tell(sweep, "issued", at)


def _area(sweep: Sweep) -> str:
    place = Place.objects.only("area", "code").get(id=sweep.place_id)
    return place.area or place.code[:6]


def _tell(sweep: Sweep, event: str, at: datetime) -> None:
    payload = {"number": sweep.number, "title": sweep.title, "drill": sweep.is_drill}
    outbox.publish([outbox.News(_area(sweep), TOPIC, sweep.id, event, payload, at)])


def _under_way(sweep_id: UUID, actor: Actor, at: datetime) -> Sweep:
    sweep = _locked(sweep_id, actor, at)
    _require_places(actor, sweep.place_ids, at)
    if sweep.state != ISSUED:
        raise NotUnderWay
    return sweep


def revisit(sweep_id: UUID, *, actor: Actor, at: datetime) -> Turn:
    """A round of what remains (复访): the open doors of the turn are divided anew among who is there now.

    Raises NotFound, Refused, NotUnderWay, NothingRemains.
    """
    with transaction.atomic():
        sweep = _under_way(sweep_id, actor, at)
        turn = turns.current([sweep.id], at).get(sweep.id)
        if turn is None or turn.doors <= queries.settled_of(turn):
            raise NothingRemains
        turn.revisits += 1
        turn.save(update_fields=["revisits"])
        _event(sweep, "revisit", sweep.state, actor, at, f"{turn.zh}：第 {turn.revisits} 次复访"[:200])
        sharing.share(sweep, turn, at, anew=True)
        _tell(sweep, "revisit", at)
    return turn


def restart(sweep_id: UUID, area: str, compound_id: UUID, reason: str, *, actor: Actor, at: datetime) -> int:
    """Count the days of a compound anew from today (重新计天); how many doors.

    Raises NotFound, Refused, NotUnderWay, NoRestart, InvalidInput naming `reason`.
    """
    said = text_of(reason, "reason", "理由", "The reason", 200)
    with transaction.atomic():
        sweep = _under_way(sweep_id, actor, at)
        if not packs.cadence(sweep.cadence).restart_on:
            raise NoRestart
        doors = restart_for(sweep, area, compound_id, at, said, actor)
        if not doors:
            raise NotFound(field="compound_id")
    return doors


def restart_for(
    sweep: Sweep, area: str, compound_id: UUID, at: datetime, reason: str, actor: Actor = SYSTEM
) -> int:
    """Day 1 of a compound's pieces is today (重新计天), in the caller's transaction; how many doors."""
    pieces = Piece.objects.filter(sweep=sweep, area=area, compound_id=compound_id)
    doors = sum(pieces.values_list("doors", flat=True))
    if doors and sweep.state == ISSUED:
        pieces.update(anchor_on=localdate(at))
        _event(sweep, "restart", sweep.state, actor, at, reason)
        turns.open_turn(sweep, at)
    return doors


def new_case_in(area: str, compound_id: UUID, reason: str, at: datetime) -> int:
    """A new case in a compound (新发病例): sweeps whose cadence says so count its days anew; how many sweeps."""
    found = 0
    with transaction.atomic():
        for sweep in Sweep.objects.select_for_update().filter(state=ISSUED).order_by("id"):
            if "case" in packs.cadence(sweep.cadence).restart_on:
                found += bool(restart_for(sweep, area, compound_id, at, reason))
    return found


def set_away(account_id: UUID, away: bool, *, actor: Actor, at: datetime) -> None:
    """Somebody falls out, or is back (暂不能走访): themselves, or whoever runs sweeps over their place.

    Their doors go to the others within a few seconds. Raises NotFound, Refused.
    """
    if account_id != actor.account_id and not queries.runs_sweeps_over(actor, account_id, at):
        raise NotFound(field="account_id")
    if account_id == actor.account_id:
        actor.require(SWEEP_VISIT)
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(id=account_id, is_active=True).first()
        if account is None:
            raise NotFound(field="account_id")
        there = Away.objects.filter(account=account, to_at=None).first()
        if away and there is None:
            Away.objects.create(account=account, from_at=at, noted_by_id=_account(actor))
        elif not away and there is not None:
            there.to_at = at
            there.save(update_fields=["to_at"])


def from_template(
    code: str,
    place_ids: list[UUID],
    *,
    drafted_by: UUID,
    actor: Actor,
    at: datetime,
    changes: dict[str, Any] | None = None,
    activation_id: UUID | None = None,
    is_drill: bool = False,
) -> Sweep:
    """Issue a sweep as its template has it, drafted by one person and issued by another (按模板下达).

    A plan's activation is proposed by one and approved by another, who saw the preview: its sweeps are issued with
    it. `changes` replace form, cadence, targets or hours. Raises InvalidInput, SecondPerson, NoDoors.
    """
    drafter = Account.objects.get(id=drafted_by)
    columns = checked(
        draft_of(code, place_ids, at, changes, activation_id=activation_id, is_drill=is_drill), at
    )
    if drafter.id == actor.account_id:
        raise SecondPerson
    with transaction.atomic():
        sweep = Sweep.objects.create(
            **columns, number=_number(at), place_id=columns["place_ids"][0], drafted_by_id=drafter.id,
            drafted_by=drafter.display_name[:60], drafted_at=at,
        )  # fmt: skip
        by = Actor(drafter.id, drafter.display_name, "desk")
        _event(sweep, "draft", "", by, at)
        sweep.state = SWEEP.edge(DRAFT, "propose").target
        _event(sweep, "propose", DRAFT, by, at)
        _issue(sweep, actor, at, None)
        source = _move(sweep, SWEEP.edge(sweep.state, "issue"), at)
        _event(sweep, "issue", source, actor, at)
        _begin(sweep, at)
    return sweep


def draft_of(
    code: str, place_ids: list[UUID], at: datetime, changes: dict[str, Any] | None = None, **more: Any
) -> Draft:
    """A draft as a template has it, with what replaces parts of it."""
    template, given = packs.template(code), changes or {}
    return Draft(
        title=template.title_zh, place_ids=place_ids, targets=given.get("targets") or template.targets,
        form=given.get("form") or template.form, cadence=given.get("cadence") or template.cadence,
        until_at=at + timedelta(hours=given.get("hours") or template.hours),
        per_head=given.get("per_head") or template.per_head, body=template.body, reasons=template.reasons,
        template=code, **more,
    )  # fmt: skip


def end_for(
    activation_id: UUID, *, actor: Actor, at: datetime, reason: str, but: Collection[str] | None = None
) -> list[Sweep]:
    """End what an activation made live (收尾), but for some templates, in the caller's transaction; which sweeps.

    What was made by hand for it belongs to no level: it ends with the whole only.
    """
    rows = Sweep.objects.select_for_update().filter(activation_id=activation_id, state=ISSUED)
    if but is not None:
        rows = rows.exclude(template__in=[*but, ""])
    found = list(rows.order_by("id"))
    for sweep in found:
        source = _move(sweep, SWEEP.edge(sweep.state, "end"), at)
        _event(sweep, "end", source, actor, at, reason)
        _tell(sweep, sweep.state, at)
    return found


def end_due(at: datetime) -> int:
    """End sweeps whose time is over (到期结束); how many."""
    ended = 0
    with transaction.atomic():
        over = Sweep.objects.select_for_update(skip_locked=True).filter(state=ISSUED, until_at__lte=at)
        for sweep in over.order_by("id"):
            source = _move(sweep, SWEEP.edge(sweep.state, "end"), at)
            _event(sweep, "end", source, SYSTEM, at, "到期")
            _tell(sweep, sweep.state, at)
            ended += 1
    return ended
