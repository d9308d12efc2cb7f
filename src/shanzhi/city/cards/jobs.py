"""Coarse work of cards."""

from django.conf import settings
from django.utils.timezone import localdate
from procrastinate.contrib.django import app

from shanzhi.city.cards.models import PostContact


@app.periodic(cron="37 19 * * *")  # 03:37 in Shanghai; cron counts in UTC
@app.task(queueing_lock="forget_ended_contacts", pass_context=False)
def forget_ended_contacts(timestamp: int) -> int:
    """Delete telephone and photo of posts that have ended (清理到期公示信息); how many."""
    today = localdate(settings.SHANZHI_CLOCK.now())
    gone, _ = PostContact.objects.filter(post__to_on__lte=today).delete()
    return gone
