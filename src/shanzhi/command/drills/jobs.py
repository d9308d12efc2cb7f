"""Drills as time passes: a job a drill that defers itself, and one that looks after them every minute."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from shanzhi.city.modes.parts import Live
from shanzhi.command.drills import actions

PAUSE_SECONDS = 3


@app.task(pass_context=False)
def run_drill(activation_id: str) -> int:
    """A step of one drill (演练推进), and the next one; how many answers and visits were stored."""
    done = actions.step(UUID(activation_id), settings.SHANZHI_CLOCK.now())
    if done.goes_on:
        later(UUID(activation_id), 0 if done.more else PAUSE_SECONDS)
    return done.stored


def later(activation_id: UUID, seconds: int = 0) -> None:
    """Have the next step done, once, in the caller's transaction if there is one."""
    lock = f"drill {activation_id}"
    if seconds:
        job = run_drill.configure(queueing_lock=lock, schedule_in={"seconds": seconds})
    else:
        job = run_drill.configure(queueing_lock=lock)
    try:
        with transaction.atomic():
            job.defer(activation_id=str(activation_id))
    except AlreadyEnqueued:
        pass


def begin(live: Live) -> None:
    """A response has become live: in a drill, simulated people begin."""
    if live.is_drill:
        later(live.activation_id)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="keep_drills", pass_context=False)
def keep_drills(timestamp: int) -> int:
    """Every drill goes on, also after a worker was killed; how many."""
    found = actions.ensure_all()
    for activation_id in found:
        later(activation_id)
    return len(found)
