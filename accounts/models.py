"""People. A guest is a User too, so that every row has one kind of owner; to Django and allauth a guest is nobody.

Rows are made by signup.py and guests.py; commands and tests may use the manager.
"""

from typing import ClassVar

import pgtrigger
import uuid_utils.compat as uuid7
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from credits.triggers import Firm, refuse

HANDLE = r"\A[a-z0-9][a-z0-9_]{1,28}[a-z0-9]\Z"
HANDLE_MAX = 30
NAME_MAX, BIO_MAX = 60, 500


class Showing(models.TextChoices):
    """What a viewer wants done with pictures of a content level."""

    SHOW = "show"
    BLUR = "blur"
    HIDE = "hide"


def _showing(level: str, default: Showing) -> models.CharField:  # type: ignore[type-arg]
    return models.CharField(level, max_length=4, choices=Showing, default=default, db_default=default)


class UserManager(BaseUserManager["User"]):
    """Makes accounts and guests. Addresses are stored in lower case, so that every look-up is one plain index read."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), is_guest=False, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def create_guest(self) -> "User":
        guest = self.model(is_guest=True, email=None, handle=None)
        guest.set_unusable_password()
        guest.save(using=self._db)
        return guest

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractUser):
    """An account, or a guest who has generated something without one."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    # NULL and not "": any number of guests share it under a unique key.
    email = models.EmailField("e-mail address", null=True)  # type: ignore[assignment]  # noqa: DJ001
    handle = models.CharField(  # noqa: DJ001
        max_length=HANDLE_MAX,
        null=True,
        blank=True,
        validators=[RegexValidator(HANDLE, "3 to 30 letters, digits or underscores.")],
    )
    display_name = models.CharField("name", max_length=NAME_MAX, blank=True)
    bio = models.CharField("about you", max_length=BIO_MAX, blank=True)
    # How the gallery treats pictures of each level for this person. General ones always show, refused ones never.
    show_suggestive = _showing("suggestive", Showing.SHOW)
    show_nudity = _showing("nudity", Showing.BLUR)
    show_explicit = _showing("explicit", Showing.HIDE)
    writes_metadata = models.BooleanField(
        "write prompt, model and seed into downloaded files", default=True, db_default=True
    )
    is_guest = models.BooleanField(default=False, editable=False)
    merged_into = models.ForeignKey("self", null=True, editable=False, on_delete=models.PROTECT, related_name="+")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_once"),
            models.UniqueConstraint(fields=["handle"], name="user_handle_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=Q(handle__regex=HANDLE), name="user_handle_is_well_formed"),
            models.CheckConstraint(
                condition=Q(is_guest=True, email__isnull=True, handle__isnull=True)
                | Q(is_guest=False, email__isnull=False, email__gt=""),
                name="user_guest_has_no_email",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(is_guest=True), name="user_only_guests_are_merged"
            ),
            models.CheckConstraint(
                condition=Q(
                    show_suggestive__in=Showing.values, show_nudity__in=Showing.values, show_explicit__in=Showing.values
                ),
                name="user_showing_is_known",
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="user_is_not_merged_into_itself"),
        ]
        triggers = [
            Firm(
                name="merged_once",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("merged_into_id"),
                condition=pgtrigger.Condition("OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id"),
                func=f"""
                    IF OLD.merged_into_id IS NOT NULL THEN
                        {refuse("user_merged_once")}
                    END IF;
                    IF EXISTS (SELECT FROM accounts_user WHERE id = NEW.merged_into_id AND is_guest) THEN
                        {refuse("user_merged_into_accounts")}
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.email or f"guest {self.pk}"

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower() if self.email else None

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        """False for a guest: allauth would otherwise refuse them sign-in and sign-up."""
        return not self.is_guest

    @property
    def is_anonymous(self) -> bool:  # type: ignore[override]
        return self.is_guest

    @property
    def public_name(self) -> str:
        return self.display_name or (f"@{self.handle}" if self.handle else "Guest")

    def get_full_name(self) -> str:
        return self.public_name

    def get_short_name(self) -> str:
        return self.public_name
