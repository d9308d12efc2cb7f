"""One clear sentence for a person at a terminal, in Chinese and English."""

from __future__ import annotations


class CommandError(Exception):
    """Something a person can put right: shown as one sentence in each language, never as a traceback."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en
