"""The only writer of transfers. Knows owners, amounts and subjects; no jobs, no packs, no pages.

Each function locks the owner's wallets in id order before it writes, so two of them cannot deadlock. A caller that
changes existing rows of its own (a job) does that before it calls, everywhere, for the same reason.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from credits import allowance, errors, reserves, wallets
from credits.models import (
    BY_HAND,
    HOUSE,
    PERSONAL,
    ROUTES,
    SPENDABLE,
    Phase,
    Transfer,
    TransferKind,
    Wallet,
    WalletKind,
)
from credits.purse import Clawback, Purse, Refund, Settlement, share, split


def lock(*, owner_id: int, is_guest: bool) -> Purse:
    """Lock the owner's wallets until the transaction ends, top up today's free credits, and say what there is.

    Must run inside `atomic`. One statement; two more on the first call of a UTC day, another two on the owner's first.
    """
    locks = wallets.lock(owner_id, (WalletKind.DAILY,) if is_guest else PERSONAL)
    daily = locks[WalletKind.DAILY]
    topped_up = _top_up(owner_id, daily, allowance.daily_amount(is_guest=is_guest))
    spendable = {kind: locks[kind].spendable if kind in locks else 0 for kind in SPENDABLE}
    return Purse(
        owner_id=owner_id,
        daily=spendable[WalletKind.DAILY] + topped_up,
        bonus=spendable[WalletKind.BONUS],
        purchased=spendable[WalletKind.PURCHASED],
        debt=-locks[WalletKind.DEBT].balance if WalletKind.DEBT in locks else 0,
        reserved=sum(wallet.reserved for wallet in locks.values()),
        has_purchased=bool(daily.has_purchased),
        wallet_ids={kind: wallet.id for kind, wallet in locks.items()},
    )


def reserve(*, purse: Purse, amount: int, subject: str, kind: str, purchased_only: bool = False) -> Purse:
    """Set `amount` credits aside for `subject`: from daily, bonus, purchased in that order, in one INSERT.

    `purse` is fresh from `lock` in the same transaction; the answer is the purse after it, for a next subject of the
    same set. A repeat changes nothing. Nothing is written for an amount of 0.
    Raises InDebt, InsufficientCredits, KeyReused (the subject was reserved before, otherwise).
    """
    if amount < 0:
        raise errors.Refused(rule="transfer_positive")
    if not amount:
        return purse
    available = purse.available(purchased_only=purchased_only)
    if amount <= available and not purse.debt:
        parts = split(purse, amount, purchased_only=purchased_only)
        if reserves.insert(purse, parts, subject=subject, kind=kind):
            return purse.without(parts)
    if reserves.is_repeat(purse, amount=amount, subject=subject, kind=kind):
        return purse
    if purse.debt:
        raise errors.InDebt(owed=purse.debt)
    raise errors.InsufficientCredits(needed=amount, available=available)


@transaction.atomic
def settle(*, subject: str, amount: int) -> Settlement:
    """End all reserves of `subject`: charge `amount` in the order of spending, give the rest back. 0 charges nothing.

    Idempotent: the same outcome again returns the first result, another one raises ReserveEnded. A subject without
    reserves (it cost nothing) settles at 0. Raises OverCapture when `amount` is more than was reserved.
    """
    locks = wallets.lock_of_subject(subject)
    # A statement of its own: only one that begins after the locks sees how another transaction ended the reserves.
    held = reserves.held(subject)
    reserved = sum(row.amount for row in held)
    outcome = Settlement(subject, captured=amount, released=reserved - amount)
    if any(row.end_phase for row in held):
        captured = sum(row.captured for row in held)
        if captured != amount:
            raise errors.ReserveEnded(subject=subject, captured=captured)
        return outcome
    if not 0 <= amount <= reserved:
        raise errors.OverCapture(subject=subject, amount=amount, reserved=reserved)
    if held:
        charges = share(amount, [row.amount for row in held])
        reserves.end(subject, held, charges)
        _pay_debt_from_returns(locks, subject, held, charges)
    return outcome


@transaction.atomic
def grant(
    *,
    owner_id: int,
    wallet_kind: str,
    amount: int,
    kind: str,
    key: str,
    reason: str = "",
    actor_id: int | None = None,
    subject: str = "",
) -> Transfer:
    """Give credits from the house wallet that this kind of grant comes from; an open debt is paid out of them at once.

    Idempotent by `key`. Raises KeyReused, or Refused (no such grant, no reason or actor where they must be).
    """
    house = _house_of_grant(kind, wallet_kind)
    locks = wallets.lock(owner_id, PERSONAL)
    transfer, is_new = _once(
        owner_id=owner_id,
        source_id=wallets.house_id(house),
        target_id=locks[wallet_kind].id,
        amount=amount,
        kind=kind,
        key=key,
        subject=subject,
        reason=reason,
        actor_id=actor_id,
    )
    if is_new:
        _pay_debt(locks, transfer)
    return transfer


def welcome(*, owner_id: int) -> Transfer | None:
    """Give the welcome credits, once in a person's life, whatever the setting says later. None when there are none."""
    key = f"welcome:{owner_id}"
    earlier = Transfer.objects.filter(key=key).first()
    if earlier or not settings.WELCOME_CREDITS:
        return earlier
    amount: int = settings.WELCOME_CREDITS
    return grant(owner_id=owner_id, wallet_kind=WalletKind.BONUS, amount=amount, kind=TransferKind.WELCOME, key=key)


