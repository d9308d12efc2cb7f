"""Django application."""

from django.apps import AppConfig


class CardsConfig(AppConfig):
    """Notice boards and contact cards (公示牌与民情联系卡)."""

    name = "shanzhi.city.cards"
    label = "cards"
    verbose_name = "公示牌与联系卡 Notice boards and contact cards"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What a post publishes goes on at the successor of a place that ends."""
        from shanzhi.city.cards import following, held
        from shanzhi.city.places import touching

        held.register_all()
        touching.register(
            "contacts",
            "公示电话与照片",
            "published telephones and photos",
            following.count,
            following.follow,
            following.unfollow,
        )
