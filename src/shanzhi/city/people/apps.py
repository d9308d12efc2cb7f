"""Django application."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Units, posts and accounts (人员)."""

    name = "shanzhi.city.people"
    label = "people"
    verbose_name = "人员 Units, posts and accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Posts and units go on at the successor of a place that ends."""
        from shanzhi.city.people import following, held
        from shanzhi.city.places import touching

        held.register_all()
        touching.register(
            "workers", "在岗人员", "people in posts", following.count, following.follow, following.unfollow,
            ever=following.ever,
        )  # fmt: skip