@transaction.atomic
def clawback(
    *,
    owner_id: int,
    amount: int,
    key: str,
    reason: str,
    kind: str = TransferKind.CLAWBACK,
    actor_id: int | None = None,
    subject: str = "",
) -> Clawback:
    """Take back what a refund or a lost dispute undid: from the purchased credits, and what is missing becomes a debt.

    Idempotent by `key`. Raises KeyReused, Refused.
    """
    if amount <= 0:
        raise errors.Refused(rule="transfer_positive")
    locks = wallets.lock(owner_id, PERSONAL)
    taken = min(amount, locks[WalletKind.PURCHASED].spendable)
    earlier = _earlier_clawback(key, owner_id=owner_id, amount=amount, kind=kind, reason=reason)
    if earlier:
        return earlier
    for wallet_kind, part in ((WalletKind.PURCHASED, taken), (WalletKind.DEBT, amount - taken)):
        if part:
            _once(
                owner_id=owner_id,
                source_id=locks[wallet_kind].id,
                target_id=wallets.house_id(WalletKind.SALES),
                amount=part,
                kind=kind,
                key=_part_key(key, wallet_kind),
                subject=subject,
                reason=reason,
                actor_id=actor_id,
            )
    return Clawback(taken=taken, owed=amount - taken)


@transaction.atomic
def adjust(
    *, owner_id: int, wallet_kind: str, amount: int, key: str, reason: str, actor_id: int, subject: str = ""
) -> Transfer:
    """A correction by staff: `amount` credits into the wallet, or out of it when negative. Reason and actor are kept.

    Idempotent by `key`. A positive amount into the debt wallet forgives, at most what is owed.
    Raises InsufficientCredits, KeyReused, Refused.
    """
    if wallet_kind not in PERSONAL:
        raise errors.Refused(rule="transfer_takes_a_legal_route")
    locks = wallets.lock(owner_id, PERSONAL)
    wallet, house_id = locks[wallet_kind], wallets.house_id(WalletKind.ADJUSTMENT)
    spent = wallet.kind != WalletKind.DEBT and -amount > wallet.spendable
    forgiven = wallet.kind == WalletKind.DEBT and amount > -wallet.balance
    if (spent or forgiven) and not Transfer.objects.filter(key=key).exists():
        if forgiven:
            raise errors.Refused(rule="wallet_never_overdrawn")
        raise errors.InsufficientCredits(needed=-amount, available=wallet.spendable)
    transfer, is_new = _once(
        owner_id=owner_id,
        source_id=house_id if amount > 0 else wallet.id,
        target_id=wallet.id if amount > 0 else house_id,
        amount=abs(amount),
        kind=TransferKind.ADJUSTMENT,
        key=key,
        subject=subject,
        reason=reason,
        actor_id=actor_id,
    )
    if is_new and amount > 0 and wallet_kind in (WalletKind.BONUS, WalletKind.PURCHASED):
        _pay_debt(locks, transfer)
    return transfer


