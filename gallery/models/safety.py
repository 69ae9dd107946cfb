"""Reports, what staff decided, strikes and appeals. A decision is written once; an appeal answers it."""

import pgtrigger
import uuid_utils.compat as uuid7
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from gallery.models.comment import Comment
from generation.models import Asset, Level, Moderation, Visibility

NOTE_MAX = 1000


class Reason(models.TextChoices):
    """What somebody may find wrong, and which rule a decision names."""

    LEVEL = "level", "Shows more than it is marked with"
    PERSON = "person", "Shows a real person"
    COPY = "copy", "Copies someone’s work"
    MINORS = "minors", "Sexualises a child"
    VIOLENCE = "violence", "Glorifies violence or hate"
    HARASSMENT = "harassment", "Insults or harasses"
    SPAM = "spam", "Spam or fraud"
    OTHER = "other", "Something else"


class ReportState(models.TextChoices):
    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Action(models.TextChoices):
    """What a decision did. `level` only set the content level."""

    KEEP = "keep", "Kept"
    LEVEL = "level", "Level changed"
    WITHDRAW = "withdraw", "Withdrawn"
    REFUSE = "refuse", "Refused"
    REMOVE = "remove", "Comment removed"
    RESTORE = "restore", "Restored"


class Decision(models.Model):
    """One act of moderation, by staff or by an automatic check (`actor` empty). Append-only."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    asset = models.ForeignKey(Asset, null=True, on_delete=models.PROTECT, related_name="+")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="Whom it concerns."
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    action = models.CharField(max_length=8, choices=Action)
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    note = models.CharField(max_length=NOTE_MAX, blank=True, help_text="For the person; plain text.")
    level_before = models.CharField(max_length=10, choices=Level, blank=True)
    level_after = models.CharField(max_length=10, choices=Level, blank=True)
    # What a restoring decision goes back to; empty where it is about a comment.
    floor_before = models.CharField(max_length=10, choices=Level, blank=True, db_default="")
    visibility_before = models.CharField(max_length=8, choices=Visibility, blank=True, db_default="")
    moderation_before = models.CharField(max_length=8, choices=Moderation, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(asset__isnull=False, comment__isnull=True) | Q(asset__isnull=True, comment__isnull=False),
                name="decision_is_about_one_thing",
            ),
            models.CheckConstraint(condition=~Q(actor=F("owner")), name="decision_not_in_ones_own_case"),
            models.CheckConstraint(
                condition=Q(action__in=(Action.KEEP, Action.RESTORE)) | ~Q(reason=""), name="decision_names_its_reason"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="append_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'decision_is_append_only',
                        MESSAGE = 'a decision is answered by another one, never changed';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"decision {self.code}"


class Report(models.Model):
    """One person's word about a picture or a comment. The same person has one open report of a thing at a time."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(Asset, null=True, on_delete=models.PROTECT, related_name="reports")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.PROTECT, related_name="reports")
    reason = models.CharField(max_length=10, choices=Reason)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    state = models.CharField(max_length=9, choices=ReportState, default=ReportState.OPEN)
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="reports")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state=ReportState.OPEN), name="report_queue")]
        constraints = [
            models.CheckConstraint(
                condition=Q(asset__isnull=False, comment__isnull=True) | Q(asset__isnull=True, comment__isnull=False),
                name="report_is_about_one_thing",
            ),
            models.UniqueConstraint(
                fields=["reporter", "asset"], condition=Q(state=ReportState.OPEN), name="report_open_once_per_picture"
            ),
            models.UniqueConstraint(
                fields=["reporter", "comment"], condition=Q(state=ReportState.OPEN), name="report_open_once_per_comment"
            ),
            models.CheckConstraint(
                condition=Q(state=ReportState.OPEN, decision__isnull=True)
                | (~Q(state=ReportState.OPEN) & Q(decision__isnull=False)),
                name="report_closed_by_a_decision",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="about_anothers",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM 1 FROM generation_asset a WHERE a.id = NEW.asset_id AND a.owner_id = NEW.reporter_id
                      UNION ALL
                    SELECT 1 FROM gallery_comment c WHERE c.id = NEW.comment_id AND c.author_id = NEW.reporter_id;
                    IF FOUND THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'report_is_about_anothers',
                            MESSAGE = 'nobody reports what is their own';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"report {self.code}"


class Strike(models.Model):
    """What a decision cost its person, until it expires or is lifted by an appeal."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="strike")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="strikes")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="strike_expires_later"),
        ]

    def __str__(self) -> str:
        return f"strike {self.pk}"


class AppealState(models.TextChoices):
    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


class Appeal(models.Model):
    """The answer of the person concerned to a decision: free, once per decision."""

    code = models.UUIDField(default=uuid7.uuid7, unique=True, editable=False)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="appeal")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=NOTE_MAX)
    state = models.CharField(max_length=8, choices=AppealState, default=AppealState.OPEN)
    answer = models.CharField(max_length=NOTE_MAX, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state=AppealState.OPEN), name="appeal_queue")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="appeal_says_why"),
            models.CheckConstraint(
                condition=Q(state=AppealState.OPEN, answered_at__isnull=True, answered_by__isnull=True)
                | (~Q(state=AppealState.OPEN) & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="appeal_answered_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(answered_by=F("owner")), name="appeal_not_answered_by_its_owner"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="by_whom_it_concerns",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("decision_id", "owner_id"),
                func="""
                    PERFORM 1 FROM gallery_decision d WHERE d.id = NEW.decision_id AND d.owner_id = NEW.owner_id;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'appeal_by_whom_it_concerns',
                            MESSAGE = 'a decision is appealed by the person whom it concerns';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"appeal {self.code}"
