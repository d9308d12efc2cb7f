"""WeCom, DingTalk, SMS and calls over HTTP, and e-mail, against servers that speak their formats."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.edge.channel_servers import HttpProvider, http_provider

from shanzhi.base.messaging.addresses import digest
from shanzhi.base.messaging.channels import Letter
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.exchange.channels import dingtalk as dingtalk_module
from shanzhi.edge.exchange.channels import wecom as wecom_module
from shanzhi.edge.exchange.channels.dingtalk import DingTalkChannel
from shanzhi.edge.exchange.channels.mapped import MappedChannel
from shanzhi.edge.exchange.channels.mapping import Answers, Signing
from shanzhi.edge.exchange.channels.smtp import SmtpChannel
from shanzhi.edge.exchange.channels.wecom import WeComChannel

pytestmark = pytest.mark.once

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_call_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that requests can be told by their order."""
    monkeypatch.setattr(wecom_module, "CONNECTIONS", 1)
    monkeypatch.setattr(dingtalk_module, "CONNECTIONS", 1)


def letter(address: str, text: str = "有新指令。", link: str = "https://city.example/o/1") -> Letter:
    return Letter("510107", uuid7(), 1, address, text, link)


def told(outcomes: list[Any]) -> list[tuple[str, str, bool]]:
    return [(one.result, one.code, one.retriable) for one in outcomes]


class Office:
    """The token and message endpoints that WeCom and DingTalk have alike; `says` are the next answers."""

    def __init__(self) -> None:
        self.tokens = 0
        self.says: list[Any] = []
        self.good = ""

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        if "gettoken" in path:
            assert method == "GET"
            query = dict(parse_qsl(urlsplit(path).query))
            if "wrong" in query.values():
                return {"errcode": 40001, "errmsg": "invalid credential"}
            self.tokens += 1
            self.good = f"T{self.tokens}"
            return {"errcode": 0, "errmsg": "ok", "access_token": self.good, "expires_in": 7200}
        assert (method, headers["Content-Type"]) == ("POST", "application/json; charset=utf-8")
        if f"access_token={self.good}" not in path:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        return self.says.pop(0) if self.says else {"errcode": 0, "errmsg": "ok", "msgid": "M", "task_id": 77}


def bodies(provider: HttpProvider) -> list[Any]:
    return [json.loads(body) for method, _, _, body in provider.seen if method == "POST"]


def wecom(provider: HttpProvider, clock: FixedClock | None = None, **options: Any) -> WeComChannel:
    given: dict[str, Any] = {
        "corp_id": "ww1",
        "corp_secret": "s",
        "agent_id": 1000002,
        "timeout_seconds": 0.2,
    }
    return WeComChannel("wecom", base_url=provider.url, clock=clock or FixedClock(AT), **(given | options))


def test_wecom_sends_one_card_to_many_and_names_who_is_invalid() -> None:
    office = Office()
    office.says = [
        {"errcode": 0, "errmsg": "ok", "invaliduser": "lisi", "unlicenseduser": "wangwu", "msgid": "M1"}
    ]
    with http_provider(office) as provider:
        outcomes = wecom(provider).send([letter("zhangsan"), letter("LiSi"), letter("wangwu")])
        [body] = bodies(provider)
    assert told(outcomes) == [
        ("accepted", "", False), ("refused", "invalid-user", False), ("refused", "invalid-user", False),
    ]  # fmt: skip
    assert outcomes[0].provider_ids == ("M1",)
    assert body == {
        "touser": "zhangsan|LiSi|wangwu", "agentid": 1000002, "msgtype": "textcard", "enable_duplicate_check": 1,
        "duplicate_check_interval": 1800,
        "textcard": {"title": "善治", "description": "有新指令。", "url": "https://city.example/o/1"},
    }  # fmt: skip


def test_wecom_keeps_its_token_and_renews_one_that_is_refused() -> None:
    office, clock = Office(), FixedClock(AT)
    with http_provider(office) as provider:
        line = wecom(provider, clock)
        for _ in range(3):
            assert told(line.send([letter("a", link="")])) == [("accepted", "", False)]
        assert office.tokens == 1
        office.good = "revoked"
        assert told(line.send([letter("a", link="")])) == [("accepted", "", False)]
        assert office.tokens == 2
        clock.advance(timedelta(seconds=7000))
        line.send([letter("a", link="")])
        assert office.tokens == 3
        assert bodies(provider)[0]["text"] == {"content": "有新指令。"}
        office.says = [{"errcode": 42001}, {"errcode": 42001}]
        assert told(line.send([letter("a")])) == [("refused", "42001", True)]


