"""The outbox table."""

from django.db import models
from django.db.models import Q

from shanzhi.base.rows import GrowingRow


class OutboxRow(GrowingRow):
    """Something that happened, for whoever wants to know.

    `number` is given after commit by the one relay: once a number is to be seen, so is every lower one.
    `payload` holds codes and states, never text of a person.
    """

    topic = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    event = models.CharField(max_length=32)
    payload = models.JSONField()
    at = models.DateTimeField()
    number = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="outbox_waiting", condition=Q(number__isnull=True)),
            models.Index(fields=["number"], name="outbox_number", condition=Q(number__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.event} {self.number}"
