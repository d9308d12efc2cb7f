"""What a password must be (口令规则)."""

import unicodedata

from shanzhi.city.people.errors import WeakPassword

SHORTEST = 8
LONGEST = 128
CLASSES_NEEDED = 3


def _class_of(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Lu":
        return "upper"
    if category == "Ll":
        return "lower"
    return "digit" if category == "Nd" else "sign"


def check_password_rules(password: str, username: str) -> None:
    """Raise WeakPassword unless the password is long and mixed enough and does not hold the user name."""
    classes = {_class_of(character) for character in password}
    if (
        not SHORTEST <= len(password) <= LONGEST
        or len(classes) < CLASSES_NEEDED
        or username.lower() in password.lower()
        or "\0" in password
    ):
        raise WeakPassword(field="password")
