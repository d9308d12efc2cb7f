"""Tables of the catalogue. All are reference tables: the same rows serve every area."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.worktime import Unit


class Family(models.TextChoices):
    """The two families of kinds."""

    PART = "part", "部件 Asset"
    INCIDENT = "incident", "事件 Incident"


class VersionStatus(models.TextChoices):
    """A draft can still be thrown away; an effective version never changes."""

    DRAFT = "draft", "草稿 Draft"
    EFFECTIVE = "effective", "已生效 Effective"


UNIT_CHOICES = [(unit.value, unit.value) for unit in Unit]


class Kind(models.Model):
    """A kind of matter (小类), such as an overflowing bin or a missing manhole cover.

    `code` is 01 (asset) or 02 (incident), then major (大类) and minor (小类) code. With `only_in_response` it is
    offered only where a response that lasts brings it along (OfferedKind).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = CodeField(max_length=8, unique=True)
    family = models.CharField(max_length=8, choices=Family.choices)
    major_code = CodeField(max_length=2)
    major = models.CharField(max_length=60)
    major_en = models.CharField(max_length=120, blank=True, default="")
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True, default="")
    resident_zh = models.CharField(max_length=120, blank=True, default="")
    resident_en = models.CharField(max_length=120, blank=True, default="")
    only_in_response = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class OfferedKind(models.Model):
    """A kind that is offered while a response lasts (应急事项), at or below its places."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.ForeignKey(Kind, on_delete=models.PROTECT, related_name="offered")
    activation_id = models.UUIDField()
    number = CodeField(max_length=24)
    place_ids = ArrayField(models.UUIDField())
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["from_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["activation_id", "kind"], condition=Q(to_at=None), name="catalogue_offeredkind_once"
            ),
        ]


class CatalogueVersion(models.Model):
    """A dated set of conditions. It replaces all conditions of the kinds that it names, no others."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.PositiveIntegerField(unique=True)
    effective_on = models.DateField()
    status = models.CharField(max_length=9, choices=VersionStatus.choices)
    source = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} ({self.effective_on})"


class Condition(models.Model):
    """A filing rule (立案条件) of a kind, with its closing rule (结案条件) and limit (处置时限).

    Rows of an effective version are frozen by a trigger: a live case points at its row and keeps it.
    `key` names the same rule across versions.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.ForeignKey(Kind, on_delete=models.PROTECT, related_name="conditions")
    version = models.ForeignKey(CatalogueVersion, on_delete=models.PROTECT, related_name="conditions")
    position = models.PositiveIntegerField()
    key = CodeField(max_length=16)
    filing_rule = models.TextField()
    closing_rule = models.TextField()
    limit_text = models.CharField(max_length=100, blank=True)
    limit_amount = models.FloatField(null=True)
    limit_unit = models.CharField(max_length=16, choices=UNIT_CHOICES, blank=True, default="")
    usable = models.BooleanField()
    unit_name = models.TextField(blank=True, default="")
    authority_name = models.TextField(blank=True, default="")
    photo_required = models.BooleanField(default=False)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["version", "position"]
        indexes = [models.Index(fields=["kind", "version"], name="catalogue_condition_kind")]
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "key"], name="catalogue_condition_rule"),
            models.CheckConstraint(
                condition=Q(usable=False) | (Q(limit_amount__gt=0) & ~Q(limit_unit="")),
                name="catalogue_condition_usable_has_limit",
            ),
        ]

    def __str__(self) -> str:
        return self.filing_rule


class Responsibility(models.Model):
    """Which unit answers for a kind, or for one rule of it, in a place and below, in a span of days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.ForeignKey(Kind, on_delete=models.PROTECT, related_name="+")
    condition_key = CodeField(max_length=16, blank=True, default="")
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "condition_key", "place"],
                condition=Q(to_on=None),
                name="catalogue_responsibility_open",
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")), name="catalogue_responsibility_span"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind_id} {self.place_id}"
