"""CMPP 3.0 against a gateway that reads every field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.edge.channel_servers import Gateway

from shanzhi.base.messaging.channels import Letter
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.exchange.channels import cmpp_frames as frames
from shanzhi.edge.exchange.channels.cmpp import CmppChannel

AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
PHONE = "13900000001"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway()
    yield found
    with suppress(OSError):
        found.close()


def channel(gateway: Gateway, **options: Any) -> CmppChannel:
    account = frames.Account("901234", "SVC", "10690001")
    given: dict[str, Any] = {
        "secret": "secret",
        "timeout_seconds": 0.3,
        "signature": "示例城",
        "rate_per_second": 100,
    }
    return CmppChannel(
        "cmpp",
        host="127.0.0.1",
        port=gateway.port,
        account=account,
        clock=FixedClock(AT),
        **(given | options),
    )


def letter(text: str = "请打开查看。", phone: str = PHONE) -> Letter:
    return Letter("510107", uuid7(), 1, phone, text, "")


def test_a_short_text_is_one_submit_with_every_field_in_its_place(gateway: Gateway) -> None:
    [outcome] = channel(gateway).send([letter()])
    assert (outcome.result, outcome.provider_ids) == ("accepted", ("00000000000000a1",))
    [submit] = gateway.submits
    assert submit.pop("content").decode("utf-16-be") == "【示例城】请打开查看。"
    assert submit == {
        "Msg_Id": 0, "Pk_total": 1, "Pk_number": 1, "Registered_Delivery": 1, "Msg_level": 0, "Service_Id": "SVC",
        "Fee_UserType": 2, "Fee_terminal_Id": "", "Fee_terminal_type": 0, "TP_pId": 0, "TP_udhi": 0, "Msg_Fmt": 8,
        "Msg_src": "901234", "FeeType": "01", "FeeCode": "0", "ValId_Time": "", "At_Time": "", "Src_Id": "10690001",
        "DestUsr_tl": 1, "Dest_terminal_Id": PHONE, "Dest_terminal_type": 0, "Msg_Length": 22,
    }  # fmt: skip


def test_a_long_text_goes_in_parts_of_67_with_their_header(gateway: Gateway) -> None:
    text = "长" * 150
    [outcome] = channel(gateway).send([letter(text)])
    assert outcome.provider_ids == ("00000000000000a1", "00000000000000a2", "00000000000000a3")
    heads = [submit["content"][:6] for submit in gateway.submits]
    assert heads == [bytes((5, 0, 3, 1, 3, number)) for number in (1, 2, 3)]
    assert [(one["TP_udhi"], one["Pk_total"], one["Pk_number"]) for one in gateway.submits] == [
        (1, 3, 1), (1, 3, 2), (1, 3, 3),
    ]  # fmt: skip
    bodies = [submit["content"][6:].decode("utf-16-be") for submit in gateway.submits]
    assert [len(body) for body in bodies] == [67, 67, 21]
    assert "".join(bodies) == "【示例城】" + text


@pytest.mark.parametrize(("count", "sizes"), [(70, [140]), (71, [140, 14])])
def test_where_parts_begin(count: int, sizes: list[int]) -> None:
    assert [len(part) for part in frames.parts_of("长" * count, 7)] == sizes


def test_a_pair_is_never_cut_in_half() -> None:
    parts = frames.parts_of("长" * 66 + "😀" * 10, 7)
    assert "".join(part[6:].decode("utf-16-be") for part in parts) == "长" * 66 + "😀" * 10
    assert len(parts[0]) == 6 + 2 * 66


def test_the_window_is_kept(gateway: Gateway) -> None:
    gateway.hold = 16
    outcomes = channel(gateway).send([letter(phone=f"1390000{n:04d}") for n in range(32)])
    assert {one.result for one in outcomes} == {"accepted"}
    assert gateway.most_open == 16
    assert len({one.provider_ids for one in outcomes}) == 32


def test_refused_too_fast_and_unanswered_are_told_apart(gateway: Gateway) -> None:
    gateway.results = [0, 8, 13, None]
    outcomes = channel(gateway).send([letter() for _ in range(4)])
    assert [(one.result, one.code, one.retriable) for one in outcomes] == [
        ("accepted", "", False), ("refused", "cmpp-8", True), ("refused", "cmpp-13", False),
        ("timeout", "no-answer", True),
    ]  # fmt: skip


def test_a_wrong_secret_and_a_silent_host_reach_nobody(gateway: Gateway) -> None:
    [outcome] = channel(gateway, secret="other").send([letter()])
    assert (outcome.result, outcome.code, outcome.retriable) == ("unreachable", "connect-3", True)
    gateway.close()
    [outcome] = channel(gateway).send([letter()])
    assert (outcome.result, outcome.retriable) == ("unreachable", True)
    assert gateway.submits == []


def test_reports_and_replies_are_acknowledged_once_they_are_kept(gateway: Gateway) -> None:
    line = channel(gateway)
    [outcome] = line.send([letter()])
    gateway.report(71, outcome.provider_ids[0], "DELIVRD", PHONE)
    gateway.report(72, "00000000000000ff", "UNDELIV", PHONE)
    gateway.deliver(73, "8613900000001", "收到".encode("utf-16-be"), report=0)
    gateway.deliver(74, PHONE, "好的".encode("gb18030"), report=0, form=15)
    gateway.send(8, 75)
    gateway.wait(lambda: len(gateway.commands) >= 2)
    reports: list[Any] = []
    answers: list[Any] = []
    last = None
    while len(reports) < 2 or len(answers) < 2:
        last = line.collect([])
        reports, answers = list(last.reports), list(last.answers)
    gateway.send(8, 76)
    while 0x80000008 not in gateway.commands:
        line.collect([])
    assert [(one.provider_id, one.state, one.code) for one in reports] == [
        (outcome.provider_ids[0], "delivered", ""), ("00000000000000ff", "failed", "UNDELIV"),
    ]  # fmt: skip
    assert [(one.text, one.address) for one in answers] == [("收到", "8613900000001"), ("好的", PHONE)]
    assert gateway.acknowledged == []
    assert last is not None
    last.acknowledge()
    gateway.wait(lambda: len(gateway.acknowledged) == 4)
    assert gateway.acknowledged == [(n, n.to_bytes(8, "big"), 0) for n in (71, 72, 73, 74)]
    assert line.collect([]).reports == []


def test_an_idle_line_is_tested_and_a_terminated_one_opened_again(gateway: Gateway) -> None:
    line = channel(gateway, idle_seconds=0.0)
    line.collect([])
    line.collect([])
    gateway.wait(lambda: 8 in gateway.commands)
    gateway.send(2, 99)
    while 0x80000002 not in gateway.commands:
        line.collect([])
    [outcome] = line.send([letter()])
    assert outcome.result == "accepted"
    assert gateway.commands.count(1) == 2
    line.close()
    gateway.wait(lambda: 2 in gateway.commands)


def test_garbage_ends_the_connection(gateway: Gateway) -> None:
    line = channel(gateway)
    line.send([letter()])
    assert gateway.line is not None
    gateway.line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    gateway.results = [None]
    [outcome] = line.send([letter()])
    assert (outcome.result, outcome.retriable) == ("timeout", True)
    assert outcome.code == "BadFrame"
    for body in (b"", b"\0" * 50):
        with pytest.raises(frames.BadFrame):
            frames.delivery(body)
