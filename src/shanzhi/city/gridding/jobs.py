"""Coarse work of division: working out and publishing, with a progress that others see meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from shanzhi.base.access import Actor
from shanzhi.city.gridding import actions, publishing


@contextmanager
def _telling(proposal_id: str) -> Iterator[actions.Tell]:
    """Progress goes through a connection of its own: the work is one transaction, which nobody sees into."""
    aside = connection.copy()

    def tell(step: str, done: int, total: int) -> None:
        with aside.cursor() as cursor:
            cursor.execute(
                "UPDATE gridding_proposal SET step = %s, done = %s, total = %s WHERE id = %s",
                [step, done, total, proposal_id],
            )

    try:
        yield tell
    finally:
        aside.close()


@app.task(pass_context=False)
def work_out_proposal(proposal_id: str) -> str:
    """Work out a proposal (计算划分方案); the state it is in then."""
    with _telling(proposal_id) as tell:
        return str(actions.work_out(UUID(proposal_id), at=settings.SHANZHI_CLOCK.now(), tell=tell).state)


@app.task(pass_context=False)
def publish_proposal(proposal_id: str, on: str, reason: str, account_id: str | None, name: str) -> str:
    """Publish a proposal (发布划分方案); the state it is in then."""
    actor = Actor(UUID(account_id) if account_id else None, name, "desk")
    with _telling(proposal_id) as tell:
        found = publishing.publish(
            UUID(proposal_id), on=date.fromisoformat(on), reason=reason, actor=actor,
            at=settings.SHANZHI_CLOCK.now(), tell=tell,
        )  # fmt: skip
    return str(found.state)
