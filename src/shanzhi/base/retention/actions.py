"""The verbs of retention: the only writers of runs and holds. What a run destroys, `running` does."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import RETENTION_SIGN
from shanzhi.base.audit import actions as audit
from shanzhi.base.retention import holdings, packs, queries, subjects
from shanzhi.base.retention.errors import (
    AlreadyPlanned,
    CountsChanged,
    HoldOver,
    HoldSecondPerson,
    NothingHeld,
    SecondSigner,
    SignerRole,
)
from shanzhi.base.retention.flow import COUNTED, DESTRUCTION, DROPPED, HALF_SIGNED, SIGNED
from shanzhi.base.retention.holdings import Scope
from shanzhi.base.retention.models import (
    DestructionLine,
    DestructionRun,
    LegalHold,
    RetentionEvent,
    RunScope,
)
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of

_NUMBERS = 0x64657374  # the lock under which runs are numbered: "dest"
HOLDS = 0x686F6C64  # placing a hold waits for the line being destroyed, and no line begins meanwhile: "hold"
LONGEST_WAIT = timedelta(days=400)


def _number(at: datetime) -> str:
    """The next number of the year: 销 and the year, then 0001 …"""
    year = localdate(at).year
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        cursor.execute("SELECT count(*) FROM retention_destructionrun WHERE number LIKE %s", [f"XH{year}-%"])
        row = cursor.fetchone()
    return f"XH{year}-{(row[0] if row else 0) + 1:04d}"


def note(
    verb: str,
    actor: Actor,
    at: datetime,
    *,
    run: DestructionRun | None = None,
    source: str = "",
    hold: LegalHold | None = None,
    reason: str = "",
    role: str = "",
) -> RetentionEvent:
    """Append what was done to a run or a hold."""
    return RetentionEvent.objects.create(
        run=run, hold=hold, verb=verb, from_state=source, to_state=run.state if run else "",
        actor_id=actor.account_id, actor_name=actor.name[:60], role=role, reason=reason, at=at,
    )  # fmt: skip


def plan(activation_id: UUID, due_on: date, basis: str, *, actor: Actor, at: datetime) -> DestructionRun:
    """Plan the destruction of what one response collected (计划销毁). Raises NotFound, Refused, InvalidInput,
    AlreadyPlanned, NothingHeld."""
    actor.require(RETENTION_SIGN)
    said = text_of(basis, "basis", "依据", "The basis", 300)
    seen = subjects.sight(actor, localdate(at))
    subject = subjects.find(activation_id)
    if seen is not None and activation_id not in seen:
        raise NotFound(field="activation_id")
    if subject.ended_at is None:
        raise InvalidInput(
            field="activation_id", reason_zh="响应尚未终止，终止后才能计划销毁。",
            reason_en="The response is still live: end it first.",
        )  # fmt: skip
    if not localdate(at) <= due_on <= localdate(at) + LONGEST_WAIT:
        raise InvalidInput(
            field="due_on",
            reason_zh="销毁日期应在今天起 400 天之内。",
            reason_en="Within 400 days from today.",
        )
    wanted = [one for one in holdings.known().values() if one.of_activation]
    if not wanted:
        raise NothingHeld
    with transaction.atomic():
        number = _number(at)  # whoever comes second waits here
        there = DestructionRun.objects.filter(activation_id=activation_id).exclude(state=DROPPED).first()
        if there is not None:
            raise AlreadyPlanned(number=there.number)
        run = DestructionRun.objects.create(
            number=number, scope=RunScope.ACTIVATION, activation_id=activation_id, subject=subject.number,
            title=subject.title, basis=said, due_on=due_on, planned_by_id=actor.account_id,
            planned_by=actor.name[:60], planned_at=at,
        )  # fmt: skip
        _lines(run, [(one, None) for one in wanted])
        note("plan", actor, at, run=run, reason=said)
    return run


def _lines(run: DestructionRun, wanted: list[tuple[holdings.Holding, datetime | None]]) -> None:
    DestructionLine.objects.bulk_create(
        DestructionLine(
            run=run, position=position, holding=one.code, zh=one.zh, en=one.en, data_class=one.data_class,
            days=packs.days_of(one), before=before,
        )
        for position, (one, before) in enumerate(wanted, start=1)
    )  # fmt: skip


def scope_of(run: DestructionRun, line: DestructionLine) -> Scope:
    """What a line is to destroy."""
    return Scope(before=line.before) if run.activation_id is None else Scope(activation_id=run.activation_id)


def _locked(run_id: UUID, actor: Actor, at: datetime) -> DestructionRun:
    if not queries.visible_to(actor, at).filter(id=run_id).exists():
        raise NotFound(field="id")
    return DestructionRun.objects.select_for_update().get(id=run_id)


def perform(run_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = "") -> DestructionRun:
    """Do a verb to a run: count, sign, drop. Raises UnknownEdge, Refused, NotFound, InvalidInput naming `reason`,
    SecondSigner, SignerRole, CountsChanged."""
    with transaction.atomic():
        run = _locked(run_id, actor, at)
        edge = DESTRUCTION.edge(run.state, verb)
        actor.require(edge.capability)
        if verb == "finish":
            raise Refused(what_zh=edge.zh, what_en=edge.en)  # the program does, when nothing is left
        said = text_of(reason, "reason", "理由", "The reason", 300, needed="reason" in edge.requires)
        source, role = run.state, ""
        if verb == "count":
            _count(run, at)
        elif verb == "sign":
            role = _sign(run, actor, at)
        run.state = edge.target
        run.save()
        note(verb, actor, at, run=run, source=source, reason=said, role=role)
        if run.state == SIGNED:
            _begin(run)
    return run


def _count(run: DestructionRun, at: datetime) -> None:
    known = holdings.known()
    for line in run.lines.all():
        holding = known.get(line.holding)
        line.counted = holding.count(scope_of(run, line)) if holding else 0
        line.save(update_fields=["counted"])
    run.counted_at = at
    run.first_signer_id, run.first_signer, run.first_role, run.first_signed_at = None, "", "", None


def _sign(run: DestructionRun, actor: Actor, at: datetime) -> str:
    if actor.account_id is None:
        raise SecondSigner
    roles = queries.roles_of(actor)
    if run.state == HALF_SIGNED:
        if actor.account_id == run.first_signer_id:
            raise SecondSigner
        roles = [role for role in roles if role != run.first_role]
    if not roles:
        missing = next(role for role in queries.ROLES if run.state == COUNTED or role != run.first_role)
        zh, en = queries.ROLES[missing]
        raise SignerRole(missing_zh=zh, missing_en=en)
    _still(run)
    if run.state == COUNTED:
        run.first_signer_id, run.first_signer = actor.account_id, actor.name[:60]
        run.first_role, run.first_signed_at = roles[0], at
    else:
        run.second_signer_id, run.second_signer = actor.account_id, actor.name[:60]
        run.second_role, run.second_signed_at = roles[0], at
    return roles[0]


def _still(run: DestructionRun) -> None:
    """People sign for the numbers that they see."""
    known = holdings.known()
    for line in run.lines.all():
        now = known[line.holding].count(scope_of(run, line)) if line.holding in known else 0
        if now != line.counted:
            raise CountsChanged(name_zh=line.zh, name_en=line.en, counted=line.counted, now=now)


def _begin(run: DestructionRun) -> None:
    """The job stands in the same transaction as the signature."""
    from shanzhi.base.retention.jobs import destroy

    destroy.defer(run_id=str(run.id))


def plan_night(at: datetime) -> DestructionRun | None:
    """An everyday run of what is older than it may be (到期删除), signed by the standing rule; None: nothing is."""
    wanted: list[tuple[holdings.Holding, datetime | None]] = []
    for one in holdings.known().values():
        days = packs.days_of(one)
        if days is None or queries.hold_on(one, None, at) is not None:
            continue
        before = at - timedelta(days=days)
        if one.count(Scope(before=before)):
            wanted.append((one, before))
    if not wanted:
        return None
    rule = packs.rule()
    with transaction.atomic():
        run = DestructionRun.objects.create(
            number=_number(at), scope=RunScope.AGE, title="到期信息自动删除 Deleted when its time is over",
            basis=f"{rule.zh} {rule.en}"[:300], due_on=localdate(at), rule=rule.code, planned_by=SYSTEM.name,
            planned_at=at,
        )  # fmt: skip
        _lines(run, wanted)
        note("plan", SYSTEM, at, run=run, reason=rule.zh[:300])
        _count(run, at)
        run.state = SIGNED
        run.save()
        note("sign", SYSTEM, at, run=run, source=COUNTED, role="rule", reason=rule.code)
    return run


def place_hold(
    *,
    activation_id: UUID | None,
    holding: str,
    reason: str,
    document: str,
    until_on: date | None,
    actor: Actor,
    at: datetime,
) -> LegalHold:
    """Stop the destruction of a response's data, of a holding, or of a holding of a response (封存).

    Raises Refused, NotFound, InvalidInput. Waits for the line that is being destroyed; none begins after it.
    """
    actor.require(RETENTION_SIGN)
    if actor.account_id is None:
        raise HoldSecondPerson
    if activation_id is None and not holding:
        raise InvalidInput(
            field="holding",
            reason_zh="请选择要封存的响应或信息项。",
            reason_en="Choose a response or a holding.",
        )
    if holding and holding not in holdings.known():
        raise NotFound(field="holding")
    subject = ""
    if activation_id is not None:
        seen = subjects.sight(actor, localdate(at))
        if seen is not None and activation_id not in seen:
            raise NotFound(field="activation_id")
        subject = subjects.find(activation_id).number
    if until_on is not None and until_on < localdate(at):
        raise InvalidInput(field="until_on", reason_zh="截止日期已过。", reason_en="That day is over.")
    said = text_of(reason, "reason", "理由", "The reason", 300)
    paper = text_of(document, "document", "文书号", "The document", 80)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HOLDS])
        hold = LegalHold.objects.create(
            activation_id=activation_id, subject=subject, holding=holding, reason=said, document=paper,
            until_on=until_on, placed_by_id=actor.account_id, placed_by=actor.name[:60], placed_at=at,
        )  # fmt: skip
        note("hold", actor, at, hold=hold, reason=said)
        audit.record(
            actor=actor, event="retention.hold", subject=str(hold.id),
            detail={"document": paper, "holding": holding, "response": subject}, at=at,
        )  # fmt: skip
    return hold


def lift_hold(hold_id: UUID, reason: str, *, actor: Actor, at: datetime) -> LegalHold:
    """Lift a hold (解除封存): another person than who placed it; runs that it stopped go on.

    Raises Refused, NotFound, HoldOver, HoldSecondPerson, InvalidInput.
    """
    from shanzhi.base.retention.jobs import destroy

    actor.require(RETENTION_SIGN)
    said = text_of(reason, "reason", "理由", "The reason", 300)
    with transaction.atomic():
        if not queries.holds_visible_to(actor, at).filter(id=hold_id).exists():
            raise NotFound(field="id")
        hold = LegalHold.objects.select_for_update().get(id=hold_id)
        if not queries.in_force(at).filter(id=hold_id).exists():
            raise HoldOver
        if actor.account_id is None or actor.account_id == hold.placed_by_id:
            raise HoldSecondPerson
        hold.lifted_by_id, hold.lifted_by = actor.account_id, actor.name[:60]
        hold.lifted_at, hold.lift_reason = at, said
        hold.save()
        note("lift", actor, at, hold=hold, reason=said)
        audit.record(actor=actor, event="retention.hold-lifted", subject=str(hold.id), at=at)
        for run in DestructionRun.objects.filter(state=SIGNED):
            destroy.defer(run_id=str(run.id))
    return hold
