"""Tables of the tree of places. All are reference tables: the same rows serve every area."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.ids import uuid7

_LEVEL_CHOICES = [(level.value, f"{level.zh} {level.en}") for level in Level]


class Place(models.Model):
    """A node of the tree (区划节点): a division, a grid or a micro-grid.

    `id` stays for ever. `code` and `name` are the newest ones; what held on a past day is in PlaceVersion.
    `area` is the district code that rows made here carry: empty above the county.
    Position and boundary are WGS-84; the boundary is WKB. `approximate` (近似): the boundary was drawn by us,
    until a real one is imported over it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    level = CodeField(max_length=10, choices=_LEVEL_CHOICES)
    code = CodeField(max_length=18)
    name = models.CharField(max_length=100)
    pinyin = CodeField(max_length=400)
    area = CodeField(max_length=6, blank=True, default="")
    urban_rural_class = CodeField(max_length=3, blank=True, default="")
    boundary = models.BinaryField(null=True)
    approximate = models.BooleanField(default=False, db_default=False)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        ordering = ["pinyin", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(closed_on=None), name="places_place_open_code"
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")), name="places_place_span"
            ),
            models.CheckConstraint(
                condition=Q(lon=None, lat=None) | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="places_place_point",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PlaceVersion(models.Model):
    """Code and name of a place from one day until before another."""

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="versions", db_index=False)
    code = CodeField(max_length=18)
    name = models.CharField(max_length=100)
    pinyin = CodeField(max_length=400)
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        ordering = ["place", "from_on", "id"]
        indexes = [
            models.Index(fields=["place", "from_on"], name="places_version_place"),
            models.Index(fields=["code"], name="places_version_code"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=Q(to_on=None), name="places_version_open"),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")), name="places_version_span"
            ),
        ]


class PlaceClosure(models.Model):
    """`descendant` lies under `ancestor` from one day until before another; depth 0 is the place itself.

    A closed place keeps its last line, so that what happened there stays in sight of whoever stands above.
    """

    ancestor = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="below", db_index=False)
    descendant = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="above", db_index=False)
    depth = models.PositiveSmallIntegerField()
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        ordering = ["descendant", "depth", "from_on"]
        indexes = [
            models.Index(
                fields=["ancestor", "descendant"], include=["depth", "from_on", "to_on"],
                name="places_closure_down",
            ),
            models.Index(fields=["descendant", "depth"], name="places_closure_up"),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=["ancestor", "descendant"], condition=Q(to_on=None), name="places_closure_open"
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")), name="places_closure_span"
            ),
        ]


class TreeStamp(models.Model):
    """One row, whose `stamp` changes with every change of the tree: what is kept in memory looks at it."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    stamp = models.UUIDField()


class PlaceChange(models.Model):
    """A dated change of the tree (区划变更), never altered: who did what from which day, and why.

    `rows` lists each place with what it was and what it became; `followed` what others did because of it (posts,
    memberships …), in their own form. Without `rows` the change was too large to be taken back. An undoing is a
    change of its own that names the one it takes back.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = CodeField(max_length=12)
    on = models.DateField()
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True, default="")
    summary_zh = models.CharField(max_length=200)
    summary_en = models.CharField(max_length=300)
    places = ArrayField(models.UUIDField())
    rows = models.JSONField(null=True)
    followed = models.JSONField(default=dict)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="places_change_newest"),
            GinIndex(fields=["places"], name="places_change_places"),
        ]


class PlaceSuccession(models.Model):
    """What became of a place that ended (沿革): its successors. A change that is taken back leaves its lines."""

    change = models.ForeignKey(PlaceChange, on_delete=models.PROTECT, related_name="successions")
    predecessor = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="successors")
    successor = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="predecessors")
    on = models.DateField()

    class Meta:
        ordering = ["on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "predecessor", "successor"], name="places_succession_line"
            )
        ]
