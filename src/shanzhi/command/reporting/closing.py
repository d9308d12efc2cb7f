"""What standing down waits for here (收尾清单): orders, reports, the day of destruction."""

from datetime import datetime
from uuid import UUID

from shanzhi.base.retention.flow import DROPPED
from shanzhi.base.retention.models import DestructionRun
from shanzhi.base.retention.subjects import Subject
from shanzhi.city.modes.flow import ENDED, STANDING_DOWN
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.standing import Open
from shanzhi.command.reporting.flow import FINAL, SENT, SIGNED, SUMMARY
from shanzhi.command.reporting.models import UpwardReport
from shanzhi.work.orders.flow import ISSUED
from shanzhi.work.orders.models import Order


def orders(activation_id: UUID, at: datetime) -> Open:
    """Orders of the response that are still in force."""
    rows = Order.objects.filter(activation_id=activation_id, issued_at__isnull=False)
    return Open(rows.filter(state=ISSUED).count(), rows.count(), "/orders")


def final_report(activation_id: UUID, at: datetime) -> Open:
    """The final report was sent; in a drill it need not be."""
    return _report(activation_id, FINAL, [SENT])


def closing_report(activation_id: UUID, at: datetime) -> Open:
    """The closing report is signed."""
    return _report(activation_id, SUMMARY, [SIGNED, SENT])


def _report(activation_id: UUID, kind: str, states: list[str]) -> Open:
    done = UpwardReport.objects.filter(activation_id=activation_id, kind=kind, state__in=states).exists()
    return Open(0 if done else 1, 1, f"/responses/{activation_id}/reports")


def destruction(activation_id: UUID, at: datetime) -> Open:
    """The destruction of what was collected is planned, with its day."""
    run = DestructionRun.objects.filter(activation_id=activation_id).exclude(state=DROPPED).first()
    if run is None:
        return Open(1, 1, f"/retention?plan={activation_id}")
    return Open(
        0,
        1,
        f"/retention/runs/{run.id}",
        f"{run.number}，定于 {run.due_on}",
        f"{run.number}, on {run.due_on}",
    )


def subject(activation_id: UUID) -> Subject | None:
    """A response as retention knows it."""
    row = Activation.objects.filter(id=activation_id).first()
    if row is None:
        return None
    over = row.ended_at if row.state in {STANDING_DOWN, ENDED} else None
    return Subject(row.id, row.number, row.title, row.basis, over, row.is_drill)
