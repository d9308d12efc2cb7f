"""Tables of home isolation. Everything of people grows by area, carries its activation, and is destroyed with it.

Text that tells of a person (names, telephones, doors, health, what officers wrote) is encrypted and stands in rows
that are deleted. What cannot be deleted, the sealed events, holds codes, times and officers only.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.compounds.models import Compound, Floor
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation.flow import (
    ASKED,
    CONFINED,
    ISOLATION,
    LIVE,
    PLACED,
    REFERRED,
    SERVICE,
    TRANSFER,
    TRANSFER_OPEN,
    CallOutcome,
    SlotState,
    Source,
    Subject,
    Why,
)


def _states(flow: object) -> list[tuple[str, str]]:
    return [(state.code, f"{state.zh} {state.en}") for state in flow.states]  # type: ignore[attr-defined]


class Regime(models.Model):
    """A response lets home isolation begin under its places by an edition (启用). A reference table; no people."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    activation_id = models.UUIDField()
    number = CodeField(max_length=24)
    edition = CodeField(max_length=24)
    place_ids = ArrayField(models.UUIDField())
    is_drill = models.BooleanField(default=False)
    from_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["from_at", "id"]
        indexes = [GinIndex(fields=["place_ids"], name="isolation_regime_places")]
        constraints = [
            models.UniqueConstraint(fields=["activation_id", "edition"], name="isolation_regime_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.edition}"


class Isolation(GrowingRow):
    """Somebody cared for at home (居家隔离), or observed of their own will; deleted when its purpose ends.

    `place` is the deepest known, down to the micro-grid: workers there take part. `edition` is the one it began
    under; `release_on` and `monitored_until_on` follow the edition in force. `household`, `emergency` and `needs`
    are JSON in cipher text, so that no query can list people by what they need. `phone_digest` finds somebody who
    rings up, by the whole number only. `may_message`: they want reminders on their telephone.

    Personal data (个人信息), sensitive: purpose the care of this person; lifetime that of the activation, or
    `keep_days` after the end of a voluntary one.
    """

    number = CodeField(max_length=24)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    compound = models.ForeignKey(
        Compound, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    floor = models.ForeignKey(
        Floor, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    activation_id = models.UUIDField(null=True)
    edition = CodeField(max_length=24)
    is_voluntary = models.BooleanField(default=False)
    is_drill = models.BooleanField(default=False)
    basis = models.CharField(max_length=200, blank=True, default="")
    document = models.CharField(max_length=80, blank=True, default="")
    state = CodeField(max_length=12, choices=_states(ISOLATION), default=REFERRED)
    name = EncryptedField()
    phone = EncryptedField(null=True)
    phone_digest = CodeField(max_length=32, blank=True, default="")
    door = EncryptedField(null=True)
    household = EncryptedField(null=True)
    emergency = EncryptedField(null=True)
    needs = EncryptedField(null=True)
    may_message = models.BooleanField(default=False)
    begun_on = models.DateField()
    release_on = models.DateField()
    monitored_until_on = models.DateField()
    proposed_by_id = models.UUIDField(null=True)
    begun_by = models.CharField(max_length=60)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=60, blank=True, default="")
    content_hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["begun_at", "id"]
        indexes = [
            models.Index(fields=["place", "state"], name="isolation_by_place"),
            models.Index(fields=["state", "release_on"], name="isolation_by_state"),
            models.Index(
                fields=["activation_id"],
                condition=Q(activation_id__isnull=False),
                name="isolation_by_activation",
            ),
            models.Index(
                fields=["area", "phone_digest"], condition=~Q(phone_digest=""), name="isolation_by_phone"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["area", "number"], name="isolation_isolation_number"),
            models.CheckConstraint(
                condition=Q(release_on__gte=F("begun_on"), monitored_until_on__gte=F("release_on")),
                name="isolation_span",
            ),
            # Nobody is confined without a response, its legal basis and its document.
            models.CheckConstraint(
                condition=~Q(state__in=CONFINED)
                | (Q(activation_id__isnull=False, is_voluntary=False) & ~Q(basis="") & ~Q(document="")),
                name="isolation_basis",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[*LIVE, REFERRED], ended_at=None)
                | (~Q(state__in=[*LIVE, REFERRED]) & Q(ended_at__isnull=False)),
                name="isolation_ended",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class IsolationEvent(GrowingRow):
    """What was done (照护记录): verbs, states, times, officers; no text of anybody. Appended, never changed, sealed.

    It refers by plain ids, since it outlives what it tells of.
    """

    isolation_id = models.UUIDField()
    subject = CodeField(max_length=12, choices=Subject.choices)
    subject_id = models.UUIDField()
    verb = CodeField(max_length=20)
    from_state = CodeField(max_length=12, blank=True, default="")
    to_state = CodeField(max_length=12, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "isolation_id", "at"], name="isolation_event_of")]


class _Of(GrowingRow):
    """A row of one isolation, deleted with it."""

    isolation = models.ForeignKey(
        Isolation, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True


class Note(_Of):
    """What somebody wrote with an event (说明): reasons, notes. Encrypted, deleted with the person."""

    event_id = models.UUIDField()
    text = EncryptedField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "isolation"], name="isolation_note_of")]


