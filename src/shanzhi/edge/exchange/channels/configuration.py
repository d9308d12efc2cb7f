"""Which channels there are (通道配置): SHANZHI_CHANNELS as JSON, or the path of a YAML file.

Secrets stand in the environment; the mapping names their variables under `secrets`. Nothing is configured by default
except the sink. See docs/deploy/channels.md.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from shanzhi.base.messaging.channels import SINK, Channel, register, registered, unregister
from shanzhi.core.kit.clock import Clock
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.edge.exchange.channels.cmpp import CmppChannel
from shanzhi.edge.exchange.channels.cmpp_frames import Account
from shanzhi.edge.exchange.channels.dingtalk import DingTalkChannel
from shanzhi.edge.exchange.channels.errors import ChannelMisconfigured
from shanzhi.edge.exchange.channels.mapped import MappedChannel
from shanzhi.edge.exchange.channels.mapping import Answers, Reports, Signing
from shanzhi.edge.exchange.channels.sink import SinkChannel
from shanzhi.edge.exchange.channels.smtp import SECURITIES, SmtpChannel
from shanzhi.edge.exchange.channels.wecom import WeComChannel

_GUARD = {"secret", "header", "query", "method", "answer"}


@dataclass(frozen=True)
class Guard:
    """How a report's sender proves itself: a shared secret in a header or the query, or an HMAC of the body."""

    secret: str = field(repr=False)
    header: str = ""
    query: str = ""
    method: str = ""
    answer: Any = None


