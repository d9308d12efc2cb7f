"""The base of growing tables."""

from django.db import models

from shanzhi.base.rows.fields import CodeField
from shanzhi.core.kit.ids import uuid7


class GrowingRow(models.Model):
    """A row of a table that grows with the city.

    `area` is the six-digit district code that the row was made under: opaque, never updated, part of every
    unique key, the key by which the table can be distributed. A handle to a row is (`area`, `id`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    area = CodeField(max_length=6, editable=False)

    class Meta:
        abstract = True
