"""Runs and holds as the endpoints show them."""

from datetime import datetime

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import RETENTION_SIGN
from shanzhi.base.retention import certificate, holdings, packs, queries
from shanzhi.base.retention.flow import DESTRUCTION, DONE
from shanzhi.base.retention.models import DestructionRun, LegalHold, LineState
from shanzhi.base.retention.shapes import (
    CertificateCheckOut,
    DestructionEventOut,
    DestructionLineOut,
    DestructionOut,
    DestructionRowOut,
    DestructionSignatureOut,
    DestructionVerbOut,
    HoldingOut,
    LegalHoldOut,
    RetentionOut,
)

MOST_RUNS = 200


def overview(actor: Actor, at: datetime) -> RetentionOut:
    """The page of retention."""
    rule = packs.rule()
    runs = queries.visible_to(actor, at).prefetch_related("lines")[:MOST_RUNS]
    return RetentionOut(
        [
            HoldingOut(
                one.holding.code, one.holding.zh, one.holding.en, one.holding.purpose_zh, one.holding.purpose_en,
                one.holding.data_class, one.days, one.holding.of_activation, one.rows, one.overdue,
                one.hold.document if one.hold else "",
            )
            for one in queries.held(at)
        ],
        [hold_out(one, actor, at) for one in queries.holds_visible_to(actor, at)],
        [row_out(one) for one in runs],
        rule.zh, rule.en, actor.can(RETENTION_SIGN),
    )  # fmt: skip


def hold_out(hold: LegalHold, actor: Actor, at: datetime) -> LegalHoldOut:
    """A hold."""
    known = holdings.known().get(hold.holding)
    stands = queries.in_force(at).filter(id=hold.id).exists()
    return LegalHoldOut(
        hold.id, hold.activation_id, hold.subject, hold.holding, known.zh if known else hold.holding,
        known.en if known else hold.holding, hold.reason, hold.document, hold.until_on, hold.placed_by,
        hold.placed_at, hold.lifted_by, hold.lifted_at, hold.lift_reason, stands,
        stands and actor.can(RETENTION_SIGN) and actor.account_id != hold.placed_by_id,
    )  # fmt: skip


def _row(run: DestructionRun) -> dict[str, object]:
    state = DESTRUCTION.state(run.state)
    lines = list(run.lines.all())
    return {
        "id": run.id, "number": run.number, "scope": run.scope, "activation_id": run.activation_id,
        "subject": run.subject, "title": run.title, "state": run.state, "state_zh": state.zh,
        "state_en": state.en, "due_on": run.due_on, "planned_by": run.planned_by, "planned_at": run.planned_at,
        "done_at": run.done_at, "lines": len(lines),
        "lines_done": sum(line.state == LineState.DONE for line in lines),
        "destroyed": sum(line.destroyed or 0 for line in lines),
    }  # fmt: skip


def row_out(run: DestructionRun) -> DestructionRowOut:
    """A run in a list."""
    return DestructionRowOut(**_row(run))  # type: ignore[arg-type]


def _role(role: str) -> tuple[str, str]:
    return queries.ROLES.get(role, (role, role))


def run_out(run: DestructionRun, actor: Actor, at: datetime) -> DestructionOut:
    """A run with everything; when it is done, checked against sealed history."""
    signatures = [
        DestructionSignatureOut(name, role, *_role(role), signed)
        for name, role, signed in (
            (run.first_signer, run.first_role, run.first_signed_at),
            (run.second_signer, run.second_role, run.second_signed_at),
        )
        if name
    ]
    checked = certificate.check(run) if run.state == DONE else None
    return DestructionOut(
        **_row(run),  # type: ignore[arg-type]
        basis=run.basis, rule=run.rule, counted_at=run.counted_at, signatures=signatures, digest=run.digest,
        items=[
            DestructionLineOut(
                line.holding, line.zh, line.en, line.data_class, line.days, line.before, line.state, line.counted,
                line.destroyed, line.remained, line.digest, line.done_at,
            )
            for line in run.lines.all()
        ],
        holds=[hold_out(one, actor, at) for one in certificate.holds_of(run)],
        events=[
            DestructionEventOut(one.verb, one.actor_name, one.reason, one.holding, one.rows, one.at)
            for one in run.events.all()
        ],
        allowed=[
            DestructionVerbOut(one.verb, one.zh, one.en, list(one.requires))
            for one in queries.allowed(run, actor)
        ],
        check=CertificateCheckOut(
            checked.right, checked.events, checked.unsealed, checked.seals,
            [one[0] for one in checked.problems], [one[1] for one in checked.problems],
        )
        if checked
        else None,
    )  # fmt: skip