def test_wecom_splits_by_text_and_by_a_thousand() -> None:
    with http_provider(Office()) as provider:
        many = [letter(f"u{n}", link="") for n in range(1001)] + [letter("x", text="另一条", link="")]
        assert len(wecom(provider).send(many)) == 1002
        assert [len(body["touser"].split("|")) for body in bodies(provider)] == [1000, 1, 1]


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        ({"errcode": 45009, "errmsg": "freq"}, ("refused", "45009", True)),
        ({"errcode": -1}, ("refused", "-1", True)),
        ({"errcode": 81013}, ("refused", "invalid-user", False)),
        ({"errcode": 60020}, ("refused", "60020", False)),
        (b"<html>gateway</html>", ("unreachable", "unreadable-answer", True)),
        ([1], ("unreachable", "unreadable-answer", True)),
        ({"errmsg": "?"}, ("unreachable", "unreadable-answer", True)),
        ((502, {}), ("unreachable", "http-502", True)),
    ],
)
def test_what_the_offices_answer_is_understood(says: Any, wanted: tuple[str, str, bool]) -> None:
    for make in (wecom, dingtalk):
        office = Office()
        office.says = [says]
        with http_provider(office) as provider:
            found = told(make(provider).send([letter("a")]))
        if make is dingtalk and isinstance(says, dict) and says.get("errcode") in (45009, 81013):
            continue  # codes of the other
        assert found == [wanted]


def test_wrong_credentials_silence_and_a_closed_door_are_tried_again() -> None:
    with http_provider(Office()) as provider:
        assert told(wecom(provider, corp_secret="wrong").send([letter("a")])) == [
            ("unreachable", "token-40001", True)
        ]
    assert told(wecom(provider).send([letter("a")]))[0][::2] == ("unreachable", True)
    slow = threading.Event()

    def late(*_: Any) -> Any:
        slow.wait(1)
        return {}

    with http_provider(late) as provider:
        assert told(wecom(provider, timeout_seconds=0.05).send([letter("a")])) == [
            ("timeout", "no-answer", True)
        ]
        slow.set()


def dingtalk(provider: HttpProvider, **options: Any) -> DingTalkChannel:
    given: dict[str, Any] = {"app_key": "k", "app_secret": "s", "agent_id": 5, "timeout_seconds": 0.2}
    return DingTalkChannel("dingtalk", base_url=provider.url, clock=FixedClock(AT), **(given | options))


def test_dingtalk_sends_by_hundreds_and_asks_for_the_results() -> None:
    office = Office()
    office.says = [{"errcode": 0, "task_id": 11}, {"errcode": 0, "task_id": 12}]
    with http_provider(office) as provider:
        line = dingtalk(provider)
        outcomes = line.send([letter(f"u{n}", link="") for n in range(101)])
        sent = bodies(provider)
        assert [(len(one["userid_list"].split(",")), one["agent_id"], one["msg"]) for one in sent] == [
            (100, 5, {"msgtype": "text", "text": {"content": "有新指令。"}}),
            (1, 5, {"msgtype": "text", "text": {"content": "有新指令。"}}),
        ]
        assert outcomes[100].provider_ids == (f"12/{digest('u100')}",)
        assert "u100" not in outcomes[100].provider_ids[0]
        result = {"invalid_user_id_list": ["u1"], "read_user_id_list": ["u0"], "unread_user_id_list": ["u2"]}
        office.says = [{"errcode": 0, "send_result": result}, {"errcode": 0, "send_result": {}}]
        found = line.collect(
            [outcomes[0].provider_ids[0], outcomes[1].provider_ids[0], outcomes[100].provider_ids[0]]
        )
        assert {(one.provider_id, one.state, one.code) for one in found.reports} == {
            (f"11/{digest('u0')}", "delivered", ""), (f"11/{digest('u2')}", "delivered", ""),
            (f"11/{digest('u1')}", "failed", "invalid"),
        }  # fmt: skip
        assert [one["task_id"] for one in bodies(provider)[2:]] == [11, 12]


def sms(provider: HttpProvider, **options: Any) -> MappedChannel:
    given: dict[str, Any] = {
        "fields": {"mobile": "{phone}", "template": "T1", "params": {"content": "{text}", "url": "{link}"}},
        "answers": Answers("code", ("0", "OK"), "data.0.id", "code", ("BUSY",)),
        "secret_values": {"account": "city", "key": "k1"}, "timeout_seconds": 0.2, "connections": 4,
    }  # fmt: skip
    return MappedChannel("sms", url=f"{provider.url}/send?v=1", clock=FixedClock(AT), **(given | options))


