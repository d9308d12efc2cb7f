"""Coarse work of home isolation and of the store of contacts."""

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.scenes.isolation import contacts_actions, ending, services, slots


@app.periodic(cron="3,33 * * * *")
@app.task(queueing_lock="isolation_plan_day", pass_context=False)
def plan_day(timestamp: int) -> tuple[int, int]:
    """Make the check-ins of today and tomorrow, and today's orders of what is wanted daily (安排当天)."""
    now = settings.SHANZHI_CLOCK.now()
    return slots.make(now), services.make_daily(now)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="isolation_end_due", pass_context=False)
def end_due(timestamp: int) -> int:
    """End what is over: the last day of a response, the days of monitoring (到期终止)."""
    done = ended = 0
    while done := ending.end_due(settings.SHANZHI_CLOCK.now()):
        ended += done
    return ended


@app.periodic(cron="11 16 * * *")  # 00:11 in Shanghai; cron counts in UTC
@app.task(queueing_lock="isolation_nightly", pass_context=False)
def nightly(timestamp: int) -> tuple[int, int]:
    """Follow the edition in force; destroy contacts whose day has come (按现行版本重算、到期销毁)."""
    now = settings.SHANZHI_CLOCK.now()
    return ending.follow_editions(now), contacts_actions.destroy_due(now).rows