class Slot(_Of):
    """A check-in that is expected (应报): one of each window of a day. `next_at` is when its next rung is due.

    `rung` is how many rungs were taken; `missed_at` when it was found missing. `place` is that of the isolation.
    """

    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    on_day = models.DateField()
    window = CodeField(max_length=12)
    opens_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = CodeField(max_length=8, choices=SlotState.choices, default=SlotState.OPEN)
    rung = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="isolation_slot_next"),
            models.Index(fields=["place", "due_at"], condition=Q(state="open"), name="isolation_slot_open"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "isolation", "on_day", "window"], name="isolation_slot_once"
            ),
        ]


class Rung(_Of):
    """A rung that was taken for a check-in that nobody answered (升级记录)."""

    slot = models.ForeignKey(
        Slot, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    kind = CodeField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["area", "isolation"], name="isolation_rung_of")]


class CheckIn(_Of):
    """What was reported (健康报告): temperature, symptoms, needs. `content` is JSON in cipher text.

    `id` is made by the phone: the same again is the same report. `slot` is what it answers, if something was due.
    """

    slot = models.ForeignKey(
        Slot, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    source = CodeField(max_length=8, choices=Source.choices)
    content = EncryptedField()
    content_hash = models.BinaryField(max_length=32)
    by_id = models.UUIDField(null=True)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["area", "isolation", "at"], name="isolation_checkin_of")]


class Swab(_Of):
    """The result of a test (检测结果): the day on which it was taken; `content` is JSON in cipher text."""

    taken_on = models.DateField()
    content = EncryptedField()
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["taken_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["area", "isolation", "taken_on"], name="isolation_swab_day")
        ]


class Call(_Of):
    """Somebody rang the person up (叫应)."""

    slot = models.ForeignKey(
        Slot, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    outcome = CodeField(max_length=12, choices=CallOutcome.choices)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["area", "isolation"], name="isolation_call_of")]


class Transfer(_Of):
    """A transfer to a doctor (转运). One is open at a time; its limits are clocks."""

    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    why = CodeField(max_length=12, choices=Why.choices)
    state = CodeField(max_length=12, choices=_states(TRANSFER), default=ASKED)
    asked_by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "id"]
        indexes = [
            models.Index(
                fields=["place", "due_at"], condition=Q(ended_at=None), name="isolation_transfer_open"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "isolation"], condition=Q(state__in=TRANSFER_OPEN),
                name="isolation_transfer_one",
            ),
        ]  # fmt: skip


class Standing(_Of):
    """What is wanted every day (每日服务), until it is stopped or the isolation ends."""

    kind = CodeField(max_length=12)
    content = EncryptedField(null=True)
    since_on = models.DateField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["since_on", "id"]
        indexes = [
            models.Index(
                fields=["area", "isolation"], condition=Q(stopped_at=None), name="isolation_standing_of"
            )
        ]


class Service(_Of):
    """A service order (服务单): meals, medicine, waste. `was_fine` is the person's own word afterwards, if any."""

    place = models.ForeignKey(
        Place, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    standing = models.ForeignKey(
        Standing, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    kind = CodeField(max_length=12)
    content = EncryptedField(null=True)
    content_hash = models.BinaryField(max_length=32)
    for_on = models.DateField()
    state = CodeField(max_length=12, choices=_states(SERVICE), default=PLACED)
    taken_by_id = models.UUIDField(null=True)
    taken_by = models.CharField(max_length=60, blank=True, default="")
    placed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    was_fine = models.BooleanField(null=True)

    class Meta:
        ordering = ["for_on", "placed_at", "id"]
        indexes = [
            models.Index(
                fields=["place", "for_on"], condition=Q(ended_at=None), name="isolation_service_open"
            ),
            models.Index(fields=["area", "isolation"], name="isolation_service_of"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "standing", "for_on"], condition=Q(standing__isnull=False),
                name="isolation_service_day",
            ),
        ]  # fmt: skip


from shanzhi.scenes.isolation.contacts_models import (  # noqa: E402  (Django finds the models of an application here)
    ContactFact,
    ContactPerson,
    ContactRead,
    ContactTask,
)

__all__ = [
    "Call", "CheckIn", "ContactFact", "ContactPerson", "ContactRead", "ContactTask", "Isolation", "IsolationEvent",
    "Note", "Regime", "Rung", "Service", "Slot", "Standing", "Swab", "Transfer",
]  # fmt: skip