def test_sms_by_mapping_in_json_with_a_signature_over_the_body() -> None:
    signing = Signing("hmac-sha256", "{account}{time}{body}", key="{key}", header="X-Sign")
    with http_provider(lambda *_: {"code": 0, "data": [{"id": 9001}]}) as provider:
        line = sms(provider, signing=signing, headers={"X-Account": "{account}", "X-Time": "{time}"})
        [outcome] = line.send([letter("13900000001")])
        line.close()
    [(method, path, headers, body)] = provider.seen
    assert (outcome.result, outcome.provider_ids, method, path) == (
        "accepted",
        ("9001",),
        "POST",
        "/send?v=1",
    )
    assert json.loads(body) == {
        "mobile": "13900000001", "template": "T1",
        "params": {"content": "有新指令。", "url": "https://city.example/o/1"},
    }  # fmt: skip
    stamp = str(int(AT.timestamp()))
    wanted = hmac.new(b"k1", b"city" + stamp.encode() + body, hashlib.sha256).hexdigest()
    assert (headers["X-Account"], headers["X-Time"], headers["X-Sign"]) == ("city", stamp, wanted)


def test_sms_as_a_form_with_a_signature_in_a_field() -> None:
    signing = Signing("md5", "{account}{key}{phone}", field="sign")
    with http_provider(lambda *_: {"code": "OK"}) as provider:
        line = sms(provider, signing=signing, body="form")
        [outcome] = line.send([letter("13900000001")])
        line.close()
    sent = dict(parse_qsl(provider.seen[0][3].decode()))
    assert sent["sign"] == hashlib.md5(b"cityk113900000001").hexdigest()
    assert json.loads(sent["params"])["content"] == "有新指令。"
    # A provider that gives no id: the message's own, so that a report can still be matched.
    assert outcome.provider_ids == (str(outcome.letter.id),)


def test_sms_outcomes_stay_with_their_letters() -> None:
    def reply(_: str, __: str, ___: dict[str, str], body: bytes) -> Any:
        return {
            "1": {"code": "OK", "data": [{"id": "a"}]}, "2": {"code": "BUSY"}, "3": {"code": "BLACKLIST"},
            "4": b"oops", "5": {"unexpected": 1}, "6": (429, {}),
        }[json.loads(body)["mobile"]]  # fmt: skip

    with http_provider(reply) as provider:
        line = sms(provider)
        found = told(line.send([letter(name) for name in "123456"]))
        line.close()
    assert found == [
        ("accepted", "", False), ("refused", "BUSY", True), ("refused", "BLACKLIST", False),
        ("unreachable", "unreadable-answer", True), ("unreachable", "unreadable-answer", True),
        ("unreachable", "http-429", True),
    ]  # fmt: skip


@contextmanager
def mail_server(refuse: dict[bytes, bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """A small SMTP server for one connection; `refuse` answers RCPT TO that hold a key."""
    listener, mails = socket.create_server(("127.0.0.1", 0)), []

    def serve() -> None:
        line, _ = listener.accept()
        with line, line.makefile("rwb", buffering=0) as talk:
            talk.write(b"220 ready\r\n")
            for said in talk:
                verb = said[:4].upper()
                if verb == b"DATA":
                    talk.write(b"354 go on\r\n")
                    mail = b"".join(iter(talk.readline, b".\r\n"))
                    mails.append(mail)
                elif verb == b"QUIT":
                    talk.write(b"221 bye\r\n")
                    return
                refused = [answer for key, answer in refuse.items() if verb == b"RCPT" and key in said]
                talk.write(refused[0] + b"\r\n" if refused else b"250 ok\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], mails
    thread.join(2)
    listener.close()


def test_mail_is_sent_and_refusals_are_told_apart() -> None:
    with mail_server({b"gone": b"550 no such user", b"full": b"452 try later"}) as (port, mails):
        line = SmtpChannel(
            "mail", host="127.0.0.1", port=port, sender="duty@city.example", clock=FixedClock(AT), security="none",
            timeout_seconds=1,
        )  # fmt: skip
        outcomes = line.send(
            [letter("a@city.example"), letter("gone@city.example"), letter("full@city.example")]
        )
    assert told(outcomes) == [
        ("accepted", "", False),
        ("refused", "smtp-550", False),
        ("refused", "smtp-452", True),
    ]
    assert len(mails) == 1 and b"To: a@city.example" in mails[0]
    assert told(line.send([letter("a@city.example")]))[0][::2] == ("unreachable", True)


def test_mail_goes_over_tls_or_not_at_all() -> None:
    with mail_server({}) as (port, mails):
        line = SmtpChannel(
            "mail",
            host="127.0.0.1",
            port=port,
            sender="duty@city.example",
            clock=FixedClock(AT),
            timeout_seconds=1,
        )
        assert told(line.send([letter("a@city.example")]))[0][::2] == ("unreachable", True)
    assert mails == []
