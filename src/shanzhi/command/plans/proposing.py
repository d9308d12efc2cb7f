"""From a plan to a response (提请启动): the version in force is frozen into a proposal, which `modes` takes over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes import actions as modes
from shanzhi.city.modes.contents import LevelContent
from shanzhi.city.modes.models import Activation
from shanzhi.command.plans import notices, queries
from shanzhi.command.plans.document import PlanDoc
from shanzhi.command.plans.errors import NotInForce


@dataclass(frozen=True)
class Wanted:
    """What is typed when a response is proposed; left empty, the plan's own words hold."""

    level: int
    place_ids: Sequence[UUID]
    document: str
    last_on: date
    basis: str = ""
    title: str = ""
    exit_zh: str = ""
    exit_en: str = ""
    exit_phone: str = ""
    why_so_large: str = ""
    reason: str = ""
    is_drill: bool = False


def frozen_levels(doc: PlanDoc) -> tuple[LevelContent, ...]:
    """The levels in force with the words of their notices: what is approved cannot change with the plan."""
    return tuple(
        msgspec.structs.replace(
            one, parts={**one.parts, "notices": notices.frozen(doc, one.parts.get("notices", []))}
        )
        for one in doc.in_force
    )


def proposal(code: str, wanted: Wanted, *, actor: Actor, at: datetime) -> modes.Proposal:
    """What `modes` is asked for. Raises NotFound for a plan out of sight, NotInForce."""
    plan = queries.plan(actor, code, localdate(at))
    version = queries.in_force(plan)
    if version is None:
        raise NotInForce(field="code", name=plan.zh)
    doc = queries.document_of(version)
    levels = frozen_levels(doc)
    # Without the level: raising and lowering must not leave it wrong.
    usual = f"{doc.zh.removesuffix('预案')}响应"
    title = wanted.title.strip() or usual
    title_en = f"{doc.en.removesuffix(' plan')} response" if title == usual else ""
    return modes.Proposal(
        plan=plan.code, plan_version=version.number, hazard=doc.hazard, title=title[:80],
        title_en=title_en[:80], level=wanted.level,
        levels=levels, place_ids=tuple(wanted.place_ids), basis=wanted.basis or doc.basis.zh,
        document=wanted.document, last_on=wanted.last_on, exit_zh=wanted.exit_zh or doc.exit.zh,
        exit_en=wanted.exit_en or doc.exit.en, exit_phone=wanted.exit_phone or doc.exit.phone,
        why_so_large=wanted.why_so_large, is_drill=wanted.is_drill, reason=wanted.reason,
    )  # fmt: skip


def propose(code: str, wanted: Wanted, *, actor: Actor, at: datetime) -> Activation:
    """Propose a response by a plan. Raises as `proposal` and `modes.actions.propose` do."""
    return modes.propose(proposal(code, wanted, actor=actor, at=at), actor=actor, at=at)


def drafted(code: str, wanted: Wanted, *, actor: Actor, at: datetime) -> Activation:
    """The response as it would be proposed, unwritten, for the preview. Raises as `propose` does."""
    return modes.drafted(proposal(code, wanted, actor=actor, at=at), actor=actor, at=at)
