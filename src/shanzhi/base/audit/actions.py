"""Writing to the security log."""

from datetime import datetime
from typing import Any

from shanzhi.base.access import Actor
from shanzhi.base.audit.models import AuditEntry

REVEAL = "reveal"


def record(
    *,
    actor: Actor,
    event: str,
    at: datetime,
    area: str = "",
    subject: str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry (审计记录) in the caller's transaction. `detail` must hold no personal data."""
    return AuditEntry.objects.create(
        area=area,
        actor_id=actor.account_id,
        actor_name=actor.name[:60],
        channel=actor.channel,
        event=event,
        subject=subject,
        detail=detail or {},
        at=at,
    )


def record_reveal(
    *, actor: Actor, area: str, subject: str, detail: dict[str, Any], at: datetime
) -> AuditEntry:
    """Append who saw personal data in full, of what and why (明文查看)."""
    return record(actor=actor, event=REVEAL, area=area, subject=subject, detail=detail, at=at)
