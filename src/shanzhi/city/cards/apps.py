"""Django application."""

from django.apps import AppConfig


class CardsConfig(AppConfig):
    """Notice boards and contact cards (公示牌与民情联系卡)."""

    name = "shanzhi.city.cards"
    label = "cards"
    verbose_name = "公示牌与联系卡 Notice boards and contact cards"
    default_auto_field = "django.db.models.BigAutoField"
