"""Reading the outbox in the order of its numbers."""

from django.db.models import Max

from shanzhi.base.outbox.models import OutboxRow


def since(number: int, *, topic: str = "", limit: int = 500) -> list[OutboxRow]:
    """Rows after `number`, oldest first. Nothing with a lower number appears later."""
    rows = OutboxRow.objects.filter(number__gt=number)
    if topic:
        rows = rows.filter(topic=topic)
    return list(rows.order_by("number")[:limit])


def newest(topic: str = "") -> int:
    """The highest number given so far, 0 before the first."""
    rows = OutboxRow.objects.filter(number__isnull=False)
    if topic:
        rows = rows.filter(topic=topic)
    found: int | None = rows.aggregate(found=Max("number"))["found"]
    return found or 0


def waiting() -> int:
    """How many rows have no number yet."""
    return OutboxRow.objects.filter(number__isnull=True).count()
