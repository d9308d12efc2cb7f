"""Django application."""

from django.apps import AppConfig


class RostersConfig(AppConfig):
    """Rosters (值班值守)."""

    name = "shanzhi.work.rosters"
    label = "rosters"
    verbose_name = "值班值守 Rosters"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A part of every response; what happened to a turn is sealed; what people wrote ends."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.base.retention import holdings
        from shanzhi.city.modes import parts
        from shanzhi.city.places import touching
        from shanzhi.work.rosters import following
        from shanzhi.work.rosters.notes import NOTES
        from shanzhi.work.rosters.parts import RosterPart

        parts.register(RosterPart())
        holdings.register(NOTES)
        touching.register(
            "rosters", "值班班次", "shifts of rosters", following.SHIFTS.count, following.follow,
            following.unfollow, ever=following.SHIFTS.ever,
        )  # fmt: skip
        register_sealed(
            "rosters_turnevent",
            [
                "id", "area", "turn_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "reason", "at",
            ],
        )  # fmt: skip
