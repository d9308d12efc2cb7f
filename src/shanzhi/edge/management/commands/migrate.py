"""`migrate` in half the time: a new model is rendered with its neighbours, not with all that lead to it.

Each new model makes Django build the classes of every model again that is related to it over any number of steps:
most of a first start's time. Their neighbours are enough to write SQL, as Django itself does for new fields; before
Python of a migration runs, it builds whatever was put off. `tests/guards/test_migrate.py` compares both schemas.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.commands import migrate
from django.db import ProgrammingError, connection, transaction
from django.db.migrations.state import ModelState, ProjectState


@contextmanager
def neighbours_only() -> Iterator[None]:
    """While it lasts, a model that comes in has only its neighbours built again."""
    kept = ProjectState.add_model

    def add_model(self: ProjectState, model_state: ModelState) -> None:
        held = self.__dict__.pop("apps", None)
        kept(self, model_state)
        if held is not None:
            self.__dict__["apps"] = held
            self.reload_model(model_state.app_label, model_state.name_lower, delay=True)

    ProjectState.add_model = add_model
    try:
        yield
    finally:
        ProjectState.add_model = kept


_NO_COMPILER = """
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = off', current_database()); END $$
"""


def leave_compiler_off() -> None:
    """The server compiles no queries: ours are short, and compiling takes longer than they do.

    With estimates of new tables it would compile many. Where the role does not own the database, its setting stays.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")
        with suppress(ProgrammingError), transaction.atomic():
            cursor.execute(_NO_COMPILER)


class Command(migrate.Command):
    """As Django's, in half the time."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate."""
        with neighbours_only():
            super().handle(*args, **options)
        leave_compiler_off()
