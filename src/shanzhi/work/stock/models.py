"""Tables of stock. Stores are few and serve every area; the ledger, its roll-up and requests grow by area."""

from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.city.people.models import Account, Unit
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.stock.flow import ASKED, KINDS, REQUEST

_KINDS = [(kind.code, f"{kind.zh} {kind.en}") for kind in KINDS.values()]
_STATES = [(state.code, f"{state.zh} {state.en}") for state in REQUEST.states]


class Store(models.Model):
    """A store (仓库): where it stands, and which account keeps it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = CodeField(max_length=24, unique=True)
    name = models.CharField(max_length=60)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    address = models.CharField(max_length=120, blank=True, default="")
    keeper = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Minimum(models.Model):
    """How much of an article a store is to hold at least (最低库存)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="minimums", db_index=False)
    item = CodeField(max_length=16)
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "item"], name="stock_minimum_once")]


class Entry(GrowingRow):
    """One line of the ledger (台账); appended and sealed, never changed.

    `on_hand`, `reserved` and `out` are what it adds to what lies in the store, is reserved for a response, and is
    out at places. `line` numbers the entries of an article in a store without gaps: two writers cannot both
    take the next. `group_id` holds together what one deed wrote, such as an issue from two lots; a deed that is
    sent again under its `group_id` is done once.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = CodeField(max_length=16)
    line = models.PositiveIntegerField()
    group_id = models.UUIDField()
    kind = CodeField(max_length=8, choices=_KINDS)
    lot = CodeField(max_length=32, blank=True, default="")
    expires_on = models.DateField(null=True)
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    out = models.IntegerField(default=0)
    activation_id = models.UUIDField(null=True)
    request_id = models.UUIDField(null=True)
    place_id = models.UUIDField(null=True)
    unit_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["area", "store", "item", "line"], name="stock_entry_line")
        ]
        indexes = [
            models.Index(fields=["area", "store", "at"], name="stock_entry_store"),
            models.Index(fields=["group_id"], name="stock_entry_group"),
            models.Index(
                fields=["activation_id"],
                name="stock_entry_activation",
                condition=Q(activation_id__isnull=False),
            ),
        ]


class Balance(GrowingRow):
    """What the ledger came to (结存) for one lot of an article in a store, up to and with `line`.

    A roll-up: nothing writes it but the folding, and what is in the store now is this and the entries after it.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = CodeField(max_length=16)
    lot = CodeField(max_length=32, blank=True, default="")
    expires_on = models.DateField(null=True)
    on_hand = models.IntegerField()
    reserved = models.IntegerField()
    out = models.IntegerField()
    line = models.PositiveIntegerField()
    folded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "store", "item", "lot"], name="stock_balance_lot"),
        ]


class Request(GrowingRow):
    """A place asks for an article (物资申请)."""

    number = CodeField(max_length=24)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    item = CodeField(max_length=16)
    quantity = models.PositiveIntegerField()
    use = models.CharField(max_length=200)
    activation_id = models.UUIDField(null=True)
    state = CodeField(max_length=12, choices=_STATES, default=ASKED)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    approved = models.PositiveIntegerField(null=True)
    asked_by_id = models.UUIDField(null=True)
    asked_by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["area", "number"], name="stock_request_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stock_request_quantity"),
            models.CheckConstraint(
                condition=Q(approved=None) | Q(approved__lte=F("quantity")), name="stock_request_approved"
            ),
        ]
        indexes = [
            models.Index(fields=["place", "state"], name="stock_request_place"),
            models.Index(fields=["state", "asked_at"], name="stock_request_state"),
        ]


class RequestEvent(GrowingRow):
    """What happened to a request (申请记录); appended, never changed."""

    request = models.ForeignKey(
        Request, on_delete=models.PROTECT, related_name="events", db_constraint=False, db_index=False
    )
    verb = CodeField(max_length=12)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12)
    quantity = models.PositiveIntegerField(null=True)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "request"], name="stock_event_request")]
