"""Tables of units, accounts and posts. All are reference tables: the same rows serve every area."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from shanzhi.base.rows import CodeField
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7


class Unit(models.Model):
    """A body that answers for matters (单位): a bureau, a company, a street office's team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = CodeField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Account(AbstractBaseUser):
    """Somebody who signs in (账号). What they may do comes from their posts alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = CodeField(max_length=32, unique=True)
    display_name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    password_changed_at = models.DateTimeField()

    objects = BaseUserManager()

    USERNAME_FIELD = "username"

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.username


class SignInGuard(models.Model):
    """Wrong passwords lately given for a user name, known or not.

    `key` is a keyed hash of the name: what people type there by mistake is not kept.
    """

    key = CodeField(max_length=64, primary_key=True)
    failed_attempts = models.PositiveSmallIntegerField(default=0)
    last_failed_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["last_failed_at"], name="people_guard_failed")]


class PostKind(models.Model):
    """A kind of post (岗位类型) and what it may do.

    `for_unit`: it stands for a unit and sees that unit's work. `board`: its role on the notice board of a grid
    (公示牌), where kinds stand in the order of the pack; empty: not on it. `appointed_by`: the capability that lets
    others than account managers appoint to it.
    """

    code = CodeField(max_length=32, primary_key=True)
    zh = models.CharField(max_length=40)
    en = models.CharField(max_length=60)
    for_unit = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    capabilities = ArrayField(CodeField(max_length=32))
    board = CodeField(max_length=16, blank=True, default="", db_default="")
    duties_zh = models.CharField(max_length=200, blank=True, default="", db_default="")
    duties_en = models.CharField(max_length=400, blank=True, default="", db_default="")
    appointed_by = CodeField(max_length=32, blank=True, default="", db_default="")

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.zh


class Post(models.Model):
    """An account in a kind of post at a place (任职), from one day until before another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="posts", db_index=False)
    kind = models.ForeignKey(PostKind, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        ordering = ["from_on", "id"]
        indexes = [
            models.Index(fields=["account", "from_on"], name="people_post_account"),
            models.Index(fields=["place", "kind"], name="people_post_place"),
            models.Index(fields=["unit"], condition=Q(unit__isnull=False), name="people_post_unit"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")), name="people_post_span"
            )
        ]


class ContactKind(models.TextChoices):
    """How somebody is reached outside the app."""

    PHONE = "phone", "手机 Telephone"
    WECOM = "wecom", "企业微信号 WeCom user id"
    DINGTALK = "dingtalk", "钉钉号 DingTalk user id"
    EMAIL = "email", "邮箱 E-mail"


class Contact(models.Model):
    """An address at which an account is reached when it does not answer in the app (联系方式).

    `address` is personal data (个人信息, ordinary class), kept encrypted, for one purpose: orders reach whoever
    has a duty. Senders read it; a person who rings somebody up sees it against a reason, which is recorded.
    Lifetime: that of the account; its owner may take it away.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contacts", db_index=False)
    kind = CodeField(max_length=10, choices=ContactKind.choices)
    address = EncryptedField()
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=60)

    class Meta:
        ordering = ["account", "kind"]
        constraints = [models.UniqueConstraint(fields=["account", "kind"], name="people_contact_kind")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}"


class DeskSession(models.Model):
    """A desk signed in (会话). Only the hash of the cookie is kept: a copy of the table opens no desk."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hash = models.BinaryField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="desk_sessions")
    fingerprint = CodeField(max_length=64)
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["seen_at"], name="people_desksession_seen")]


class DeviceToken(models.Model):
    """A phone that an account signs in with (设备令牌). Only the hash of the token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hash = models.BinaryField(max_length=32, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="device_tokens")
    device_name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]


class ApiKey(models.Model):
    """A partner's program (接口密钥), with the capabilities that it was given. Only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hash = models.BinaryField(max_length=32, unique=True)
    name = models.CharField(max_length=60)
    scopes = ArrayField(CodeField(max_length=32))
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
