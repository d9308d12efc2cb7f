"""Phones and partners: bearer tokens."""

from datetime import date, timedelta

import pytest
from django.test import RequestFactory

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import ACCOUNT_MANAGE, CASE_VIEW, SECURITY_MANAGE
from shanzhi.city.people import actions, queries
from shanzhi.city.people.models import ApiKey, DeviceToken
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

PASSWORD = "Spring-2026"


@pytest.fixture
def account(town, post_kinds, at):
    made = actions.create_account("wang.min", "王敏", PASSWORD, actor=SYSTEM, at=at)
    actions.appoint(made.id, "grid_worker", town["900101001"], from_on=date(2026, 1, 1), actor=SYSTEM, at=at)
    return made


def asked_with(token, at):
    return queries.actor_for_request(
        RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}), at
    )


def test_a_phone_acts_as_its_owner(account, at):
    token = actions.issue_device_token(account.id, "工作手机", actor=SYSTEM, at=at)
    kept = DeviceToken.objects.get()
    assert len(token) >= 43 and len(kept.hash) == 32
    assert token.encode() not in bytes(kept.hash)
    actor = asked_with(token, at)
    assert (actor.account_id, actor.channel, [post.kind for post in actor.posts]) == (
        account.id, "phone", ["grid_worker"],
    )  # fmt: skip
    assert DeviceToken.objects.get().last_used_at == at
    asked_with(token, at + timedelta(minutes=4))
    assert DeviceToken.objects.get().last_used_at == at
    asked_with(token, at + timedelta(minutes=5))
    assert DeviceToken.objects.get().last_used_at == at + timedelta(minutes=5)
    for wrong in (token[:-1], token.lower(), "", "szd_", "szk_" + token[4:], "令牌"):
        assert asked_with(wrong, at) is None


def test_a_token_ends_when_revoked_or_with_the_password_or_the_account(account, at):
    first, second, third = (
        actions.issue_device_token(account.id, name, actor=SYSTEM, at=at) for name in ("一", "二", "三")
    )
    own = asked_with(first, at)
    actions.revoke_device_token(DeviceToken.objects.get(device_name="一").id, actor=own, at=at)
    assert [asked_with(token, at) is None for token in (first, second)] == [True, False]
    actions.set_active(account.id, False, actor=SYSTEM, at=at)
    assert asked_with(second, at) is None
    actions.set_active(account.id, True, actor=SYSTEM, at=at)
    assert asked_with(second, at) is not None
    actions.set_password(account.id, "Autumn-2026", actor=SYSTEM, at=at)
    assert [asked_with(token, at) for token in (second, third)] == [None, None]


def test_tokens_of_others(account, town, at, post_at, counted):
    actions.issue_device_token(account.id, "手机", actor=SYSTEM, at=at)
    token_id = DeviceToken.objects.get().id
    before = counted()
    with pytest.raises(Refused):
        actions.issue_device_token(account.id, "手机", actor=post_at(town["900101"], CASE_VIEW), at=at)
    with pytest.raises(NotFound):
        actions.issue_device_token(account.id, "手机", actor=post_at(town["900102"], ACCOUNT_MANAGE), at=at)
    with pytest.raises(Refused):
        actions.revoke_device_token(token_id, actor=post_at(town["900101"], CASE_VIEW), at=at)
    with pytest.raises(NotFound):
        actions.revoke_device_token(token_id, actor=post_at(town["900102"], ACCOUNT_MANAGE), at=at)
    with pytest.raises(NotFound):
        actions.revoke_device_token(account.id, actor=SYSTEM, at=at)
    with pytest.raises(InvalidInput):
        actions.issue_device_token(account.id, " ", actor=SYSTEM, at=at)
    assert counted() == before


def test_a_partner_has_the_scopes_of_its_key(town, at, post_at, counted):
    before = counted()
    for scopes, actor, error in (
        (frozenset({CASE_VIEW}), post_at(town["900101"], ACCOUNT_MANAGE), Refused),
        (frozenset(), SYSTEM, InvalidInput),
        (frozenset({"case.eat"}), SYSTEM, InvalidInput),
    ):
        with pytest.raises(error):
            actions.issue_api_key("热线", scopes, actor=actor, at=at)
    assert counted() == before
    security = post_at(town["900101"], SECURITY_MANAGE)
    key = actions.issue_api_key("热线", frozenset({CASE_VIEW}), actor=security, at=at)
    actor = asked_with(key, at)
    assert (actor.account_id, actor.name, actor.channel, actor.posts) == (None, "热线", "partner", ())
    assert actor.all_capabilities == {CASE_VIEW}
    actions.revoke_api_key(ApiKey.objects.get().id, actor=security, at=at)
    assert asked_with(key, at) is None
    with pytest.raises(NotFound):
        actions.revoke_api_key(ApiKey.objects.get().id, actor=security, at=at)
