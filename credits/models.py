"""Wallets, transfers, checkpoints: the rows, and every rule that the database itself holds about them.

docs/ledger.md lists each invariant beside the constraint or trigger below that holds it.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from credits.seals import SEAL, STAYS_OUT, UtcDay
from credits.triggers import Firm, append_only, refuse


class WalletKind(models.TextChoices):
    DAILY = "daily", "Daily"
    BONUS = "bonus", "Bonus"
    PURCHASED = "purchased", "Purchased"
    DEBT = "debt", "Debt"
    ISSUANCE = "issuance", "Issuance"
    SALES = "sales", "Sales"
    REVENUE = "revenue", "Revenue"
    ADJUSTMENT = "adjustment", "Adjustment"


# The order in which credits are spent and captured. A person's wallets are opened in this order too, so that
# ascending ids and the order of spending agree.
SPENDABLE = (WalletKind.DAILY, WalletKind.BONUS, WalletKind.PURCHASED)
PERSONAL = (*SPENDABLE, WalletKind.DEBT)
HOUSE = (WalletKind.ISSUANCE, WalletKind.SALES, WalletKind.REVENUE, WalletKind.ADJUSTMENT)


class Phase(models.TextChoices):
    FINAL = "final", "Final"
    RESERVE = "reserve", "Reserve"
    CAPTURE = "capture", "Capture"
    RELEASE = "release", "Release"


class TransferKind(models.TextChoices):
    WELCOME = "welcome", "Welcome"
    DAILY = "daily", "Daily"
    PURCHASE = "purchase", "Purchase"
    GENERATION = "generation", "Generation"
    REFUND = "refund", "Refund"
    CLAWBACK = "clawback", "Clawback"
    RESTORE = "restore", "Restore"
    DEBT = "debt", "Debt paid"
    GOODWILL = "goodwill", "Goodwill"
    ADJUSTMENT = "adjustment", "Adjustment"


# Every way that credits may take: kind of transfer -> pairs of wallet kinds. There is none from person to person.
ROUTES: dict[TransferKind, tuple[tuple[WalletKind, WalletKind], ...]] = {
    TransferKind.WELCOME: ((WalletKind.ISSUANCE, WalletKind.BONUS),),
    TransferKind.DAILY: ((WalletKind.ISSUANCE, WalletKind.DAILY),),
    TransferKind.GOODWILL: ((WalletKind.ISSUANCE, WalletKind.BONUS),),
    TransferKind.PURCHASE: ((WalletKind.SALES, WalletKind.PURCHASED),),
    TransferKind.RESTORE: ((WalletKind.SALES, WalletKind.PURCHASED),),
    # Of a payment, out of the person's wallets; of a charge, into them.
    TransferKind.REFUND: (
        (WalletKind.PURCHASED, WalletKind.SALES),
        (WalletKind.DEBT, WalletKind.SALES),
        (WalletKind.REVENUE, WalletKind.BONUS),
        (WalletKind.REVENUE, WalletKind.PURCHASED),
    ),
    TransferKind.CLAWBACK: ((WalletKind.PURCHASED, WalletKind.SALES), (WalletKind.DEBT, WalletKind.SALES)),
    TransferKind.DEBT: ((WalletKind.BONUS, WalletKind.DEBT), (WalletKind.PURCHASED, WalletKind.DEBT)),
    TransferKind.GENERATION: tuple((kind, WalletKind.REVENUE) for kind in SPENDABLE),
    TransferKind.ADJUSTMENT: (
        *((kind, WalletKind.ADJUSTMENT) for kind in PERSONAL),
        *((WalletKind.ADJUSTMENT, kind) for kind in PERSONAL),
    ),
}
LEGAL_ROUTES = ", ".join(
    sorted(f"'{kind.value} {source.value} {target.value}'" for kind, ways in ROUTES.items() for source, target in ways)
)
BY_HAND = (TransferKind.GOODWILL, TransferKind.ADJUSTMENT)
UTC_DAY = UtcDay("created_at")
UTC_TODAY = "(now() AT TIME ZONE 'utc')::date"


class Wallet(models.Model):
    """One kind of credits of one person, or one of the house's own. Triggers alone write `balance` and `reserved`.

    A debt is a balance below zero by what is owed. House wallets store no balance (each would be a hot row that every
    spender waits for); audit.py sums their transfers instead.
    """

    # The unique constraint below begins with the owner: a second index would only cost writes.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, db_index=False, on_delete=models.PROTECT, related_name="wallets"
    )
    kind = models.CharField(max_length=12, choices=WalletKind)
    balance = models.BigIntegerField(default=0, editable=False)
    reserved = models.BigIntegerField(default=0, editable=False)
    topped_up_on = models.DateField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "kind"], nulls_distinct=False, name="wallet_one_per_kind"),
            models.CheckConstraint(
                condition=Q(owner__isnull=False, kind__in=PERSONAL) | Q(owner__isnull=True, kind__in=HOUSE),
                name="wallet_kind_fits_owner",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=SPENDABLE, reserved__gte=0, balance__gte=F("reserved"))
                | Q(kind=WalletKind.DEBT, reserved=0, balance__lte=0)
                | Q(kind__in=HOUSE, reserved=0, balance=0),
                name="wallet_never_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(topped_up_on__isnull=True) | Q(kind=WalletKind.DAILY), name="wallet_only_daily_is_topped_up"
            ),
        ]
        triggers = [
            Firm(
                name="starts_empty",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.balance <> 0 OR NEW.reserved <> 0 OR NEW.topped_up_on IS NOT NULL"),
                func=refuse("wallet_starts_empty"),
            ),
            Firm(
                name="moved_by_transfers_only",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("balance", "reserved"),
                # A statement has depth 0; the UPDATE of a transfer's trigger has depth 1.
                condition=pgtrigger.Condition("pg_trigger_depth() = 0"),
                func=refuse("wallet_moved_by_transfers_only"),
            ),
            Firm(
                name="keeps_owner_and_kind",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("id", "owner_id", "kind"),
                func=refuse("wallet_keeps_owner_and_kind"),
            ),
            Firm(
                name="topped_up_today_only",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("topped_up_on"),
                condition=pgtrigger.Condition("OLD.topped_up_on IS DISTINCT FROM NEW.topped_up_on"),
                func=f"""
                    IF NEW.topped_up_on IS DISTINCT FROM {UTC_TODAY} OR NEW.topped_up_on < OLD.topped_up_on THEN
                        {refuse("wallet_topped_up_today_only")}
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} wallet {self.pk}"


