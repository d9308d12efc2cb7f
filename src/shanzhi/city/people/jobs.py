"""Coarse work of people."""

from django.conf import settings
from django.db.models import Q
from procrastinate.contrib.django import app

from shanzhi.city.people.models import DeskSession
from shanzhi.city.people.sessions import LONGEST, idle


@app.periodic(cron="17 19 * * *")  # 03:17 in Shanghai; cron counts in UTC
@app.task(queueing_lock="forget_ended_sessions", pass_context=False)
def forget_ended_sessions(timestamp: int) -> int:
    """Delete sessions that have ended by silence or by age (清理过期会话); how many."""
    now = settings.SHANZHI_CLOCK.now()
    ended = Q(seen_at__lt=now - idle()) | Q(begun_at__lt=now - LONGEST)
    gone, _ = DeskSession.objects.filter(ended).delete()
    return gone
