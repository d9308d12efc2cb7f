"""Check digits of national identifiers. The forms are exact: capitals, no blanks, ASCII digits."""

import re
from datetime import date

_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_CITIZEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CREDIT = re.compile(rf"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")
_ORGANISATION = re.compile(r"[0-9A-Z]{8}-?[0-9X]")


def citizen_id_check_digit(body: str) -> str:
    """The 18th character of a citizen id (居民身份证号码) from its first 17 digits.

    Raises ValueError for anything but 17 digits. Source: GB 11643-1999 (ISO 7064, MOD 11-2).
    """
    if not re.fullmatch(r"[0-9]{17}", body):
        raise ValueError("17 digits are needed")
    total = sum(int(digit) * weight for digit, weight in zip(body, _CITIZEN_WEIGHTS, strict=True))
    return _CITIZEN_CHECKS[total % 11]


def valid_citizen_id(text: str) -> bool:
    """Whether an 18-character citizen id has the right form, a day of birth that exists and its check digit.

    Whether it was ever given out cannot be told. Source: GB 11643-1999.
    """
    if not _CITIZEN.fullmatch(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return citizen_id_check_digit(text[:17]) == text[17]


def credit_code_check_digit(body: str) -> str:
    """The 18th character of a unified social credit code (统一社会信用代码) from its first 17.

    Raises ValueError for another length, or for a character outside the 31 (no I, O, S, V, Z).
    Source: GB 32100-2015, weights 3^i mod 31.
    """
    if len(body) != 17 or any(character not in _CREDIT_ALPHABET for character in body):
        raise ValueError("17 characters of the credit code alphabet are needed")
    total = sum(
        _CREDIT_ALPHABET.index(item) * weight for item, weight in zip(body, _CREDIT_WEIGHTS, strict=True)
    )
    return _CREDIT_ALPHABET[(31 - total % 31) % 31]


def valid_credit_code(text: str) -> bool:
    """Whether a unified social credit code has the right form and both of its check digits.

    Characters 3 to 8 are a region, and 9 to 17 an organisation code with a check digit of its own.
    Source: GB 32100-2015.
    """
    if not _CREDIT.fullmatch(text) or not valid_organisation_code(text[8:17]):
        return False
    return credit_code_check_digit(text[:17]) == text[17]


def organisation_code_check_digit(body: str) -> str:
    """The 9th character of an organisation code (组织机构代码) from its first 8.

    Raises ValueError for anything but 8 digits or capital letters. Source: GB 11714-1997.
    """
    if not re.fullmatch(r"[0-9A-Z]{8}", body):
        raise ValueError("8 digits or capital letters are needed")
    total = sum(
        _ORGANISATION_ALPHABET.index(item) * weight
        for item, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X"[(11 - total % 11) % 11]


def valid_organisation_code(text: str) -> bool:
    """Whether an organisation code, with or without the hyphen before its check digit, is right.

    Source: GB 11714-1997.
    """
    return bool(_ORGANISATION.fullmatch(text)) and organisation_code_check_digit(text[:8]) == text[-1]
