"""How somebody is reached outside the app (联系方式): one address a kind, encrypted, for orders alone."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from shanzhi.base.access import Actor
from shanzhi.base.audit import actions as audit
from shanzhi.city.people.models import Contact, ContactKind
from shanzhi.core.kit.errors import InvalidInput

_FORMS = {
    ContactKind.PHONE: re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}"),
    ContactKind.EMAIL: re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+"),
    ContactKind.WECOM: re.compile(r"[A-Za-z0-9_.@-]{1,64}"),
    ContactKind.DINGTALK: re.compile(r"[A-Za-z0-9_.@$:-]{1,64}"),
}
# The kind of address that a channel needs; a channel of another name takes the telephone.
_KINDS = {"wecom": ContactKind.WECOM, "dingtalk": ContactKind.DINGTALK, "email": ContactKind.EMAIL,
          "smtp": ContactKind.EMAIL}  # fmt: skip


def kind_of(channel: str) -> str:
    """The kind of address that a channel sends to."""
    return str(_KINDS.get(channel, ContactKind.PHONE))


def addresses(kind: str, account_ids: Collection[UUID]) -> dict[UUID, str]:
    """Account id -> address, for those who have one. Never to be shown: senders alone read it."""
    found = Contact.objects.filter(kind=kind, account_id__in=account_ids).values_list("account_id", "address")
    return dict(found)


def of_account(account_id: UUID) -> dict[str, str]:
    """Kind -> address of one account, in full: its owner reads it."""
    return dict(Contact.objects.filter(account_id=account_id).values_list("kind", "address"))


def how_many(kind: str, account_ids: Collection[UUID]) -> int:
    """How many of these have an address of the kind."""
    return Contact.objects.filter(kind=kind, account_id__in=account_ids).count()


def set_contacts(account_id: UUID, given: Mapping[str, str], *, actor: Actor, at: datetime) -> None:
    """Set somebody's addresses; "" takes one away. Raises InvalidInput naming the kind."""
    for kind, address in given.items():
        if kind not in ContactKind.values:
            raise InvalidInput(field="kind", reason_zh="没有这种联系方式。", reason_en="No such kind.")
        if address and not _FORMS[ContactKind(kind)].fullmatch(address):
            zh, en = ContactKind(kind).label.split(" ", 1)
            raise InvalidInput(field=kind, reason_zh=f"“{zh}”的格式不对。", reason_en=f"{en} is not valid.")
    with transaction.atomic():
        for kind, address in given.items():
            if address:
                Contact.objects.update_or_create(
                    account_id=account_id, kind=kind,
                    defaults={"address": address, "set_at": at, "set_by": actor.name[:60]},
                )  # fmt: skip
            else:
                Contact.objects.filter(account_id=account_id, kind=kind).delete()
        audit.record(
            actor=actor, event="account.contacts-set", subject=str(account_id),
            detail={"kinds": sorted(given)}, at=at,
        )  # fmt: skip