@transaction.atomic
def refund(*, subject: str, amount: int, key: str, reason: str, actor_id: int) -> Refund:
    """Give back `amount` of what `subject` was charged, to who paid: what was purchased first, an open debt paid first.

    What daily credits paid for comes back as bonus ones: in a full daily wallet they would replace the next top-up.
    Idempotent by `key`. Raises OverRefund, KeyReused, Refused (no amount, reason or actor).
    """
    if amount <= 0:
        raise errors.Refused(rule="transfer_positive")
    captures = Transfer.objects.filter(subject=subject, phase=Phase.CAPTURE)
    owner_id = captures.values_list("owner_id", flat=True).first()
    if owner_id is None:
        raise errors.OverRefund(subject=subject, amount=amount, left=0)
    locks = wallets.lock(owner_id, PERSONAL)
    payload = {"owner_id": owner_id, "subject": subject, "reason": reason, "actor_id": actor_id}
    earlier = _earlier_refund(key, amount=amount, payload=payload)
    if earlier:
        return earlier
    left = _refundable(subject, owner_id)
    if amount > sum(left.values()):
        raise errors.OverRefund(subject=subject, amount=amount, left=sum(left.values()))
    parts = dict(zip(left, share(amount, list(left.values())), strict=True))
    _pay_debt(locks, *(_insert_refund(locks, kind, part, key, payload) for kind, part in parts.items() if part))
    return Refund(owner_id, bonus=parts[WalletKind.BONUS], purchased=parts[WalletKind.PURCHASED])


# --- The day's credits ------------------------------------------------------------------------------------------------


def _top_up(owner_id: int, daily: wallets.Locked, allowed: int) -> int:
    """Fill the daily wallet up to `allowed`, once per UTC day by the database's clock; the credits that came in.

    Reserved credits still count as there: they come back or are spent, and must not be replaced meanwhile.
    """
    if daily.topped_up_on and daily.topped_up_on >= daily.today:
        return 0
    amount = max(0, allowed - daily.balance)
    if amount:  # the trigger writes the day together with the balance
        Transfer.objects.create(
            owner_id=owner_id,
            source_id=wallets.house_id(WalletKind.ISSUANCE),
            target_id=daily.id,
            amount=amount,
            phase=Phase.FINAL,
            kind=TransferKind.DAILY,
            key=f"daily:{daily.id}:{daily.today.isoformat()}",
        )
    else:
        Wallet.objects.filter(pk=daily.id).update(topped_up_on=daily.today)
    return amount


# --- Grants, debts, keys ---------------------------------------------------------------------------------------------


def _house_of_grant(kind: str, wallet_kind: str) -> WalletKind:
    # These have functions of their own.
    if kind not in (TransferKind.DAILY, TransferKind.ADJUSTMENT, TransferKind.REFUND):
        for source, target in ROUTES[TransferKind(kind)]:
            if source in HOUSE and target == wallet_kind:
                return source
    raise errors.Refused(rule="transfer_takes_a_legal_route")


def _once(*, key: str, **payload: Any) -> tuple[Transfer, bool]:
    """Write a final transfer, or find the one that this key has written; true when it is new.

    Two at once: the loser's INSERT waits for the winner's commit and is then compared with it.
    """
    if payload["amount"] <= 0:
        raise errors.Refused(rule="transfer_positive")
    by_hand = payload["kind"] in (*BY_HAND, TransferKind.REFUND)  # nothing else here writes a refund of a charge
    if by_hand and not (payload["reason"].strip() and payload["actor_id"]):
        raise errors.Refused(rule="transfer_by_hand_has_reason_and_actor")
    payload["phase"] = Phase.FINAL
    transfer, is_new = Transfer.objects.get_or_create(key=key, defaults=payload)
    if not is_new and any(getattr(transfer, name) != value for name, value in payload.items()):
        raise errors.KeyReused(key=key)
    return transfer, is_new


def _pay_debt(locks: wallets.Locks, *granted: Transfer) -> None:
    """Bonus and purchased credits pay an open debt before anything else. Daily ones never do: they are an allowance."""
    owed = -locks[WalletKind.DEBT].balance
    for transfer, part in zip(granted, share(owed, [one.amount for one in granted]), strict=True):
        if part:
            # Not `:debt`, which a claw-back under the same name has written.
            _debt_payment(locks, transfer.target_id, part, f"{transfer.key}:debt_paid", transfer.subject).save()


