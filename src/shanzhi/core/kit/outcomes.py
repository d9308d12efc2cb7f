"""What became of a thing that a phone sent (提交结果); the same five for every kind of submission."""

from dataclasses import dataclass

from shanzhi.core.kit.errors import ShanzhiError

STORED, KNOWN, CONFLICT, UNKNOWN, INVALID = "stored", "known", "conflict", "unknown", "invalid"


@dataclass(frozen=True)
class Outcome:
    """`status` of one item; the last three say why in `error`.

    stored: it is durable once the transaction has committed. known: the same id with the same content was there.
    conflict: the id was there with another content. unknown: what it speaks of is not there, or not this account's.
    invalid: it can never be stored as it is.
    """

    status: str
    error: ShanzhiError | None = None
