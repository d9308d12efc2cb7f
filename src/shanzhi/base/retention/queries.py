"""Reading runs, holds and what is held."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import AUDIT_VIEW, RESPONSE_APPROVE, RETENTION_SIGN, RETENTION_VIEW
from shanzhi.base.retention import holdings, packs, subjects
from shanzhi.base.retention.flow import COUNTED, DESTRUCTION, HALF_SIGNED
from shanzhi.base.retention.holdings import Holding, Scope
from shanzhi.base.retention.models import DestructionRun, LegalHold
from shanzhi.core.flow import Edge

SOME_DAY = timedelta(days=36_500)  # whatever the lifetime: everything that can go
AUDIT, COMMAND = "audit", "command"
ROLES = {AUDIT: ("审计管理员", "an audit administrator"), COMMAND: ("指挥", "a commander")}


def visible_to(actor: Actor, at: datetime) -> "QuerySet[DestructionRun]":
    """Everyday runs, which are the whole city's, and those of responses in the actor's sight."""
    return DestructionRun.objects.filter(_in_sight(actor, at))


def holds_visible_to(actor: Actor, at: datetime) -> "QuerySet[LegalHold]":
    """Holds on holdings, and those on responses in the actor's sight."""
    return LegalHold.objects.filter(_in_sight(actor, at))


def _in_sight(actor: Actor, at: datetime) -> Q:
    if not actor.can(RETENTION_VIEW):
        return Q(pk__in=[])
    seen = subjects.sight(actor, localdate(at))
    return Q() if seen is None else Q(activation_id=None) | Q(activation_id__in=seen)


def in_force(at: datetime) -> "QuerySet[LegalHold]":
    """Holds that stand now."""
    lasts = Q(until_on=None) | Q(until_on__gte=localdate(at))
    return LegalHold.objects.filter(lasts, lifted_at=None)


def hold_on(holding: Holding, activation_id: UUID | None, at: datetime) -> LegalHold | None:
    """The hold that stops this holding: of a response, or, without one, of what is too old.

    Rows of one response are not told apart from others by their age: a hold on a response stops, until it is
    lifted, also the everyday deletion of every holding that belongs to responses.
    """
    found = in_force(at).filter(Q(holding="") | Q(holding=holding.code))
    if activation_id is not None:
        found = found.filter(Q(activation_id=None) | Q(activation_id=activation_id))
    elif not holding.of_activation:
        found = found.filter(Q(activation_id=None) | Q(holding=holding.code))
    return found.order_by("placed_at").first()


@dataclass(frozen=True)
class Held:
    """One holding as it stands: its lifetime, how much will go one day, how much of it is too old now."""

    holding: Holding
    days: int | None
    rows: int
    overdue: int
    hold: LegalHold | None


def held(at: datetime) -> list[Held]:
    """Everything that is registered (留存清单), with counts."""
    found = []
    for holding in holdings.known().values():
        days = packs.days_of(holding)
        overdue = holding.count(Scope(before=at - timedelta(days=days))) if days is not None else 0
        rows = holding.count(Scope(before=at + SOME_DAY))
        found.append(Held(holding, days, rows, overdue, hold_on(holding, None, at)))
    return found


def roles_of(actor: Actor) -> list[str]:
    """In which role an actor may sign: a post must hold both the right to sign and that of its side."""
    found = []
    for role, capability in ((AUDIT, AUDIT_VIEW), (COMMAND, RESPONSE_APPROVE)):
        if any({RETENTION_SIGN, capability} <= post.capabilities for post in actor.posts):
            found.append(role)
    return found


def allowed(run: DestructionRun, actor: Actor) -> list[Edge]:
    """The verbs that this actor may do to a run now."""
    if not actor.can(RETENTION_SIGN):
        return []
    edges = [edge for edge in DESTRUCTION.edges_from(run.state) if edge.verb != "finish"]
    roles = set(roles_of(actor))
    if run.state == HALF_SIGNED and (actor.account_id == run.first_signer_id or not roles - {run.first_role}):
        edges = [edge for edge in edges if edge.verb != "sign"]
    if run.state == COUNTED and not roles:
        edges = [edge for edge in edges if edge.verb != "sign"]
    return edges
