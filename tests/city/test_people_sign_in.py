"""Signing in, staying in, being let out."""

import json
from datetime import date, timedelta

import pytest
from django.conf import Settings
from django.test import Client

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions
from shanzhi.city.people.models import DeskSession, SignInGuard
from shanzhi.city.people.sessions import token_hash

pytestmark = pytest.mark.once

PASSWORD = "Spring-2026"
ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"
OTHER = "Autumn-2026"


@pytest.fixture
def account(town, post_kinds, at):
    made = actions.create_account("wang.min", "王敏", PASSWORD, actor=SYSTEM, at=at)
    actions.appoint(made.id, "acceptor", town["900101"], from_on=date(2026, 1, 1), actor=SYSTEM, at=at)
    return made


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True)


def enter(client, username="wang.min", password=PASSWORD):
    body = json.dumps({"username": username, "password": password})
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else ""
    return client.post("/api/session", body, content_type="application/json", headers={"X-CSRFToken": token})


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_sign_in_tells_name_posts_and_capabilities(account, client):
    expected = {
        "name": "王敏",
        "username": "wang.min",
        "posts": [
            {
                "kind": "acceptor", "kind_zh": "受理员", "kind_en": "Acceptor", "place_name": "东区",
                "unit_name": "",
            }
        ],
        "capabilities": [
            "case.accept", "case.ask_void", "case.merge", "case.reveal", "case.urge", "case.view",
            "catalogue.view", "place.view",
        ],
    }  # fmt: skip
    answer = enter(client, " Wang.Min ")
    me = answer.json()
    assert (answer.status_code, me) == (200, expected)
    assert client.get("/api/me").json() == me
    assert client.cookies["shanzhi_session"]["httponly"] is True


def test_passwords_are_hashed_by_argon2(db, client, settings, at):
    """The only hasher of the program's own settings; other tests take a quicker one."""
    settings.PASSWORD_HASHERS = [ARGON2, *settings.PASSWORD_HASHERS]
    assert Settings("shanzhi.edge.settings").PASSWORD_HASHERS == [ARGON2]
    made = actions.create_account("li.na", "李娜", PASSWORD, actor=SYSTEM, at=at)
    assert made.password.startswith("argon2$argon2id$")
    assert enter(client, "li.na").status_code == 200
    assert enter(Client(enforce_csrf_checks=True), "li.na", OTHER).status_code == 401


def test_nobody_is_told_so_and_gets_the_csrf_cookie(db, client):
    answer = client.get("/api/me")
    assert code(answer) == (401, "sign-in-required")
    assert len(client.cookies["csrftoken"].value) >= 32


def test_sign_out_ends_the_session_in_the_store(account, client):
    enter(client)
    key = client.cookies["shanzhi_session"].value
    refused = client.delete("/api/session")
    assert code(refused) == (403, "csrf-failed")
    assert client.get("/api/me").status_code == 200
    token = client.cookies["csrftoken"].value
    assert client.delete("/api/session", headers={"X-CSRFToken": token}).status_code == 204
    assert not DeskSession.objects.filter(hash=token_hash(key)).exists()
    client.cookies["shanzhi_session"] = key
    assert code(client.get("/api/me")) == (401, "sign-in-required")
    assert client.delete("/api/session").status_code == 204


def test_the_session_key_and_the_csrf_token_change_at_sign_in(account, client):
    client.get("/api/me")
    token = client.cookies["csrftoken"].value
    enter(client)
    first = client.cookies["shanzhi_session"].value
    assert client.cookies["csrftoken"].value != token
    enter(client)
    assert client.cookies["shanzhi_session"].value != first
    assert not DeskSession.objects.filter(hash=token_hash(first)).exists()


def test_wrong_name_and_wrong_password_look_alike(account, client):
    answers = [enter(client, password="wrong"), enter(client, username="nobody")]
    assert [code(answer) for answer in answers] == [(401, "sign-in-failed")] * 2
    assert answers[0].json() == answers[1].json()
    assert client.get("/api/me").status_code == 401


@pytest.mark.parametrize("username", ["wang.min", "nobody"])
def test_five_failures_lock_the_name_for_fifteen_minutes(account, client, clock, username):
    for _ in range(4):
        assert code(enter(client, username, "wrong")) == (401, "sign-in-failed")
    locked = enter(client, username, "wrong")
    assert code(locked) == (423, "account-locked")
    assert locked.json()["error"]["params"] == {"minutes": 15}
    clock.advance(timedelta(minutes=14, seconds=59))
    assert enter(client, username).json()["error"]["params"] == {"minutes": 1}
    clock.advance(timedelta(seconds=1))
    assert enter(client, username).status_code == (200 if username == "wang.min" else 401)


