"""Messages, what was tried with them, and what came back."""

from django.db import models
from django.db.models import Q

from shanzhi.base.rows import CodeField, GrowingRow
from shanzhi.base.rows.encryption import EncryptedField


class MessageState(models.TextChoices):
    """Where a message stands; the states exclude each other, so that counts of them always add up."""

    QUEUED = "queued", "待发送 Queued"
    SENDING = "sending", "发送中 Sending"
    SENT = "sent", "已发出 Sent"
    DELIVERED = "delivered", "已送达 Delivered"
    FAILED = "failed", "失败 Failed"
    CANCELLED = "cancelled", "已取消 Cancelled"


class AttemptResult(models.TextChoices):
    """What the provider said to one attempt, or that it said nothing."""

    ACCEPTED = "accepted", "已接收 Accepted"
    REFUSED = "refused", "已拒绝 Refused"
    UNREACHABLE = "unreachable", "无法连接 Unreachable"
    TIMEOUT = "timeout", "超时 Timed out"


class ReceiptState(models.TextChoices):
    """What a provider reports later of a message that it took."""

    DELIVERED = "delivered", "已送达 Delivered"
    FAILED = "failed", "未送达 Not delivered"


class Message(GrowingRow):
    """One message to one person through one channel (消息); another channel or round is another message.

    `subject_id` is what it is about, such as a person's row in an order; `topic` the set it belongs to, its kind
    before the slash: `order/<id>`. `text` and `link` hold no personal data. `via` is the channel that carries it:
    `sink` in a drill, else `channel`. `next_at` is when it is due, or until when a sender has it on lease.

    Lifetime: `address` and `address_digest` are personal data. They are erased SHANZHI_MESSAGE_DAYS (30) after
    `created_at`, by night; the rest, which names a person only by `recipient_id`, stays with its subject.
    """

    recipient_kind = CodeField(max_length=16)
    recipient_id = models.UUIDField()
    channel = CodeField(max_length=32)
    via = CodeField(max_length=32)
    subject_id = models.UUIDField()
    topic = CodeField(max_length=64)
    purpose = CodeField(max_length=32)
    round = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    link = models.CharField(max_length=300, blank=True, default="")
    address = EncryptedField(null=True)
    address_digest = CodeField(max_length=32, blank=True, default="")
    drill = models.BooleanField(default=False)
    state = CodeField(max_length=10, choices=MessageState.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    reason = CodeField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "subject_id", "channel", "round"], name="messaging_message_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending"], next_at__isnull=False)
                | Q(state__in=["sent", "delivered", "failed", "cancelled"], next_at__isnull=True),
                name="messaging_message_due_while_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["via", "next_at", "id"],
                name="messaging_message_due",
                condition=Q(next_at__isnull=False),
            ),
            models.Index(fields=["via", "sent_at"], name="messaging_message_sent", condition=Q(state="sent")),
            models.Index(fields=["topic"], name="messaging_message_topic"),
            models.Index(
                fields=["via", "address_digest"],
                name="messaging_message_address",
                condition=~Q(address_digest=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.via} {self.state}"


class Attempt(GrowingRow):
    """What a provider answered to one attempt: appended, never changed. No personal data.

    A long text is taken in parts, each with the provider's own id: one row a part. An attempt whose sender was
    killed has no row; its number is missing.
    """

    message = models.ForeignKey(Message, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    number = models.PositiveSmallIntegerField()
    part = models.PositiveSmallIntegerField()
    parts = models.PositiveSmallIntegerField()
    channel = CodeField(max_length=32)
    result = CodeField(max_length=12, choices=AttemptResult.choices)
    provider_id = CodeField(max_length=100, blank=True, default="")
    code = CodeField(max_length=40, blank=True, default="")
    retriable = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "message", "number", "part"], name="messaging_attempt_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "provider_id"],
                name="messaging_attempt_provider",
                condition=~Q(provider_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.number} {self.result}"


class Receipt(GrowingRow):
    """What a provider reported of one part (回执), each kind once; `settled_at` is when its message was found.

    A receipt may come before the attempt is recorded: it then waits. `area` is "": a provider knows no district.
    Those that never find a message are deleted with the addresses, by night.
    """

    channel = CodeField(max_length=32)
    provider_id = CodeField(max_length=100)
    state = CodeField(max_length=10, choices=ReceiptState.choices)
    code = CodeField(max_length=40, blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "channel", "provider_id", "state"], name="messaging_receipt_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "received_at"],
                name="messaging_receipt_waiting",
                condition=Q(settled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class Reply(GrowingRow):
    """What somebody answered to a message: a text, or the key pressed in a call (回复).

    `area` is "" as with receipts; `message_area` and `message_id` are the message answered, if one was found, and
    `about` is the provider's id of it, if it told one.
    Lifetime: `text` is personal data, encrypted, and erased like addresses after SHANZHI_MESSAGE_DAYS.
    """

    channel = CodeField(max_length=32)
    provider_id = CodeField(max_length=100)
    about = CodeField(max_length=100, blank=True, default="")
    message_area = CodeField(max_length=6, blank=True, default="")
    message_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True)
    text = EncryptedField(null=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "channel", "provider_id"], name="messaging_reply_once"),
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="messaging_reply_subject"),
            models.Index(
                fields=["channel", "about"],
                name="messaging_reply_waiting",
                condition=Q(message_id__isnull=True) & ~Q(about=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.at}"


class ChannelPace(models.Model):
    """How many messages a channel may send at once: a token bucket that all processes share (限速)."""

    code = CodeField(max_length=32, primary_key=True)
    tokens = models.FloatField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.code} {self.tokens:.1f}"
