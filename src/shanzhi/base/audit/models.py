"""The security log, and the seals over it and over other histories."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from shanzhi.base.rows import CodeField, GrowingRow


class AuditEntry(GrowingRow):
    """Who did what to which thing (审计): sign-ins, reveals, imports, changes of rights.

    `detail` holds ids, codes and reasons, never the personal data itself. `area` is "" for the whole city.
    """

    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    channel = models.CharField(max_length=10)
    event = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True, default="")
    detail = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="audit_auditentry_at"),
            models.Index(fields=["event", "at"], name="audit_auditentry_event"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.at}"


class Seal(models.Model):
    """A batch of rows that cannot be changed unnoticed (封存).

    `root` is the Merkle root over the rows at `positions` in that order, `value` the HMAC-SM3 over the root, the
    batch's own facts and the value before it: one chain over all tables. `columns` says what was sealed of a row.
    """

    number = models.BigIntegerField(primary_key=True)
    table_name = CodeField(max_length=63)
    columns = ArrayField(CodeField(max_length=63))
    positions = ArrayField(models.BigIntegerField())
    root = models.BinaryField(max_length=32)
    value = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["table_name", "number"], name="audit_seal_table")]

    def __str__(self) -> str:
        return f"{self.number} {self.table_name}"
