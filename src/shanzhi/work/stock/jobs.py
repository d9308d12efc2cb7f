"""Coarse work of stock."""

import logging

from django.conf import settings
from procrastinate.contrib.django import app

from shanzhi.work.stock import ledger

log = logging.getLogger("shanzhi.stock")


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="fold_stock", pass_context=False)
def fold_stock(timestamp: int) -> int:
    """Roll up the ledger, and look whether it adds up (结存汇总与对账)."""
    folded = ledger.fold(settings.SHANZHI_CLOCK.now())
    for store, item, lot in ledger.differs() if folded else ():
        log.error("stock %s %s %s: the balance is not what its entries come to", store, item, lot)
    return folded
