from django.apps import AppConfig


class MlcoreConfig(AppConfig):
    name = "mlcore"
    verbose_name = "Engines and runs"

    def ready(self):
        # The first adds runs to what the live feed compares, the other takes files away with their rows.
        from mlcore.services import feed_state, forget  # noqa: F401
