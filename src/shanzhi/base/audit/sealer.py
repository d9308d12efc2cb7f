"""The sealer (封存进程): seals committed rows in batches, soon after their commit and never in their transaction.

A row is found because no recent seal names its position, so it does not matter in which order transactions
commit. Killed at any point it loses nothing: a seal is written whole or not at all, and the next one finds what
is left. One sealer works at a time (advisory lock of its session).
"""

import logging
import threading
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.utils import InterfaceError, OperationalError

from shanzhi.base.audit.models import Seal
from shanzhi.base.audit.sealing import SEALED, START, merkle_root, read_leaves, row_sql, seal_value

LOCK = 0x7365616C  # "seal"
BATCH = 1000
POLL_SECONDS = 1.0
# Rows of transactions that stayed open longer than this are found at the next start of the sealer.
SETTLED = timedelta(minutes=30)

log = logging.getLogger("shanzhi.sealer")


def seal_waiting(table: str, at: datetime, *, all_rows: bool = False, limit: int = BATCH) -> int:
    """Seal up to `limit` rows of one table; how many were sealed. The caller holds the lock."""
    columns = SEALED[table]
    seals = Seal.objects.filter(table_name=table)
    settled = None if all_rows else seals.filter(at__lt=at - SETTLED).order_by("-number").first()
    floor = max(settled.positions) if settled else 0
    number = settled.number if settled else 0
    sql = (
        f"{row_sql(table, columns)} WHERE t.position > %s AND NOT EXISTS ("
        "SELECT 1 FROM (SELECT unnest(positions) AS position FROM audit_seal "
        "WHERE table_name = %s AND number > %s) s "
        "WHERE s.position = t.position) ORDER BY t.position LIMIT %s"
    )
    with transaction.atomic():
        leaves = read_leaves(sql, [floor, table, number, limit])
        if not leaves:
            return 0
        last = Seal.objects.order_by("-number").first()
        following = (last.number if last else 0) + 1
        root = merkle_root([leaf.hash for leaf in leaves])
        positions = [leaf.position for leaf in leaves]
        previous = bytes(last.value) if last else START
        Seal.objects.create(
            number=following, table_name=table, columns=list(columns), positions=positions, root=root, at=at,
            value=seal_value(following, table, columns, positions, root, previous),
        )  # fmt: skip
    return len(leaves)


def seal_all(at: datetime, *, all_rows: bool = False) -> int:
    """Seal whatever waits in every registered table."""
    total = 0
    for table in sorted(SEALED):
        while sealed := seal_waiting(table, at, all_rows=all_rows):
            total += sealed
    return total


def take_lock() -> bool:
    """Become the sealer, unless another session is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def release_lock() -> None:
    """Stop being the sealer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def run(stop: threading.Event) -> None:
    """Seal until `stop`; after a broken connection, connect again and look at everything once more."""
    holds, first = False, True
    while not stop.is_set():
        try:
            holds = holds or take_lock()
            if holds:
                seal_all(datetime.now(UTC), all_rows=first)
                first = False
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("sealer lost its connection: %s", type(error).__name__)
            connection.close()
            holds, first = False, True
            stop.wait(0.5)
    if holds:
        release_lock()
    connection.close()
