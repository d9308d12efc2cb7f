"""Tables of compounds. They hold doors, no people: who lives behind one is not written here."""

from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.city.compounds.kinds import CompoundKind
from shanzhi.city.places.models import Place

_KINDS = [(kind.value, f"{kind.zh} {kind.en}") for kind in CompoundKind]


class _Lasting(GrowingRow):
    """Something built: there from one day until before another."""

    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        abstract = True


class Compound(_Lasting):
    """A compound (小区), a courtyard, a dormitory, a hamlet, or the shops along a street.

    `place` is the deepest division known to hold it: the community as a rule. `code` is the city's own standard
    address code (标准地址), if it has one. Position and boundary are WGS-84; `datum` is that of the source in force.
    `households` and `buildings` are the values in force; the counts of the floors win where floors are known.
    `conflict`: its sources differ by more than the rule allows.
    """

    kind = CodeField(max_length=10, choices=_KINDS, default=CompoundKind.COMPOUND.value)
    code = CodeField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=100)
    pinyin = CodeField(max_length=400)
    address = models.CharField(max_length=200, blank=True, default="")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    datum = CodeField(max_length=8, blank=True, default="")
    boundary = models.BinaryField(null=True)
    households = models.PositiveIntegerField(null=True)
    buildings = models.PositiveIntegerField(null=True)
    conflict = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["pinyin", "id"]
        indexes = [
            models.Index(fields=["place"], name="compounds_compound_place"),
            models.Index(fields=["area", "pinyin"], name="compounds_compound_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "code"], condition=Q(closed_on=None) & ~Q(code=""),
                name="compounds_compound_code",
            ),
            models.CheckConstraint(
                condition=Q(lon=None, lat=None) | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="compounds_compound_point",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name


class CompoundSource(GrowingRow):
    """What one source says of a compound (来源): the values of several stand side by side, one is in force.

    `key` is the source's own number of the compound, else its name and what tells it from its like. Position is
    WGS-84, `datum` that of the file. `seen_on` is the day from which the source says so, `gone_on`
    that from which it no longer lists the compound: it has no say any more.
    """

    compound = models.ForeignKey(
        Compound, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    source = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    code = CodeField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=100)
    kind = CodeField(max_length=10, choices=_KINDS, blank=True, default="")
    address = models.CharField(max_length=200, blank=True, default="")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    datum = CodeField(max_length=8, blank=True, default="")
    households = models.PositiveIntegerField(null=True)
    buildings = models.PositiveIntegerField(null=True)
    seen_on = models.DateField()
    gone_on = models.DateField(null=True)

    class Meta:
        ordering = ["source", "key"]
        indexes = [models.Index(fields=["area", "compound"], name="compounds_source_compound")]
        constraints = [
            models.UniqueConstraint(fields=["area", "source", "key"], name="compounds_source_key"),
            models.CheckConstraint(
                condition=Q(lon=None, lat=None) | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="compounds_source_point",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


class CompoundChoice(GrowingRow):
    """Somebody chose, with a reason, which source is in force for a field (人工选定). Append-only; the newest holds.

    `was` and `became` are the values before and after, as text.
    """

    compound = models.ForeignKey(
        Compound, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    field = CodeField(max_length=12)
    source = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    was = models.CharField(max_length=200, blank=True, default="")
    became = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=200)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "compound"], name="compounds_choice_compound")]


class Building(_Lasting):
    """A building (楼栋), or one row of shops, of a compound. `estimated`: as with floors."""

    compound = models.ForeignKey(
        Compound, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    name = models.CharField(max_length=40)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    estimated = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "compound", "name"],
                condition=Q(closed_on=None),
                name="compounds_building_name",
            )
        ]


class Floor(_Lasting):
    """The smallest piece that a micro-grid may not cut (楼层): the homes and shops of one floor of a stairwell.

    `floor` is its lowest storey and `top` its highest: a few storeys with few homes may be one piece.
    `estimated` (估算): shares of a building's or compound's total, until a list of its floors is imported over it.
    """

    building = models.ForeignKey(
        Building, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    stairwell = models.CharField(max_length=20, blank=True, default="")
    floor = models.SmallIntegerField()
    top = models.SmallIntegerField()
    homes = models.PositiveIntegerField(default=0)
    shops = models.PositiveIntegerField(default=0)
    estimated = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["stairwell", "floor", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "building", "stairwell", "floor"], condition=Q(closed_on=None),
                name="compounds_floor_place",
            ),
            models.CheckConstraint(condition=Q(top__gte=F("floor")), name="compounds_floor_top"),
        ]  # fmt: skip


class Home(GrowingRow):
    """A door (户): a home or a shop by its number. Where only counts are known there are no such rows."""

    floor = models.ForeignKey(
        Floor, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    number = models.CharField(max_length=20)
    is_shop = models.BooleanField(default=False)

    class Meta:
        ordering = ["number", "id"]
        constraints = [
            models.UniqueConstraint(fields=["area", "floor", "number"], name="compounds_home_number")
        ]


class Membership(GrowingRow):
    """A floor belongs to a micro-grid (微网格归属), from one day until before another."""

    floor = models.ForeignKey(
        Floor, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        ordering = ["from_on", "id"]
        indexes = [
            models.Index(fields=["place", "from_on"], name="compounds_membership_place"),
            models.Index(fields=["area", "floor"], name="compounds_membership_floor"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "floor"], condition=Q(to_on=None), name="compounds_membership_open"
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")), name="compounds_membership_span"
            ),
        ]