def _pay_debt_from_returns(locks: wallets.Locks, subject: str, held: list[reserves.Held], charges: list[int]) -> None:
    """Credits that were reserved when a refund was clawed back pay the debt when they return."""
    if WalletKind.DEBT not in locks or not (owed := -locks[WalletKind.DEBT].balance):
        return
    back = {row.wallet: row.amount - charge for row, charge in zip(held, charges, strict=True)}
    kinds = (WalletKind.BONUS, WalletKind.PURCHASED)
    for kind, part in zip(kinds, share(owed, [back.get(kind, 0) for kind in kinds]), strict=True):
        if part:
            _debt_payment(locks, locks[kind].id, part, f"{subject}:debt:{kind.value}", subject).save()


def _debt_payment(locks: wallets.Locks, source_id: int, amount: int, key: str, subject: str) -> Transfer:
    debt = locks[WalletKind.DEBT]
    return Transfer(
        owner_id=debt.owner_id,
        source_id=source_id,
        target_id=debt.id,
        amount=amount,
        phase=Phase.FINAL,
        kind=TransferKind.DEBT,
        key=key,
        subject=subject,
    )


# --- Refunds ---------------------------------------------------------------------------------------------------------


def _refundable(subject: str, owner_id: int) -> dict[WalletKind, int]:
    """What is left of the charge for each wallet that takes refunds, in their order."""
    rows = Transfer.objects.filter(subject=subject, owner_id=owner_id).order_by()
    paid = dict(rows.filter(phase=Phase.CAPTURE).values_list("source__kind").annotate(Sum("amount")))
    refunds = rows.filter(kind=TransferKind.REFUND, source__kind=WalletKind.REVENUE)
    back = dict(refunds.values_list("target__kind").annotate(Sum("amount")))
    purchased = paid.pop(WalletKind.PURCHASED, 0)
    return {  # PostgreSQL sums bigints into a numeric
        WalletKind.PURCHASED: int(purchased - back.get(WalletKind.PURCHASED, 0)),
        WalletKind.BONUS: int(sum(paid.values()) - back.get(WalletKind.BONUS, 0)),
    }


def _refund_key(key: str, wallet_kind: WalletKind) -> str:
    """Not as a claw-back's parts are named: the two must not meet under one key."""
    return f"{key}:refund:{wallet_kind.value}"


def _insert_refund(
    locks: wallets.Locks, wallet_kind: WalletKind, amount: int, key: str, payload: dict[str, Any]
) -> Transfer:
    transfer, _ = _once(
        key=_refund_key(key, wallet_kind),
        source_id=wallets.house_id(WalletKind.REVENUE),
        target_id=locks[wallet_kind].id,
        amount=amount,
        kind=TransferKind.REFUND,
        **payload,
    )
    return transfer


def _earlier_refund(key: str, *, amount: int, payload: dict[str, Any]) -> Refund | None:
    """What this key gave back before; its split belongs to what was left then, so only the sum is compared."""
    keys = {_refund_key(key, wallet): wallet for wallet in (WalletKind.PURCHASED, WalletKind.BONUS)}
    rows = list(Transfer.objects.filter(key__in=keys))
    if not rows:
        return None
    expected = payload | {"kind": TransferKind.REFUND}
    same = all(getattr(row, name) == value for row in rows for name, value in expected.items())
    if not same or sum(row.amount for row in rows) != amount:
        raise errors.KeyReused(key=key)
    parts = {keys[row.key]: row.amount for row in rows}
    return Refund(payload["owner_id"], parts.get(WalletKind.BONUS, 0), parts.get(WalletKind.PURCHASED, 0))


# --- Claw-backs ------------------------------------------------------------------------------------------------------


def _part_key(key: str, wallet_kind: WalletKind) -> str:
    return f"{key}:{wallet_kind.value}"


def _earlier_clawback(key: str, *, owner_id: int, amount: int, kind: str, reason: str) -> Clawback | None:
    """What this key took before; its split belongs to the balance of that day, so only the sum is compared."""
    keys = {_part_key(key, wallet): wallet for wallet in (WalletKind.PURCHASED, WalletKind.DEBT)}
    rows = list(Transfer.objects.filter(key__in=keys))
    if not rows:
        return None
    if {(row.owner_id, row.kind, row.reason) for row in rows} != {(owner_id, kind, reason)}:
        raise errors.KeyReused(key=key)
    parts = {keys[row.key]: row.amount for row in rows}
    if sum(parts.values()) != amount:
        raise errors.KeyReused(key=key)
    return Clawback(taken=parts.get(WalletKind.PURCHASED, 0), owed=parts.get(WalletKind.DEBT, 0))
