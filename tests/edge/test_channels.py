"""From the queue through a sender and a channel to the provider, and back through reports."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from tests.edge.channel_servers import Gateway, http_provider

from shanzhi.base.messaging import actions, channels, queries, sender
from shanzhi.base.messaging.actions import Wanted
from shanzhi.base.messaging.channels import Arrived, Letter, Outcome
from shanzhi.base.messaging.models import Attempt, Message, Reply
from shanzhi.core.kit.clock import FixedClock, SystemClock
from shanzhi.edge.cli import main
from shanzhi.edge.exchange.channels.configuration import build, configure
from shanzhi.edge.exchange.channels.sink import SinkChannel

pytestmark = pytest.mark.once

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)  # as the clock of conftest


def queued(count: int, channel: str = "sms", **changes: Any) -> None:
    actions.queue(
        [
            Wanted(
                "510107", "account", UUID(int=n), channel, UUID(int=1000 + n), "order/1", "order", "有新指令。",
                "https://city.example/o/1", f"1390000{n:04d}", **changes,
            )
            for n in range(count)
        ],
        AT,
    )  # fmt: skip


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for counts in queries.counts("order/1").values():
        for name, number in vars(counts).items():
            found[name] = found.get(name, 0) + number
    return {name: number for name, number in found.items() if number}


def sms(url: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "sms", "url": url, "rate_per_second": 10, "connections": 4, "timeout_seconds": 0.2,
        "fields": {"mobile": "{phone}", "content": "{sentence}", "key": "{account}"},
        "answers": {"ok": "code", "ok_values": [0], "id": "id"}, "secrets": {"account": "TEST_SMS_ACCOUNT"}, **more,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TEST_SMS_ACCOUNT", "city")
    monkeypatch.setenv("TEST_REPORT_SECRET", "s3cret")
    yield
    for code in channels.registered():
        channels.unregister(code)


class Recorder:
    """A channel that keeps what it carried, and does what it is told in the middle of it."""

    code, rate_per_second, batch_size, lease_seconds = "sms", 1000.0, 20, 60.0
    collect_every_seconds, asks = 1.0, False

    def __init__(self, during: Any = None) -> None:
        self.carried: list[UUID] = []
        self.during = during

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        self.carried += [one.id for one in letters]
        if self.during:
            self.during()
        return [Outcome(one, "accepted", (str(one.id),)) for one in letters]

    def collect(self, waiting: Sequence[str]) -> Arrived:
        return Arrived()

    def close(self) -> None:
        return


@pytest.mark.django_db
def test_a_drill_is_delivered_by_the_sink_at_once(clock: FixedClock) -> None:
    queued(30, drill=True)
    assert sender.Desk(SinkChannel(clock), clock).step() == 30
    assert states() == {"delivered": 30}
    assert set(Attempt.objects.values_list("channel", flat=True)) == {"sink"}


@pytest.mark.django_db
def test_sms_goes_out_at_its_rate_and_reports_come_in(clock: FixedClock, settings: Any) -> None:
    with http_provider(
        lambda _, __, ___, body: {"code": 0, "id": "p" + json.loads(body)["mobile"]}
    ) as provider:
        settings.SHANZHI_CHANNELS = {"sms": sms(provider.url)}
        lines, errors = configure(clock)
        assert (lines[1].split()[:3], errors) == (["sms:", "sms", "10/s"], [])
        queued(25)
        desk = sender.Desk(channels.registered()["sms"], clock)
        assert [desk.step(), desk.step()] == [10, 0]
        assert {json.loads(body)["content"] for *_, body in provider.seen} == {
            "有新指令。 https://city.example/o/1"
        }
        clock.advance(timedelta(seconds=1))
        assert [desk.step(), desk.step()] == [10, 0]
    assert states() == {"sent": 20, "queued": 5}
    assert sorted(queries.awaiting("sms", AT - timedelta(hours=1)))[0] == "p13900000000"


@pytest.mark.django_db
def test_a_sender_killed_before_it_recorded_sends_again_only_after_the_lease(clock: FixedClock) -> None:
    queued(3)

    def killed() -> None:
        raise SystemExit

    dying, next_one = Recorder(killed), Recorder()
    with pytest.raises(SystemExit):
        sender.Desk(dying, clock).step()
    assert states() == {"sending": 3}
    clock.advance(timedelta(seconds=59))
    assert sender.Desk(next_one, clock).step() == 0
    assert [one.state for one in queries.missing(clock.now(), -10)] == ["sending"]
    clock.advance(timedelta(seconds=1))
    assert sender.Desk(next_one, clock).step() == 3
    assert sorted(next_one.carried) == sorted(dying.carried)
    assert states() == {"sent": 3}
    assert set(Attempt.objects.values_list("number", flat=True)) == {2}


@pytest.mark.django_db
def test_a_channel_that_breaks_off_loses_nothing_and_tells_no_address(clock: FixedClock, caplog: Any) -> None:
    queued(2)

    def broken() -> None:
        raise ValueError("cannot reach 13900000001")

    with caplog.at_level(logging.DEBUG):
        sender.Desk(Recorder(broken), clock).step()
    assert "ValueError" in caplog.text and "1390000" not in caplog.text
    assert states() == {"queued": 2}
    clock.advance(timedelta(seconds=5))
    assert sender.Desk(Recorder(), clock).step() == 2
    assert states() == {"sent": 2}


@pytest.mark.django_db(transaction=True)
def test_two_senders_never_send_the_same_message_twice() -> None:
    queued(200)
    stop, clock = threading.Event(), SystemClock()
    both = [Recorder(), Recorder()]
    threads = [threading.Thread(target=sender.run, args=(stop, clock, [one])) for one in both]
    for thread in threads:
        thread.start()
    for _ in range(500):
        if states().get("sent") == 200:
            break
        threading.Event().wait(0.01)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert states() == {"sent": 200}
    carried = both[0].carried + both[1].carried
    assert len(carried) == len(set(carried)) == 200
    # One of the two holds the channel; the other waits for it.
    assert sorted(len(one.carried) for one in both) == [0, 200]
    assert sender.take_lock("sms")
    sender.release_lock("sms")
    connection.close()


@pytest.mark.django_db
def test_cmpp_from_the_queue_to_the_reply(clock: FixedClock, settings: Any) -> None:
    gateway = Gateway("city")
    settings.SHANZHI_CHANNELS = {
        "cmpp": {
            "kind": "cmpp", "host": "127.0.0.1", "port": gateway.port, "signature": "示例城", "timeout_seconds": 1,
            "account": {"source": 901234, "service": "SVC", "number": 10690001},
            "secrets": {"secret": "TEST_SMS_ACCOUNT"},
        }
    }  # fmt: skip
    configure(clock)
    queued(2, "cmpp")
    desk = sender.Desk(channels.registered()["cmpp"], clock)
    assert desk.step() == 2
    assert states() == {"sent": 2}
    gateway.report(1, "00000000000000a1", "DELIVRD", "13900000000")
    gateway.report(2, "00000000000000a2", "EXPIRED", "13900000001")
    gateway.deliver(3, "13900000000", "收到".encode("utf-16-be"), report=0)
    for _ in range(200):
        clock.advance(timedelta(seconds=1))
        desk.step()
        if len(gateway.acknowledged) == 3:
            break
        threading.Event().wait(0.005)
    gateway.close()
    assert states() == {"delivered": 1, "failed": 1}
    assert Message.objects.get(state="failed").reason == "EXPIRED"
    assert [reply.text for reply in queries.replies_to(UUID(int=1000))] == ["收到"]


REPORT = {"secret": "report", "header": "X-Report-Secret"}
SMS_REPORT = {
    "id": "biz_id", "state": "success", "delivered": [True], "code": "err_code", "text": "content",
    "sender": "phone_number",
}  # fmt: skip


def post(
    body: bytes, content_type: str = "application/json", query: str = "", **headers: str
) -> tuple[int, Any]:
    response = Client().post(
        f"/api/channels/sms/report{query}", body, content_type=content_type, headers=headers or None
    )
    return response.status_code, response.content


def with_report(settings: Any, **report: Any) -> None:
    named = {"account": "TEST_SMS_ACCOUNT", "report": "TEST_REPORT_SECRET"}
    settings.SHANZHI_CHANNELS = {"sms": sms("http://127.0.0.1:9", report=report, secrets=named)}


def sent(*ids: str) -> None:
    queued(len(ids))
    letters = sorted(actions.take("sms", 100, AT, rate=1000, lease_seconds=60), key=lambda one: one.address)
    actions.record([Outcome(one, "accepted", (id,)) for one, id in zip(letters, ids, strict=True)], AT)


@pytest.mark.django_db
def test_reports_need_the_channels_secret(settings: Any) -> None:
    sent("b1")
    body = json.dumps([{"biz_id": "b1", "success": True}]).encode()
    assert post(body)[0] == 404
    with_report(settings, **REPORT, **SMS_REPORT)
    for headers in ({}, {"X-Report-Secret": "other"}, {"X-Report-Secret": "ß"}):
        assert post(body, **headers)[0] == 404
    assert states() == {"sent": 1}
    assert post(b"{", **{"X-Report-Secret": "s3cret"})[0] == 422
    assert post(b"[" + b" " * 1_000_001, **{"X-Report-Secret": "s3cret"})[0] == 422
    assert post(body, **{"X-Report-Secret": "s3cret"}) == (200, b'{"code": 0, "msg": "ok"}')
    assert states() == {"delivered": 1}


@pytest.mark.django_db
def test_reports_and_replies_in_a_json_list(settings: Any) -> None:
    sent("b1", "b2")
    with_report(settings, **REPORT, **SMS_REPORT)
    items = [
        {"biz_id": "b1", "success": True, "err_code": "DELIVERED", "phone_number": "13900000000"},
        {"biz_id": "b2", "success": False, "err_code": "MK:0001"}, {"biz_id": "", "success": True}, 5,
        {"phone_number": "13900000001", "content": "收到", "sequence_id": 1},
    ]  # fmt: skip
    for _ in range(2):
        assert post(json.dumps(items).encode(), **{"X-Report-Secret": "s3cret"})[0] == 200
    assert states() == {"delivered": 1, "failed": 1}
    assert Message.objects.get(state="failed").reason == "MK:0001"
    assert [reply.text for reply in Reply.objects.all()] == ["收到"]


@pytest.mark.django_db
def test_reports_as_a_form_signed_over_the_body(settings: Any) -> None:
    sent("9527")
    with_report(
        settings, secret="report", header="X-Sign", method="hmac-sha256", answer="SUCCESS", id="sid",
        form_field="sms_status", state="report_status", delivered=["SUCCESS"], failed=["FAIL"],
    )  # fmt: skip
    body = urlencode({"sms_status": json.dumps([{"sid": 9527, "report_status": "SUCCESS"}])}).encode()
    form = "application/x-www-form-urlencoded"
    proof = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert post(body, form, **{"X-Sign": proof[:-1] + "x"})[0] == 404
    assert post(body + b"&a=b", form, **{"X-Sign": proof})[0] == 404
    assert states() == {"sent": 1}
    assert post(body, form, **{"X-Sign": proof}) == (200, b"SUCCESS")
    assert states() == {"delivered": 1}


@pytest.mark.django_db
def test_a_key_pressed_in_a_call_is_a_reply(settings: Any) -> None:
    sent("call-1")
    with_report(
        settings, secret="report", query="token", id="call_id", state="status", delivered=["200000"],
        key="dtmf", keys={1: "收到"},
    )  # fmt: skip
    body = json.dumps({"call_id": "call-1", "status": "200000", "dtmf": "1"}).encode()
    assert post(body)[0] == 404
    assert post(body, query="?token=s3cret")[0] == 200
    assert states() == {"delivered": 1}
    assert [reply.text for reply in queries.replies_to(UUID(int=1000))] == ["收到"]


def test_nothing_but_the_sink_is_configured_by_default(capsys: Any, db: None) -> None:
    assert main.main(["channels"]) == 0
    assert capsys.readouterr().out == "sink: sink 5000/s\n"


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"sms": {"kind": "pigeon"}}, "sms.kind"),
        ({"sms": sms("http://x", secrets={"account": "TEST_UNSET"})}, "sms.secrets.account"),
        ({"sms": sms("http://x", wings=2)}, "sms"),
        ({"sms": sms("http://x", signing={"method": "rot13", "over": "", "header": "X"})}, "sms.signing"),
        ({"sms": sms("http://x", report={"id": "x"})}, "sms.report"),
        ({"sink": sms("http://x")}, "sink"),
        (
            {"m": {"kind": "smtp", "host": "h", "port": 25, "sender": "a@b", "security": "maybe"}},
            "m.security",
        ),
        ({"w": {"kind": "wecom", "corp_id": "x", "agent_id": 1}}, "w"),
        ("{not json", "SHANZHI_CHANNELS"),
        ("/nowhere/channels.yaml", "SHANZHI_CHANNELS"),
        ("[1]", "SHANZHI_CHANNELS"),
    ],
)
def test_a_wrong_configuration_is_named_and_stops_no_other(given: Any, where: str, settings: Any) -> None:
    if isinstance(given, dict):
        given = given | {"good": sms("http://127.0.0.1:9")}
    settings.SHANZHI_CHANNELS = given
    lines, errors = configure(FixedClock(AT))
    assert [error.field for error in errors] == [where]
    assert [line.split(":")[0] for line in lines] == (
        ["sink", "good"] if isinstance(given, dict) else ["sink"]
    )


def test_the_configuration_may_be_a_file(settings: Any, tmp_path: Path, capsys: Any, db: None) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text(
        "work:\n  kind: wecom\n  base_url: https://wecom.city.example\n  corp_id: ww1\n  agent_id: 2\n"
        "  secrets: {corp_secret: TEST_SMS_ACCOUNT}\n",
        "utf-8",
    )
    settings.SHANZHI_CHANNELS = str(path)
    assert main.main(["channels"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "work: wecom 200/s https://wecom.city.example"


def test_a_batch_that_takes_too_long_is_left_within_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_provider(lambda *_: {"code": 0, "id": "x"}) as provider:
        made = build("sms", sms(provider.url, connections=1), FixedClock(AT))
        assert (made.batch_size, made.lease_seconds) == (4, 60)
        monkeypatch.setattr(made, "deadline", lambda: 0.0)
        [outcome] = made.send([Letter("510107", UUID(int=1), 1, "13900000001", "有新指令。", "")])
        made.close()
    assert (outcome.result, outcome.code, outcome.retriable) == ("unreachable", "out-of-time", True)
    assert provider.seen == []
