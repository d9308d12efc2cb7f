"""Kinds of compound. Nothing here touches the database."""

from enum import StrEnum


class CompoundKind(StrEnum):
    """What a compound is."""

    COMPOUND = "compound"
    COURTYARD = "courtyard"
    HAMLET = "hamlet"
    DORMITORY = "dormitory"
    SHOPS = "shops"

    @property
    def zh(self) -> str:
        """The Chinese word."""
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        """The English word."""
        return _WORDS[self][1]


_WORDS = {
    CompoundKind.COMPOUND: ("小区", "compound"),
    CompoundKind.COURTYARD: ("院落", "courtyard"),
    CompoundKind.HAMLET: ("村落", "hamlet"),
    CompoundKind.DORMITORY: ("集体宿舍", "dormitory"),
    CompoundKind.SHOPS: ("沿街商铺", "shops along a street"),
}
