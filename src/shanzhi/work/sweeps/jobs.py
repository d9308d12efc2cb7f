"""Nightly work of sweeps."""

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.work.sweeps import erasing


@app.periodic(cron="11 19 * * *")  # 03:11 in Shanghai; cron counts in UTC
@app.task(queueing_lock="coarsen_visits", pass_context=False)
def coarsen_visits(timestamp: int) -> dict[str, int]:
    """Turn the times of visits older than seven days into days (走访时间模糊化): table -> rows."""
    return erasing.coarsen(settings.SHANZHI_CLOCK.now())
