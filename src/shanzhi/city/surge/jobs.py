"""Coarse work of surge posting."""

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.city.surge.actions import end_due


@app.periodic(cron="7 16 * * *")  # 00:07 in Shanghai; cron counts in UTC
@app.task(queueing_lock="end_due_postings", pass_context=False)
def end_due_postings(timestamp: int) -> tuple[int, int]:
    """Relieve and send home whose time is over, and erase their telephone and home (到期轮换与清除)."""
    return end_due(settings.SHANZHI_CLOCK.now())
