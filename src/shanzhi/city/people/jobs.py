"""Coarse work of people."""

from django.contrib.sessions.models import Session
from django.utils import timezone
from procrastinate.contrib.django import app


@app.periodic(cron="17 19 * * *")  # 03:17 in Shanghai; cron counts in UTC
@app.task(queueing_lock="forget_ended_sessions", pass_context=False)
def forget_ended_sessions(timestamp: int) -> int:
    """Delete sessions that have ended (清理过期会话); how many."""
    gone, _ = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    return gone
