"""The port (通道): what a channel must do, who is registered, and who above is told of news."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

SINK = "sink"


@dataclass(frozen=True)
class Letter:
    """What a channel is to carry: attempt `number` of a message. `address` never goes to a log."""

    area: str
    id: UUID
    number: int
    address: str = field(repr=False)
    text: str
    link: str


@dataclass(frozen=True)
class Outcome:
    """What became of one letter; `provider_ids` has one id for each part that was accepted."""

    letter: Letter
    result: str  # one of AttemptResult
    provider_ids: tuple[str, ...] = ()
    code: str = ""
    retriable: bool = False


@dataclass(frozen=True)
class Report:
    """A provider's later word on what it took: `state` is one of ReceiptState."""

    provider_id: str
    state: str
    at: datetime
    code: str = ""


@dataclass(frozen=True)
class Answer:
    """A person's answer; `about` is the provider's id of what was answered, else `address` tells who."""

    provider_id: str
    text: str = field(repr=False)
    at: datetime
    about: str = ""
    address: str = field(default="", repr=False)


def _nothing() -> None:
    """Nobody waits for an acknowledgement."""


@dataclass(frozen=True)
class Arrived:
    """What came in; `acknowledge` is called once it is committed."""

    reports: Sequence[Report] = ()
    answers: Sequence[Answer] = ()
    acknowledge: Callable[[], None] = _nothing


class Channel(Protocol):
    """A way to people outside. `lease_seconds` is longer than any `send` of a whole batch takes."""

    code: str
    rate_per_second: float
    batch_size: int
    lease_seconds: float
    collect_every_seconds: float
    asks: bool  # whether `collect` wants the provider's ids that still wait for a receipt

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """Carry the letters; one outcome for each. May raise: the whole batch then counts as unreachable."""
        ...

    def collect(self, waiting: Sequence[str]) -> Arrived:
        """What has come in since, asked for or by itself."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True)
class Changed:
    """A message that is now sent, delivered or failed; `at` is when."""

    area: str
    message_id: UUID
    subject_id: UUID
    topic: str
    channel: str
    round: int
    state: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Replied:
    """An answer that belongs to a subject."""

    area: str
    subject_id: UUID
    topic: str
    channel: str
    text: str = field(repr=False)
    at: datetime


_channels: dict[str, Channel] = {}
_on_state: dict[str, Callable[[Sequence[Changed]], None]] = {}
_on_reply: dict[str, Callable[[Sequence[Replied]], None]] = {}


def register(channel: Channel) -> None:
    """Offer a channel under its code; the last of a code counts."""
    _channels[channel.code] = channel


def unregister(code: str) -> None:
    """Take a channel away."""
    _channels.pop(code, None)


# The words of the channels that there are (渠道名称); a code that a city added is shown as it is.
NAMES = {
    "sms": ("短信", "text message"),
    "cmpp": ("短信（CMPP）", "text message (CMPP)"),
    "voice": ("语音电话", "voice call"),
    "wecom": ("企业微信", "WeCom"),
    "dingtalk": ("钉钉", "DingTalk"),
    "smtp": ("邮件", "e-mail"),
}


def names_of(codes: Iterable[str]) -> tuple[str, str]:
    """Channels in words, in Chinese and in English."""
    found = [NAMES.get(code, (code, code)) for code in codes]
    return "、".join(zh for zh, _ in found), ", ".join(en for _, en in found)


def registered() -> dict[str, Channel]:
    """The channels by code."""
    return dict(_channels)


def listen(
    kind: str,
    *,
    on_state: Callable[[Sequence[Changed]], None] | None = None,
    on_reply: Callable[[Sequence[Replied]], None] | None = None,
) -> None:
    """Hear of messages whose topic is of this kind (what stands before the slash), in sets.

    Called inside the transaction of the change: what the listener writes stands or falls with it.
    """
    if on_state:
        _on_state[kind] = on_state
    if on_reply:
        _on_reply[kind] = on_reply


def _kind(topic: str) -> str:
    return topic.partition("/")[0]


def tell_states(changes: Sequence[Changed]) -> None:
    """Hand changes to whoever listens."""
    for kind in dict.fromkeys(_kind(change.topic) for change in changes):
        if told := _on_state.get(kind):
            told([change for change in changes if _kind(change.topic) == kind])


def tell_replies(replies: Sequence[Replied]) -> None:
    """Hand replies to whoever listens."""
    for kind in dict.fromkeys(_kind(reply.topic) for reply in replies):
        if told := _on_reply.get(kind):
            told([reply for reply in replies if _kind(reply.topic) == kind])
