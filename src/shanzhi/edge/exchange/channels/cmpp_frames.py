"""CMPP 3.0 byte by byte (中国移动通信互联网短信网关接口协议 V3.0.0).

Chapters of that document, read in a public copy: 8.3 header, 8.4.1 CONNECT, 8.4.3 SUBMIT, 8.4.5 DELIVER with the
status report and table 1 (Stat), 8.4.7 ACTIVE_TEST. Long texts: user data header of GSM 03.40 section 9.2.3.24.1
(05 00 03 reference total number), so that 140 - 6 bytes remain: 67 characters of UCS-2. No gateway was tried.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Any

CONNECT, CONNECT_RESP = 0x00000001, 0x80000001
TERMINATE, TERMINATE_RESP = 0x00000002, 0x80000002
SUBMIT, SUBMIT_RESP = 0x00000004, 0x80000004
DELIVER, DELIVER_RESP = 0x00000005, 0x80000005
ACTIVE_TEST, ACTIVE_TEST_RESP = 0x00000008, 0x80000008
VERSION = 0x30
UCS2 = 8
HEADER = struct.Struct(">III")  # Total_Length, Command_Id, Sequence_Id
# 2000: far above the largest frame that a gateway sends (a DELIVER has 97 + 255 bytes and the header).
MOST_BYTES = 2000
ONE_CHARACTERS, PART_CHARACTERS = 70, 67

_CONNECT = struct.Struct(">6s16sBI")
_CONNECT_RESP = struct.Struct(">I16sB")
# Msg_Id, Pk_total, Pk_number, Registered_Delivery, Msg_level, Service_Id, Fee_UserType, Fee_terminal_Id,
# Fee_terminal_type, TP_pId, TP_udhi, Msg_Fmt, Msg_src, FeeType, FeeCode, ValId_Time, At_Time, Src_Id, DestUsr_tl,
# Dest_terminal_Id (one), Dest_terminal_type, Msg_Length
_SUBMIT = struct.Struct(">8sBBBB10sB32sBBBB6s2s6s17s17s21sB32sBB")
_SUBMIT_RESP = struct.Struct(">8sI")
# Msg_Id, Dest_Id, Service_Id, TP_pid, TP_udhi, Msg_Fmt, Src_terminal_Id, Src_terminal_type, Registered_Delivery,
# Msg_Length
_DELIVER = struct.Struct(">8s21s10sBBB32sBBB")
_DELIVER_RESP = struct.Struct(">8sI")
# Msg_Id, Stat, Submit_time, Done_time, Dest_terminal_Id, SMSC_sequence
_REPORT = struct.Struct(">8s7s10s10s32sI")
_LINK_ID = bytes(20)


class BadFrame(Exception):
    """Bytes that are no frame of the protocol."""


def frame(command: int, sequence: int, body: bytes = b"") -> bytes:
    """A frame with its header."""
    return HEADER.pack(HEADER.size + len(body), command, sequence) + body


def authenticator(source: str, secret: str, timestamp: int) -> bytes:
    """AuthenticatorSource = MD5(Source_Addr + nine zero bytes + shared secret + timestamp as ten digits)."""
    return hashlib.md5(source.encode() + bytes(9) + secret.encode() + b"%010d" % timestamp).digest()


def connect(source: str, secret: str, timestamp: int) -> bytes:
    """The body of CONNECT; `timestamp` is MMDDHHMMSS as a number."""
    return _CONNECT.pack(source.encode(), authenticator(source, secret, timestamp), VERSION, timestamp)


def connect_status(body: bytes) -> int:
    """Status of CONNECT_RESP: 0 is right. Raises BadFrame. A gateway of 2.0 answers with one byte of status."""
    if len(body) == 18:
        return body[0] or 4  # 4: version too high; we speak 3.0 only
    return int(_unpack(_CONNECT_RESP, body)[0])


def parts_of(text: str, reference: int) -> list[bytes]:
    """Contents of a text in UCS-2: one of up to 70 characters, else parts of 67 with their header.

    A character outside the basic plane counts as two, and is never cut in half.
    """
    units = text.encode("utf-16-be")
    if len(units) <= 2 * ONE_CHARACTERS:
        return [units]
    pieces, start = [], 0
    while start < len(units):
        end = start + 2 * PART_CHARACTERS
        if end < len(units) and 0xD8 <= units[end - 2] <= 0xDB:
            end -= 2
        pieces.append(units[start:end])
        start = end
    return [
        bytes((5, 0, 3, reference & 0xFF, len(pieces), number)) + piece
        for number, piece in enumerate(pieces, 1)
    ]


@dataclass(frozen=True)
class Account:
    """What the operator gave the city: SP_Id, service, number shown."""

    source: str
    service: str
    number: str
    fee_type: str = "01"
    fee_code: str = "0"


def submit(account: Account, phone: str, content: bytes, part: int, parts: int) -> bytes:
    """The body of SUBMIT for one receiver, with a status report asked for."""
    head = _SUBMIT.pack(
        bytes(8), parts, part, 1, 0, account.service.encode(), 2, b"", 0, 0, int(parts > 1), UCS2,
        account.source.encode(), account.fee_type.encode(), account.fee_code.encode(), b"", b"",
        account.number.encode(), 1, phone.encode(), 0, len(content),
    )  # fmt: skip
    return head + content + _LINK_ID


def submit_result(body: bytes) -> tuple[str, int]:
    """Msg_Id as 16 hexadecimal digits, and Result: 0 is right, 8 is too fast. Raises BadFrame."""
    id, result = _unpack(_SUBMIT_RESP, body)
    return id.hex(), result


@dataclass(frozen=True)
class Delivery:
    """A DELIVER: the report on a message sent (`stat`), or a text from a phone."""

    id: bytes
    sender: str
    stat: str = ""
    about: str = ""
    text: str = ""


def delivery(body: bytes) -> Delivery:
    """Read a DELIVER. Raises BadFrame."""
    if len(body) < _DELIVER.size:
        raise BadFrame("DELIVER too short")
    id, _, _, _, udhi, form, sender, _, registered, length = _DELIVER.unpack(body[: _DELIVER.size])
    content = body[_DELIVER.size : _DELIVER.size + length]
    if len(content) != length or len(body) != _DELIVER.size + length + len(_LINK_ID):
        raise BadFrame("DELIVER of another length than it says")
    phone = _text(sender)
    if registered == 1:
        about, stat, *_ = _unpack(_REPORT, content)
        return Delivery(id, phone, _text(stat), about.hex())
    if udhi & 1 and content:
        content = content[1 + content[0] :]
    return Delivery(id, phone, text=_decode(content, form))


def delivery_answer(id: bytes) -> bytes:
    """The body of DELIVER_RESP: taken."""
    return _DELIVER_RESP.pack(id, 0)


def _unpack(layout: struct.Struct, body: bytes) -> tuple[Any, ...]:
    if len(body) != layout.size:
        raise BadFrame(f"{len(body)} bytes instead of {layout.size}")
    return layout.unpack(body)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii", "replace").strip()


def _decode(content: bytes, form: int) -> str:
    encoding = {8: "utf-16-be", 15: "gb18030"}.get(form, "ascii")
    return content.decode(encoding, "replace")
