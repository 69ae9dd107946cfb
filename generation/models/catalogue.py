"""The catalogue: what can be asked for, what it supports and what it costs. Seeded from catalogue.toml."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


class Style(models.TextChoices):
    """Each is words that a model adds to the prompt, or a treatment of its own."""

    NONE = "none"
    REALISTIC = "realistic"
    ANIME = "anime"
    ARTISTIC = "artistic"


class OutputKind(models.TextChoices):
    PICTURE = "picture"
    MODEL_3D = "3d", "3D model"


class SeedSupport(models.TextChoices):
    REPRODUCIBLE = "reproducible", "Reproducible"
    BEST_EFFORT = "best_effort", "Best effort"
    NONE = "none", "No seed"


class Lane(models.TextChoices):
    """Celery queues that carry jobs; fairness and places in the queue are per lane."""

    DEFAULT = "default"
    PROVIDERS = "providers"
    GPU = "gpu"


class InferenceModelQuerySet(models.QuerySet["InferenceModel"]):
    def listed(self) -> "InferenceModelQuerySet":
        """In the order of the picker; rows that left the catalogue file are retired, never deleted."""
        return self.filter(is_retired=False).order_by("position", "pk")


class InferenceModel(models.Model):
    """One row of the catalogue. The staff's switches (`is_enabled`, `message`) and what was measured survive a sync."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    about = models.CharField(max_length=160)
    provider = models.CharField(max_length=20)
    provider_model = models.CharField(max_length=200, blank=True)
    lane = models.CharField(max_length=10, choices=Lane)
    output_kind = models.CharField(max_length=8, choices=OutputKind, default=OutputKind.PICTURE)
    aspect_ratios = models.JSONField(default=list)
    styles = models.JSONField(default=dict, help_text="Style to the words that it adds to the prompt.")
    seed_support = models.CharField(max_length=12, choices=SeedSupport, default=SeedSupport.NONE)
    supports_negative = models.BooleanField(default=False)
    supports_reference = models.BooleanField(default=False)
    max_count = models.PositiveSmallIntegerField(default=1)
    price_credits = models.PositiveIntegerField(validators=[MinValueValidator(1)], help_text="One picture.")
    is_pro = models.BooleanField(default=False, help_text="Paid from purchased credits only.")
    typical_seconds = models.FloatField(help_text="One picture, at the model's normal steps.")
    normal_steps = models.PositiveSmallIntegerField(null=True, help_text="Empty for models without steps.")
    position = models.PositiveSmallIntegerField(default=0)
    is_enabled = models.BooleanField(default=True, help_text="Staff's switch.")
    message = models.CharField(max_length=160, blank=True, help_text="Shown while it is switched off.")
    is_retired = models.BooleanField(default=False, editable=False)

    # What its last runs took; only generation/timing.py writes these.
    measured_seconds = models.FloatField(null=True, help_text="One picture, the median. Empty while too few have run.")
    measured_runs = models.PositiveSmallIntegerField(default=0, help_text="How many runs it is the median of.")
    measured_at = models.DateTimeField(null=True, help_text="When it last changed.")

    objects = InferenceModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_credits__gte=1), name="model_price_is_positive"),
            models.CheckConstraint(condition=Q(max_count__gte=1, max_count__lte=4), name="model_makes_one_to_four"),
            # Prices and charges divide by these.
            models.CheckConstraint(condition=Q(typical_seconds__gt=0), name="model_typical_time_is_positive"),
            models.CheckConstraint(
                condition=Q(measured_seconds__isnull=True) | Q(measured_seconds__gt=0, measured_at__isnull=False),
                name="model_measured_time_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(normal_steps__isnull=True) | Q(normal_steps__gt=0), name="model_normal_steps_are_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def available(self) -> bool:
        return self.is_enabled and not self.is_retired

    @property
    def expected_seconds(self) -> float:
        """For one picture: what the last runs took, or what the catalogue says while too few have run."""
        return self.measured_seconds or self.typical_seconds

    @property
    def style_names(self) -> list[str]:
        """In the order of the form: the database keeps an object's keys in an order of its own."""
        return [style for style in Style.values if style in self.styles]

    @property
    def is_3d(self) -> bool:
        return self.output_kind == OutputKind.MODEL_3D

    @property
    def supports_seed(self) -> bool:
        return self.seed_support != SeedSupport.NONE
