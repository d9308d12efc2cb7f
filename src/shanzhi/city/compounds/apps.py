"""Django application."""

from django.apps import AppConfig


class CompoundsConfig(AppConfig):
    """Compounds and what stands in them (小区与楼栋)."""

    name = "shanzhi.city.compounds"
    label = "compounds"
    verbose_name = "小区 Compounds"
    default_auto_field = "django.db.models.BigAutoField"
