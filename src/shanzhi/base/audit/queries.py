"""Reading the security log, and verifying every seal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection, transaction

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import AUDIT_VIEW
from shanzhi.base.audit.models import AuditEntry, Seal
from shanzhi.base.audit.sealing import SEALED, START, merkle_root, read_leaves, row_sql, seal_value


@dataclass
class Verification:
    """What `verify` found. A problem names the seal or the row, never its content."""

    sealed: int = 0
    unsealed: int = 0
    problems: list[str] = field(default_factory=list)


def entries(actor: Actor, limit: int = 100) -> list[AuditEntry]:
    """The newest entries. Raises Refused."""
    actor.require(AUDIT_VIEW)
    return list(AuditEntry.objects.order_by("-at", "-id")[:limit])


def _batches(rows: Iterable[Seal], size: int = 50) -> Iterator[list[Seal]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


def verify() -> Verification:
    """Recompute every seal from the rows as they are now, and count what is not sealed yet."""
    found = Verification()
    previous, expected = START, 1
    seen: dict[str, set[int]] = {table: set() for table in SEALED}
    with transaction.atomic():
        for batch in _batches(Seal.objects.order_by("number").iterator(chunk_size=50)):
            for seal in batch:
                if seal.number != expected:
                    found.problems.append(f"seal {expected} is missing")
                previous, expected = _verify_one(seal, previous, found), seal.number + 1
                known = seen.setdefault(seal.table_name, set())
                if known & set(seal.positions):
                    found.problems.append(f"seal {seal.number}: a row is sealed twice")
                known |= set(seal.positions)
        for table, positions in seen.items():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table}")
                found.unsealed += max(cursor.fetchone()[0] - len(positions), 0)
    return found


def waiting() -> int:
    """How many rows of sealed histories have no seal yet, by their numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(cardinality(positions)), 0) FROM audit_seal")
        sealed = int(cursor.fetchone()[0])
        rows = 0
        for table in SEALED:
            cursor.execute(f"SELECT count(*) FROM {table}")
            rows += int(cursor.fetchone()[0])
    return rows - sealed


def _verify_one(seal: Seal, previous: bytes, found: Verification) -> bytes:
    """Check one seal; the value that the next one must be chained to."""
    value, root = bytes(seal.value), bytes(seal.root)
    said = seal_value(seal.number, seal.table_name, seal.columns, seal.positions, root, previous)
    if said != value:
        found.problems.append(f"seal {seal.number}: the chain is broken")
    sql = f"{row_sql(seal.table_name, seal.columns)} WHERE t.position = ANY(%s)"
    leaves = {leaf.position: leaf.hash for leaf in read_leaves(sql, [list(seal.positions)])}
    missing = [position for position in seal.positions if position not in leaves]
    if missing:
        found.problems.append(f"seal {seal.number}: {len(missing)} rows of {seal.table_name} are gone")
    elif merkle_root([leaves[position] for position in seal.positions]) != root:
        found.problems.append(f"seal {seal.number}: a row of {seal.table_name} was changed")
    found.sealed += len(seal.positions)
    return value
