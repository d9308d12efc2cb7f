"""Fields used by every floor."""

from typing import TYPE_CHECKING, Any

from django.db import models


class CodeField(models.CharField):
    """A code or key: compared byte by byte (`COLLATE "C"`), so that every server sorts it alike."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_collation"] = "C"
        super().__init__(*args, **kwargs)

    if TYPE_CHECKING:

        def __get__(self, instance: object, owner: type) -> Any: ...

        def __set__(self, instance: object, value: Any) -> None: ...
