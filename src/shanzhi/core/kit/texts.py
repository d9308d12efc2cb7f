"""What is typed: words of one line, and of several, and telephone numbers."""

import re

from shanzhi.core.kit.errors import InvalidInput

_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,18}[0-9]")


def text_of(value: str, name: str, zh: str, en: str, most: int, *, needed: bool = True) -> str:
    """Trimmed text of one line. Raises InvalidInput naming the field."""
    text = " ".join(value.split())
    if (needed and not text) or len(text) > most or "\0" in text:
        least = 1 if needed else 0
        raise InvalidInput(
            field=name,
            reason_zh=f"“{zh}”应为 {least} 至 {most} 字。",
            reason_en=f"{en}: {least} to {most} characters.",
        )
    return text


def lines_of(value: str, name: str, zh: str, en: str, most: int) -> str:
    """Trimmed text of several lines, or none. Raises InvalidInput naming the field."""
    text = "\n".join(line.rstrip() for line in value.strip().splitlines())
    if len(text) > most or "\0" in text:
        raise InvalidInput(
            field=name, reason_zh=f"“{zh}”最多 {most} 字。", reason_en=f"{en}: at most {most} characters."
        )
    return text


def phone_of(value: str, name: str = "phone") -> str:
    """A telephone number as it was typed; "" stays. Raises InvalidInput naming the field."""
    text = value.strip()
    if text and not _PHONE.fullmatch(text):
        raise InvalidInput(field=name, reason_zh="电话号码不正确。", reason_en="Not a telephone number.")
    return text
