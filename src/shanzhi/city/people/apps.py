"""Django application."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Units, posts and accounts (人员)."""

    name = "shanzhi.city.people"
    label = "people"
    verbose_name = "人员 Units, posts and accounts"
    default_auto_field = "django.db.models.BigAutoField"
