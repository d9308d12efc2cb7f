"""The table of forms: a version that was once used stays readable, whatever becomes of the pack."""

from django.db import models

from shanzhi.base.rows import CodeField
from shanzhi.core.kit.ids import uuid7


class FormVersion(models.Model):
    """A version of a form as it was first used (表单版本); appended, never changed. A reference table.

    `content` is the version as the pack had it: the questions that its answers are held against.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = CodeField(max_length=32)
    version = models.PositiveSmallIntegerField()
    content = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["code", "version"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="forms_formversion_once")]

    def __str__(self) -> str:
        return f"{self.code}/{self.version}"
