"""What is typed: words of one line, and of several."""

from shanzhi.core.kit.errors import InvalidInput


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