def test_a_right_password_starts_the_count_again(account, client):
    for _ in range(2):
        for _ in range(4):
            assert code(enter(client, password="wrong")) == (401, "sign-in-failed")
        assert enter(client).status_code == 200


def test_old_failures_are_forgotten(account, client, clock):
    for _ in range(4):
        enter(client, password="wrong")
    clock.advance(timedelta(minutes=15))
    assert code(enter(client, password="wrong")) == (401, "sign-in-failed")
    enter(client, username="nobody", password="wrong")
    assert SignInGuard.objects.count() == 2
    clock.advance(timedelta(minutes=16))
    enter(client, username="somebody", password="wrong")
    assert SignInGuard.objects.count() == 1, "stale rows go"


def test_what_no_password_can_be(account, client):
    tried = [("wang.min", PASSWORD + "x" * 100_000), ("w" * 100_000, PASSWORD), ("", "")]
    answers = [enter(client, *pair) for pair in tried]
    assert [code(answer) for answer in answers] == [(401, "sign-in-failed")] * 3
    assert code(enter(client, "wang.min\0")) == (422, "invalid-input")
    assert client.post("/api/session", "{", content_type="application/json").status_code == 400
    assert client.get("/api/me").status_code == 401


def test_what_is_typed_as_a_name_is_not_kept(account, client):
    enter(client, username="my-secret-Password1")
    assert "secret" not in str(list(SignInGuard.objects.values()))


def test_a_suspended_account_does_not_get_in_and_its_session_ends(account, client, at):
    enter(client)
    actions.set_active(account.id, False, actor=SYSTEM, at=at)
    assert client.get("/api/me").status_code == 401
    assert code(enter(Client())) == (401, "sign-in-failed")


def test_a_new_password_ends_the_sessions_made_with_the_old_one(account, client, at):
    enter(client)
    actions.set_password(account.id, OTHER, actor=SYSTEM, at=at)
    assert client.get("/api/me").status_code == 401
    assert code(enter(Client())) == (401, "sign-in-failed")
    assert enter(Client(), password=OTHER).status_code == 200


def test_half_an_hour_of_silence_ends_the_session(account, client, clock):
    enter(client)
    clock.advance(timedelta(minutes=30))
    assert client.get("/api/me").status_code == 200
    clock.advance(timedelta(minutes=30))
    assert client.get("/api/me").status_code == 200
    clock.advance(timedelta(minutes=30, seconds=1))
    assert client.get("/api/me").status_code == 401


def test_a_page_that_refreshes_itself_does_not_keep_the_session(account, client, clock):
    enter(client)
    clock.advance(timedelta(minutes=20))
    assert client.get("/api/me", headers={"X-Background": "1"}).status_code == 200
    clock.advance(timedelta(minutes=11))
    assert client.get("/api/me").status_code == 401


def test_the_session_is_written_at_most_once_a_minute(account, client, clock, django_assert_num_queries):
    enter(client)
    clock.advance(timedelta(seconds=59))
    # Session with the actor in their posts, user name, posts in words.
    with django_assert_num_queries(3):
        client.get("/api/me")


def test_a_post_is_held_between_its_days(account, town, client, at, clock):
    actions.appoint(
        account.id, "dispatcher", town["900101"], from_on=date(2026, 3, 10), to_on=date(2026, 3, 11),
        actor=SYSTEM, at=at,
    )  # fmt: skip
    found = []
    for _ in range(3):
        me = enter(Client()).json()
        found.append([post["kind"] for post in me["posts"]])
        assert ("case.dispatch" in me["capabilities"]) == ("dispatcher" in found[-1])
        clock.advance(timedelta(days=1))
    assert found == [["acceptor"], ["acceptor", "dispatcher"], ["acceptor"]]


def test_sign_in_is_in_the_security_log_without_names(account, client, monkeypatch):
    from shanzhi.city.people import sign_in as module

    seen = []
    monkeypatch.setattr(module.audit, "record", lambda **event: seen.append(event))
    enter(client, password="wrong")
    enter(client, username="nobody", password="wrong")
    enter(client)
    client.delete("/api/session", headers={"X-CSRFToken": client.cookies["csrftoken"].value})
    own = str(account.id)
    assert [(event["event"], event["subject"]) for event in seen] == [
        ("people.sign-in-failed", own), ("people.sign-in-failed", ""), ("people.signed-in", own),
        ("people.signed-out", own),
    ]  # fmt: skip
    told = str(
        [(event["subject"], event["area"] if "area" in event else "", event["detail"]) for event in seen]
    )
    assert not any(word in told for word in ("wrong", "nobody", PASSWORD, "王敏", "wang.min"))
