"""Presets: words and settings that a person keeps to begin from. `{{name}}` in the words is asked for on use."""

import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

NAME_MAX = 60


class Preset(models.Model):
    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=NAME_MAX)
    prompt = models.TextField(blank=True, help_text="As typed, with its variables.")
    settings = models.JSONField(
        default=dict, blank=True, help_text="Fields of the studio's form by name; none for a saved prompt."
    )
    created_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["owner", "-used_at", "-id"], name="preset_by_owner")]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="preset_has_a_name"),
            models.CheckConstraint(condition=~(Q(prompt="") & Q(settings={})), name="preset_keeps_something"),
            models.UniqueConstraint("owner", Lower("name"), name="preset_name_once_per_person"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_prompt(self) -> bool:
        """Words alone, without settings."""
        return not self.settings
