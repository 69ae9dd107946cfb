from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"

    def ready(self) -> None:
        from gallery import audit  # noqa: PLC0415  (models must be loaded first)

        audit.register()
