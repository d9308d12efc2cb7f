"""Masking (脱敏) of personal data for display: enough to recognise, too little to use.

The forms are the customs of public offices: 张*, 138****1234, first six and last four of an id, an
address down to the building. Masking is for the eye; what is not needed should not be sent at all.
"""

import re

STAR = "*"
_HIDDEN = "***"
_COUNTRY = re.compile(r"(?:\+86|0086)[- ]?")
_NUMERAL = "0-9０-９A-Za-z一二三四五六七八九十百〇零甲乙丙丁"
_BUILDING = re.compile(rf"(?:[{_NUMERAL}]|[0-9０-９]+[-－])[{_NUMERAL}]*(?:号楼|幢|栋|座)")
_HOUSE = re.compile(rf"[0-9０-９][{_NUMERAL}]*(?:[-－][0-9０-９]+)?号(?!线|门|院|公路|码头)")
_ROOM = re.compile(rf"[{_NUMERAL}]+(?:单元|层|楼|室|户)|(?<=[-－])[0-9０-９]+|[0-9０-９]{{3,}}$")


def mask_name(name: str) -> str:
    """A personal name to its first character: `张*`. The length is hidden too; empty stays empty."""
    name = name.strip()
    if len(name) < 2:
        return STAR if name else ""
    return name[0] + STAR


def mask_phone(phone: str) -> str:
    """A phone number: `138****1234`; shorter numbers show their last four, very short ones nothing.

    A country code of China is kept in front; blanks and hyphens go.
    """
    phone = phone.strip()
    country = _COUNTRY.match(phone)
    rest = re.sub(r"[-\s]", "", phone[country.end() :] if country else phone)
    prefix = phone[: country.end()] if country else ""
    shown_first = 3 if len(rest) >= 11 else 0
    shown_last = 4 if len(rest) >= 7 else 0
    return prefix + _middle(rest, shown_first, shown_last)


def mask_citizen_id(text: str) -> str:
    """A citizen id to its first six (region) and last four characters; other papers to their first one."""
    text = text.strip()
    if len(text) in (15, 18):
        return _middle(text, 6, 4)
    return _middle(text, 1 if len(text) > 1 else 0, 0)


def mask_address(address: str) -> str:
    """An address down to the building (楼栋), or to the house number (门牌) where no building is named.

    What follows becomes `***`. An address with neither is cut before its floor or room; one that names
    none of them, as a place in the open does, stays as it is.
    """
    address = address.strip()
    found = _BUILDING.search(address) or _HOUSE.search(address)
    if found:
        end = found.end()
    else:
        room = _ROOM.search(address)
        end = room.start() if room else len(address)
    return address[:end].rstrip("-－ ") + _HIDDEN if end < len(address) else address


def _middle(text: str, first: int, last: int) -> str:
    """Stars for all but the `first` and `last` characters."""
    hidden = len(text) - first - last
    return text[:first] + STAR * hidden + text[len(text) - last :]
