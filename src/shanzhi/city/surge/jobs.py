"""Coarse work of surge posting."""

from uuid import UUID

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.city.surge import telling
from shanzhi.city.surge.actions import end_due


@app.periodic(cron="7 16 * * *")  # 00:07 in Shanghai; cron counts in UTC
@app.task(queueing_lock="end_due_postings", pass_context=False)
def end_due_postings(timestamp: int) -> tuple[int, int]:
    """Relieve and send home whose time is over, and erase their telephone and home (到期轮换与清除)."""
    return end_due(settings.SHANZHI_CLOCK.now())


@app.task(pass_context=False)
def tell_posted(posting_ids: list[str]) -> int:
    """Tell people by text message where they are posted (下沉通知); how many."""
    return telling.tell([UUID(one) for one in posting_ids], settings.SHANZHI_CLOCK.now())
