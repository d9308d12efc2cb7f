"""Coarse work of cases."""

from dataclasses import asdict

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.work.cases.recompute import recompute_open


@app.task(queueing_lock="recompute_due_times", pass_context=False)
def recompute_due_times() -> dict[str, int]:
    """Compute open due times anew (重算到期时间) after a calendar change; the report as counts."""
    return asdict(recompute_open(settings.SHANZHI_CLOCK.now))
