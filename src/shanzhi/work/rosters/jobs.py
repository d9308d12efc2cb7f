"""Coarse work of rosters."""

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.work.rosters import making


@app.periodic(cron="11 16 * * *")  # 00:11 in Shanghai; cron counts in UTC
@app.task(queueing_lock="extend_rosters", pass_context=False)
def extend_rosters(timestamp: int) -> int:
    """Make the shifts of one day more for every roster that goes on (续排班次)."""
    return making.extend_all(settings.SHANZHI_CLOCK.now())
