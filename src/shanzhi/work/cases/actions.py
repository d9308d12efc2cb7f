"""The verbs of cases. Every change of state goes through `door.perform_many`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import CASE_DISPATCH, CASE_RATE, CASE_REVEAL
from shanzhi.base.audit import actions as audit
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.work.cases import queries
from shanzhi.work.cases.door import perform_many as perform_many
from shanzhi.work.cases.errors import MissingInput
from shanzhi.work.cases.models import Bundle, Case
from shanzhi.work.cases.reports import NewReport as NewReport
from shanzhi.work.cases.reports import Receipt as Receipt
from shanzhi.work.cases.reports import create_report as create_report
from shanzhi.work.cases.steps import Given as Given
from shanzhi.work.cases.steps import Outcome, Said
from shanzhi.work.cases.steps import Step as Step

MAX_AT_ONCE = 200
_WAKE = 500


def perform(
    area: str,
    case_id: UUID,
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    version: int | None,
    given: Given,
    event_id: UUID | None = None,
) -> Case:
    """Do one verb to one case (a repeated `event_id` changes nothing).

    Raises NotFound (or out of sight), VersionConflict, UnknownEdge, Refused, MissingInput, InvalidInput, and what
    `guards.py` and `effects.py` refuse with; each leaves everything as it was.
    """
    if verb == "rate":  # residents have their own way
        actor.require(CASE_RATE)
    [done] = perform_many(area, [Step(case_id, verb, actor, at, version, given, event_id)])
    if isinstance(done, ShanzhiError):
        raise done
    return done


def rate(
    area: str, case_id: UUID, *, solved: bool, stars: int, text: str, actor: Actor, at: datetime,
    event_id: UUID | None = None,
) -> Case:  # fmt: skip
    """Rate a closed case (评价), by whoever holds its secret. Raises UnknownEdge, Refused, InvalidInput."""
    actor.require(CASE_RATE)
    if not 1 <= stars <= 5:
        raise InvalidInput(field="stars", reason_zh="请选择 1 至 5 星。", reason_en="Choose 1 to 5 stars.")
    if len(text) > 500:
        raise InvalidInput(field="text", reason_zh="不得超过 500 字。", reason_en="At most 500 characters.")
    said = Given(rating=Said(solved, stars, text))
    return perform(area, case_id, "rate", actor=actor, at=at, version=None, given=said, event_id=event_id)


def bundle(
    area: str, case_ids: Sequence[UUID], *, name: str, due_at: datetime, actor: Actor, at: datetime
) -> tuple[Bundle, list[Outcome]]:
    """Put cases under one limit (捆绑): all, or none when any is refused. Raises InvalidInput and that refusal."""
    actor.require(CASE_DISPATCH)
    if not name.strip() or len(name) > 100:
        raise InvalidInput(
            field="name",
            reason_zh="请填写不超过 100 字的名称。",
            reason_en="A name of at most 100 characters.",
        )
    if due_at <= at:
        raise InvalidInput(field="due_at", reason_zh="时限应在今后。", reason_en="It has to lie ahead.")
    if not 2 <= len(set(case_ids)) <= MAX_AT_ONCE:
        raise InvalidInput(
            field="cases", reason_zh=f"请选择 2 至 {MAX_AT_ONCE} 个案件。",
            reason_en=f"Choose 2 to {MAX_AT_ONCE} cases.",
        )  # fmt: skip
    with transaction.atomic():
        made = Bundle.objects.create(
            area=area, name=name.strip(), due_at=due_at, created_at=at, created_name=actor.name
        )
        given = Given(bundle_id=made.id)
        done = perform_many(
            area, [Step(case_id, "bundle", actor, at, given=given) for case_id in dict.fromkeys(case_ids)]
        )
        for outcome in done:
            if isinstance(outcome, ShanzhiError):
                raise outcome
    return made, done


def wake_suspended(now: datetime) -> int:
    """Resume cases whose suspension has ended (缓办到期恢复); how many. Safe beside other workers."""
    woken = 0
    for area, case_ids in queries.suspended_until(now, _WAKE).items():
        done = perform_many(area, [Step(case_id, "wake", SYSTEM, now) for case_id in case_ids])
        woken += sum(isinstance(one, Case) for one in done)
    return woken


def reveal_phone(area: str, case_id: UUID, *, reason: str, actor: Actor, at: datetime) -> str:
    """The reporter's number in full; who asked and why is recorded first. Raises Refused, NotFound."""
    actor.require(CASE_REVEAL)
    if not reason.strip():
        raise MissingInput(field="reason", label_zh="查看理由", label_en="the reason")
    case = queries.case_for(actor, area, case_id, at)
    if not queries.in_reach(actor, CASE_REVEAL, case, at):
        raise NotFound
    audit.record_reveal(
        actor=actor, area=area, subject=str(case.id), detail={"field": "phone", "reason": reason[:200]}, at=at
    )
    phone: str = case.phone or ""
    return phone
