"""Telling the server how to read."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def in_sets(wide: bool = True) -> Iterator[None]:
    """Plans for many rows, whatever the server knows of the tables; without `wide` nothing is changed.

    Right after a large import it knows nothing, and joins row by row: measured 22 s instead of 0.4 s for the floors
    of a district.
    """
    if not wide:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        if not connection.needs_rollback:
            cursor.execute("SET LOCAL enable_nestloop = on")
