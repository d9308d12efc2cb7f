"""How a provider's HTTP form is described in the configuration: what to send, how to sign, what answers mean.

Providers of SMS and calls in China agree on no form; these mappings cover those that take JSON or form fields with
at most one signature over named values. Not covered: signing schemes over sorted parameters (as of the large clouds'
own gateways): put the provider's plain HTTP gateway before it, or write a channel.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as keyed

from shanzhi.core.kit.errors import InvalidInput

_HOLE = re.compile(r"\{(\w+)\}")
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(), "sha1": hashes.SHA1(), "md5": hashes.MD5(), "sm3": hashes.SM3(),
}  # fmt: skip


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """A template with its `{name}` holes filled, however deep in mappings and lists. Raises KeyError."""
    if isinstance(template, str):
        return _HOLE.sub(lambda hole: values[hole.group(1)], template)
    if isinstance(template, Mapping):
        return {name: fill(inner, values) for name, inner in template.items()}
    if isinstance(template, list):
        return [fill(inner, values) for inner in template]
    return template


def look(value: Any, path: str) -> Any:
    """What lies at a dotted path such as `data.0.msgid`; None where there is nothing; "" is the whole."""
    for step in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def plain(value: Any) -> str:
    """A JSON value as the configuration writes it: true, false, numbers and texts; "" for nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Signing:
    """A signature: `method` is hmac-sha256, hmac-sha1, hmac-md5, hmac-sm3 or the same without key, over `over`."""

    method: str
    over: str
    key: str = ""
    encoding: str = "hex"
    header: str = ""
    field: str = ""

    def __post_init__(self) -> None:
        """Raises InvalidInput."""
        known = self.method.removeprefix("hmac-") in _HASHES and self.encoding in ("hex", "base64")
        if not known or bool(self.header) == bool(self.field):
            raise InvalidInput(
                field="signing",
                reason_zh="签名方法或编码未知，或未恰好指定 header、field 之一。",
                reason_en="Unknown method or encoding, or not exactly one of header and field.",
            )

    def sign(self, values: Mapping[str, str]) -> str:
        """The signature of the values."""
        text = fill(self.over, values).encode()
        algorithm = _HASHES[self.method.removeprefix("hmac-")]
        made: Any
        if self.method.startswith("hmac-"):
            made = keyed.HMAC(fill(self.key, values).encode(), algorithm)
        else:
            made = hashes.Hash(algorithm)
        made.update(text)
        raw = made.finalize()
        return raw.hex() if self.encoding == "hex" else base64.b64encode(raw).decode()


@dataclass(frozen=True)
class Answers:
    """What an answer means: `ok` in `ok_values` at that path is acceptance, codes in `retriable` are tried again."""

    ok: str
    ok_values: tuple[str, ...]
    id: str
    code: str = ""
    retriable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reports:
    """Where a pushed report keeps what: `items` leads to the list (or the one report), the others into each item.

    `form_field` names the form field that holds the JSON, where a provider sends it so. `text` makes a reply of
    items that have it, `key` of a pressed key, in the words of `keys`.
    """

    id: str
    items: str = ""
    form_field: str = ""
    state: str = ""
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    code: str = ""
    key: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    sender: str = ""

    def read(self, body: bytes, content_type: str) -> list[Any]:
        """The items of a report. Raises InvalidInput when it cannot be read."""
        try:
            if content_type.startswith("application/x-www-form-urlencoded"):
                fields = dict(parse_qsl(body.decode()))
                value = json.loads(fields[self.form_field]) if self.form_field else fields
            else:
                value = json.loads(body)
        except (ValueError, KeyError) as error:
            raise InvalidInput(reason_zh="回执无法读取。", reason_en="The report cannot be read.") from error
        found = look(value, self.items)
        return found if isinstance(found, list) else [] if found is None else [found]
