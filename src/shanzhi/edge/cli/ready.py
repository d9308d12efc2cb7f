"""Making Django ready inside a command."""

import os


def make_ready() -> None:
    """Set Django up for a command that works with the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
    import django

    django.setup()
