"""Django application."""

from django.apps import AppConfig


class BoardConfig(AppConfig):
    """The command board (指挥板)."""

    name = "shanzhi.command.board"
    label = "board"
    verbose_name = "指挥板 Board"
    default_auto_field = "django.db.models.BigAutoField"