class Transfer(models.Model):
    """One positive amount from one wallet to another, so it balances by shape. Never changed, never deleted.

    A `reserve` sets the amount aside; one `capture` (of it or of less, the rest returns) or `release` ends it.
    `subject` says what the movement is about (`job:<code>`); `key` is the caller's and makes a repeat harmless.
    """

    # Indexes on source, target and actor would serve no page: a statement reads by owner, a receipt by subject.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, db_index=False, on_delete=models.PROTECT, related_name="transfers"
    )
    source = models.ForeignKey(Wallet, db_index=False, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Wallet, db_index=False, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    phase = models.CharField(max_length=8, choices=Phase)
    kind = models.CharField(max_length=12, choices=TransferKind)
    key = models.TextField()
    subject = models.TextField(default="", blank=True)
    reserve = models.ForeignKey("self", null=True, db_index=False, on_delete=models.PROTECT, related_name="ends")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [
            ("grant", "Can give credits"),
            ("correct", "Can correct a wallet"),
            ("refund", "Can refund a charge"),
        ]
        indexes = [
            # A statement's order is the day's, then the row's: so one index serves its pages, its months and the seals.
            # Ascending and read backwards: rows come in that order, which leaves pages full instead of halves.
            models.Index(F("owner"), UTC_DAY, F("id"), name="transfer_statement"),
            # Nearly all rows pay for jobs and are not in it: it costs their writing nothing, and finds the others.
            models.Index(
                F("owner"),
                UTC_DAY,
                F("id"),
                condition=~Q(kind=TransferKind.GENERATION),
                name="transfer_statement_rare",
            ),
            # By whom a job was paid: 1.4 microseconds and 39 bytes a row, where reserve and end take 1,500 together.
            models.Index(
                F("source"),
                UTC_DAY,
                F("id"),
                condition=Q(kind=TransferKind.GENERATION),
                name="transfer_statement_wallet",
            ),
            models.Index(fields=["subject"], name="transfer_subject"),
            models.Index(fields=["owner"], condition=Q(kind=TransferKind.PURCHASE), name="transfer_purchases"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="transfer_key_once"),
            models.UniqueConstraint(
                fields=["reserve"], condition=Q(reserve__isnull=False), name="transfer_reserve_ends_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_positive"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_between_two"),
            models.CheckConstraint(condition=~Q(key=""), name="transfer_has_key"),
            models.CheckConstraint(
                condition=Q(phase__in=[Phase.CAPTURE, Phase.RELEASE], reserve__isnull=False)
                | Q(phase__in=[Phase.FINAL, Phase.RESERVE], reserve__isnull=True),
                name="transfer_resolution_names_reserve",
            ),
            models.CheckConstraint(
                condition=Q(kind=TransferKind.GENERATION) & ~Q(phase=Phase.FINAL) & ~Q(subject="")
                | ~Q(kind=TransferKind.GENERATION) & Q(phase=Phase.FINAL),
                name="transfer_spending_is_reserved",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=BY_HAND) | Q(actor__isnull=False, reason__regex=r"\S"),
                name="transfer_by_hand_has_reason_and_actor",
            ),
        ]
        triggers = [
            *append_only("transfer_append_only"),
            Firm(
                name="takes_a_legal_route",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[
                    ("giver", "credits_wallet%ROWTYPE"),
                    ("taker", "credits_wallet%ROWTYPE"),
                    ("held", "credits_transfer%ROWTYPE"),
                ],
                func=f"""
                    SELECT * INTO giver FROM credits_wallet WHERE id = NEW.source_id;
                    SELECT * INTO taker FROM credits_wallet WHERE id = NEW.target_id;
                    IF NEW.owner_id IS DISTINCT FROM COALESCE(giver.owner_id, taker.owner_id)
                        OR giver.owner_id <> taker.owner_id THEN
                        {refuse("transfer_has_one_owner")}
                    END IF;
                    IF concat_ws(' ', NEW.kind, giver.kind, taker.kind) <> ALL (ARRAY[{LEGAL_ROUTES}]) THEN
                        {refuse("transfer_takes_a_legal_route")}
                    END IF;
                    IF NEW.kind = 'daily' AND (
                        NEW.key <> 'daily:' || NEW.target_id || ':' || to_char({UTC_TODAY}, 'YYYY-MM-DD')
                        OR taker.topped_up_on >= {UTC_TODAY}) THEN
                        {refuse("transfer_daily_once_per_utc_day")}
                    END IF;
                    IF NEW.reserve_id IS NOT NULL THEN
                        SELECT * INTO held FROM credits_transfer WHERE id = NEW.reserve_id;
                        IF NOT FOUND OR held.phase <> 'reserve' OR NEW.amount > held.amount
                            OR (NEW.phase = 'release' AND NEW.amount <> held.amount)
                            OR (NEW.source_id, NEW.target_id, NEW.kind, NEW.subject)
                                <> (held.source_id, held.target_id, held.kind, held.subject) THEN
                            {refuse("transfer_resolution_fits_reserve")}
                        END IF;
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  (our own names, at import time)
            ),
            Firm(
                name="refunds_what_was_charged",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.kind = 'refund'"),
                declare=[("taker", "text"), ("charged", "bigint"), ("refunded", "bigint")],
                func=f"""
                    IF NEW.source_id <> (SELECT id FROM credits_wallet WHERE owner_id IS NULL AND kind = 'revenue') THEN
                        RETURN NEW;
                    END IF;
                    IF NEW.actor_id IS NULL OR NEW.reason !~ '\\S' THEN
                        {refuse("transfer_by_hand_has_reason_and_actor")}
                    END IF;
                    -- Two refunds at once take turns here, and the sums below begin after the lock.
                    SELECT kind INTO taker FROM credits_wallet WHERE id = NEW.target_id FOR NO KEY UPDATE;
                    SELECT coalesce(sum(paid.amount), 0) INTO charged
                      FROM credits_transfer paid JOIN credits_wallet payer ON payer.id = paid.source_id
                     WHERE paid.subject = NEW.subject AND paid.phase = 'capture' AND paid.owner_id = NEW.owner_id
                       AND (payer.kind = 'purchased') = (taker = 'purchased');
                    SELECT coalesce(sum(amount), 0) INTO refunded FROM credits_transfer
                     WHERE subject = NEW.subject AND kind = 'refund'
                       AND source_id = NEW.source_id AND target_id = NEW.target_id;
                    IF refunded + NEW.amount > charged THEN
                        {refuse("transfer_refunds_what_was_charged")}
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  (our own names, at import time)
            ),
            Firm(
                name="moves_credits",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                declare=[("held", "bigint"), ("owed", "bigint")],
                # House wallets have no owner, so no UPDATE here touches them.
                func=f"""
                    IF NEW.phase = 'final' THEN
                        UPDATE credits_wallet
                           SET balance = balance + CASE WHEN id = NEW.target_id THEN NEW.amount ELSE -NEW.amount END,
                               topped_up_on = CASE WHEN NEW.kind = 'daily' THEN {UTC_TODAY} ELSE topped_up_on END
                         WHERE id IN (NEW.source_id, NEW.target_id) AND owner_id IS NOT NULL;
                    ELSIF NEW.phase = 'reserve' THEN
                        UPDATE credits_wallet SET reserved = reserved + NEW.amount WHERE id = NEW.source_id;
                        -- Locked whatever it holds: a claw-back that has not committed yet would not be seen.
                        SELECT balance INTO owed FROM credits_wallet
                         WHERE owner_id = NEW.owner_id AND kind = 'debt' FOR NO KEY UPDATE;
                        IF owed < 0 THEN
                            {refuse("transfer_no_reserve_in_debt")}
                        END IF;
                    ELSE
                        SELECT amount INTO held FROM credits_transfer WHERE id = NEW.reserve_id;
                        UPDATE credits_wallet
                           SET reserved = reserved - held,
                               balance = balance - CASE WHEN NEW.phase = 'capture' THEN NEW.amount ELSE 0 END
                         WHERE id = NEW.source_id;
                    END IF;
                    {STAYS_OUT}
                    RETURN NULL;
                """,  # noqa: S608  (our own names, at import time)
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Checkpoint(models.Model):
    """The seal of an owner's UTC day: it hashes the day's rows and the seal before. The owner and the day are written,
    a trigger fills the rest from the rows.
    """

    # The unique constraint below begins with the owner.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, db_index=False, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    previous = models.ForeignKey("self", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    rows = models.BigIntegerField()
    last = models.ForeignKey(Transfer, db_index=False, on_delete=models.PROTECT, related_name="+")
    hash = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "day"], name="checkpoint_once_per_day"),
            models.UniqueConstraint(fields=["previous"], name="checkpoint_chain_never_forks"),
            models.UniqueConstraint(
                fields=["owner"], condition=Q(previous__isnull=True), name="checkpoint_chain_begins_once"
            ),
        ]
        triggers = [
            *append_only("checkpoint_append_only"),
            Firm(
                name="seals_the_rows",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("earlier", "credits_checkpoint%ROWTYPE"), ("digests", "bytea")],
                func=SEAL,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} of {self.owner_id}"


class Audit(models.Model):
    """The result of one run of audit.py; the newest one is what pages may quote."""

    at = models.DateTimeField(db_default=Now())
    ok = models.BooleanField()
    breaches = models.JSONField()
    seconds = models.FloatField()
    checks = models.JSONField(default=list, help_text="Their names, in the order of checking.")
    figures = models.JSONField(default=dict)
    sums = models.JSONField(default=dict, help_text="Credits by kind of wallet.")

    class Meta:
        indexes = [models.Index(fields=["-at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'breach'} {self.at}"
