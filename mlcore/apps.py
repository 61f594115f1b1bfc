from django.apps import AppConfig


class MlcoreConfig(AppConfig):
    name = "mlcore"
    verbose_name = "Engines and runs"

    def ready(self):
        from mlcore.services import feed_state  # noqa: F401  (adds runs to what the live feed compares)
