"""Coarse work of reporting."""

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.command.reporting import due


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="keep_report_clocks", pass_context=False)
def keep_report_clocks(timestamp: int) -> int:
    """Start the clocks of reports for responses that have come or gone (报送时限); how many changed."""
    return due.ensure_all(settings.SHANZHI_CLOCK.now())
