"""Django application of the catalogue."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """The catalogue (事部件目录)."""

    name = "shanzhi.work.catalogue"
    label = "catalogue"
    verbose_name = "事部件目录 Catalogue"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Kinds are a part of every response."""
        from shanzhi.city.modes import parts
        from shanzhi.work.catalogue.parts import KindsPart

        parts.register(KindsPart())