def read() -> dict[str, dict[str, Any]]:
    """The mapping by channel code. Raises ChannelMisconfigured."""
    given = settings.SHANZHI_CHANNELS
    if isinstance(given, str):
        text = given.strip()
        try:
            given = json.loads(text) if text.startswith("{") else yaml.safe_load(_file(text)) if text else {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise _wrong(
                "SHANZHI_CHANNELS", "无法读取。", f"it cannot be read: {type(error).__name__}."
            ) from error
    if not isinstance(given, Mapping) or not all(isinstance(one, Mapping) for one in given.values()):
        raise _wrong("SHANZHI_CHANNELS", "应为“通道代码: 配置”。", "it must map codes to channels.")
    return {str(code): dict(one) for code, one in given.items()}


def _file(path: str) -> str:
    return Path(path).read_text("utf-8")


def _wrong(where: str, zh: str, en: str) -> ChannelMisconfigured:
    return ChannelMisconfigured(field=where, where=where, reason_zh=zh, reason_en=en)


def _secrets(code: str, given: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, variable in given.get("secrets", {}).items():
        value = os.environ.get(str(variable), "")
        if not value:
            raise _wrong(f"{code}.secrets.{name}", f"环境变量 {variable} 未设置。", f"{variable} is not set.")
        found[name] = value
    return found


def build(code: str, given: Mapping[str, Any], clock: Clock) -> Channel:
    """The channel that a mapping describes. Raises ChannelMisconfigured."""
    options = {name: value for name, value in given.items() if name not in ("kind", "secrets", "report")}
    kind = given.get("kind")
    if kind not in _KINDS:
        raise _wrong(
            f"{code}.kind", f"应为 {'、'.join(_KINDS)} 之一。", f"it must be one of {', '.join(_KINDS)}."
        )
    if code == SINK or len(code) > 32:
        raise _wrong(
            code, "代码已占用或超过 32 个字符。", "the code is taken or has more than 32 characters."
        )
    secrets = _secrets(code, given)
    try:
        return _KINDS[kind](code, options, secrets, given, clock)
    except InvalidInput as error:
        raise _wrong(f"{code}.{error.field}", error.sentence("zh"), error.sentence("en")) from error
    except (TypeError, KeyError, ValueError) as error:
        # The names of what is missing or unknown; never a value, which may be a secret.
        said = str(error) if isinstance(error, TypeError | KeyError) else type(error).__name__
        raise _wrong(code, f"选项缺失或未知：{said}", f"an option is missing or unknown: {said}") from error


def _wecom(
    code: str, o: dict[str, Any], secrets: dict[str, str], _: Mapping[str, Any], clock: Clock
) -> Channel:
    return WeComChannel(code, corp_secret=secrets["corp_secret"], clock=clock, **o)


def _dingtalk(
    code: str, o: dict[str, Any], secrets: dict[str, str], _: Mapping[str, Any], clock: Clock
) -> Channel:
    return DingTalkChannel(code, app_secret=secrets["app_secret"], clock=clock, **o)


def _texts(value: Any) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in many)


def _mapped(
    code: str, o: dict[str, Any], secrets: dict[str, str], given: Mapping[str, Any], clock: Clock
) -> Channel:  # fmt: skip
    answers = dict(o.pop("answers"))
    for name in ("ok_values", "retriable"):
        if name in answers:
            answers[name] = _texts(answers[name])
    signing = Signing(**o.pop("signing")) if "signing" in o else None
    report = {name: value for name, value in given.get("report", {}).items() if name not in _GUARD}
    for name in ("delivered", "failed"):
        if name in report:
            report[name] = _texts(report[name])
    if "keys" in report:
        report["keys"] = {str(key): str(said) for key, said in report["keys"].items()}
    reports = Reports(**report) if report else None
    return MappedChannel(
        code,
        answers=Answers(**answers),
        signing=signing,
        reports=reports,
        secret_values=secrets,
        clock=clock,
        **o,
    )


def _cmpp(
    code: str, o: dict[str, Any], secrets: dict[str, str], _: Mapping[str, Any], clock: Clock
) -> Channel:
    account = Account(**{name: str(value) for name, value in o.pop("account").items()})
    return CmppChannel(code, secret=secrets["secret"], account=account, clock=clock, **o)


def _smtp(
    code: str, o: dict[str, Any], secrets: dict[str, str], _: Mapping[str, Any], clock: Clock
) -> Channel:
    if o.get("security", "starttls") not in SECURITIES:
        raise _wrong(f"{code}.security", "应为 tls、starttls 或 none。", "it must be tls, starttls or none.")
    return SmtpChannel(code, password=secrets.get("password", ""), clock=clock, **o)


_Maker = Callable[[str, dict[str, Any], dict[str, str], Mapping[str, Any], Clock], Channel]
_KINDS: dict[str, _Maker] = {
    "wecom": _wecom, "dingtalk": _dingtalk, "sms": _mapped, "voice": _mapped, "cmpp": _cmpp, "smtp": _smtp,
}  # fmt: skip


def guard_of(code: str) -> Guard | None:
    """How reports to a channel are guarded; None where the mapping takes none. Raises ChannelMisconfigured."""
    given = read().get(code, {})
    report = given.get("report")
    if not report:
        return None
    secrets = _secrets(code, given)
    name = report.get("secret", "report")
    if name not in secrets or bool(report.get("header")) == bool(report.get("query")):
        raise _wrong(
            f"{code}.report",
            "需指定 secret，以及 header 或 query 之一。",
            "it needs a secret, and header or query.",
        )
    header, query, method = (str(report.get(part, "")) for part in ("header", "query", "method"))
    return Guard(secrets[name], header, query, method, report.get("answer"))


def configure(clock: Clock) -> tuple[list[str], list[ChannelMisconfigured]]:
    """Register the sink and every configured channel (启用通道): a line about each, and what is wrong.

    A channel that is configured wrongly stops none of the others.
    """
    errors: list[ChannelMisconfigured] = []
    mapping: dict[str, dict[str, Any]] = {}
    made: list[Channel] = [SinkChannel(clock)]
    try:
        mapping = read()
    except ChannelMisconfigured as error:
        errors.append(error)
    for code, given in mapping.items():
        try:
            guard_of(code)
            made.append(build(code, given, clock))
        except ChannelMisconfigured as error:
            errors.append(error)
    for code in registered():
        unregister(code)
    for channel in made:
        register(channel)
    return [_line(channel, mapping.get(channel.code, {})) for channel in made], errors


def _line(channel: Channel, given: Mapping[str, Any]) -> str:
    host = given.get("url") or given.get("base_url") or given.get("host") or ""
    reports = "有回执 with reports" if given.get("report") else ""
    return (
        f"{channel.code}: {given.get('kind', SINK)} {channel.rate_per_second:g}/s {host} {reports}".rstrip()
    )
