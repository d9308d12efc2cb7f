"""Django application of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """One matter to resolve (案件)."""

    name = "shanzhi.work.cases"
    label = "cases"
    verbose_name = "案件 Cases"
    default_auto_field = "django.db.models.BigAutoField"
