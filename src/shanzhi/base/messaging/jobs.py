"""Nightly work of messages."""

from datetime import timedelta

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.base.messaging import actions


@app.periodic(cron="41 19 * * *")  # 03:41 in Shanghai; cron counts in UTC
@app.task(queueing_lock="erase_message_addresses", pass_context=False)
def erase_message_addresses(timestamp: int) -> int:
    """Erase addresses and replies older than SHANZHI_MESSAGE_DAYS (清除过期号码); how many rows."""
    return actions.erase(settings.SHANZHI_CLOCK.now() - timedelta(days=settings.SHANZHI_MESSAGE_DAYS))
