"""Coarse work of retention. Progress is in the lines of the run: how many of them are done."""

from uuid import UUID

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.base.retention import actions, running
from shanzhi.base.retention.flow import SIGNED
from shanzhi.base.retention.models import DestructionRun


@app.task(pass_context=False)
def destroy(run_id: str) -> bool:
    """Destroy what a signed run still has to (执行销毁); whether it is done."""
    return running.run_through(UUID(run_id), settings.SHANZHI_CLOCK.now())


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="go_on_destroying", pass_context=False)
def go_on_destroying(timestamp: int) -> int:
    """Go on with signed runs: their day has come, a hold is over, or a worker was killed; how many are done."""
    at = settings.SHANZHI_CLOCK.now()
    waiting = list(DestructionRun.objects.filter(state=SIGNED).values_list("id", flat=True))
    return sum(running.run_through(run_id, at) for run_id in waiting)


@app.periodic(cron="41 19 * * *")  # 03:41 in Shanghai; cron counts in UTC
@app.task(queueing_lock="destroy_what_is_old", pass_context=False)
def destroy_what_is_old(timestamp: int) -> int:
    """Destroy what is older than it may be (到期删除), with a certificate; how many rows."""
    at = settings.SHANZHI_CLOCK.now()
    run = actions.plan_night(at)
    if run is None:
        return 0
    running.run_through(run.id, at)
    return sum(line.destroyed or 0 for line in run.lines.all())
