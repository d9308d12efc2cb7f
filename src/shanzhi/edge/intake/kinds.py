"""What comes in by which door: a path and its handler."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shanzhi.core.kit.outcomes import Outcome
from shanzhi.scenes.sampling import reading, taking
from shanzhi.work.orders import receipts
from shanzhi.work.sweeps import visits


@dataclass(frozen=True)
class Kind:
    """A kind of submission (提交种类): its path, and three functions.

    `read(raw)` turns the JSON of one item into whatever the others understand: pure, in the event loop, once an item.
    `prepare(account_id, item)` makes a submission of it, when the sender is known: pure. Both raise ShanzhiError,
    which becomes the item's outcome "invalid".
    `take(cursor, submissions, received_at)` stores a set, in the transaction and on the cursor it is given, and
    returns an outcome each, in order. It commits nothing, keeps nothing, and sends nothing. It is called again, with
    parts of the set, after a transaction that failed: so the same id must be the same thing. It checks what
    belongs to the account; it raises only what the database raises. Ids are written in their order.
    `most` items come in one request.
    """

    path: str
    read: Callable[[msgspec.Raw], Any]
    prepare: Callable[[UUID, Any], Any]
    take: Callable[[Any, Sequence[Any], datetime], list[Outcome]]
    most: int = 200


RECEIPTS = Kind("/api/intake/receipts", receipts.read, receipts.submission, receipts.take)
VISITS = Kind("/api/intake/visits", visits.read, visits.submission, visits.take)
SAMPLES = Kind("/api/intake/samples", reading.read, reading.submission, taking.take)
KINDS: dict[str, Kind] = {kind.path: kind for kind in (RECEIPTS, VISITS, SAMPLES)}
