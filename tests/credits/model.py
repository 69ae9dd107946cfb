"""The ledger's rules once more, in plain Python and for one call at a time; test_model.py compares the two.

Written from docs/ledger.md; of credits/ it shares the names, the answers and the refusals, and none of the arithmetic.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from credits.errors import (
    CreditsError,
    InDebt,
    InsufficientCredits,
    KeyReused,
    OverCapture,
    OverRefund,
    Refused,
    ReserveEnded,
)
from credits.purse import Clawback, Purse, Refund, Settlement
from credits.statements import Balance, Charges, Pocket

SPENDABLE = ("daily", "bonus", "purchased")
GRANTS = {
    ("goodwill", "bonus"): "issuance",
    ("welcome", "bonus"): "issuance",
    ("purchase", "purchased"): "sales",
    ("restore", "purchased"): "sales",
}


@dataclass
class Account:
    """One person's wallets; `owed` is the debt, 0 or more."""

    is_guest: bool
    balance: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPENDABLE, 0))
    reserved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPENDABLE, 0))
    owed: int = 0
    topped_up_on: date | None = None
    has_purchased: bool = False

    def spendable(self, kind: str) -> int:
        return self.balance[kind] - self.reserved[kind]


@dataclass
class Held:
    """The reserve of one subject, by wallet, what it was charged once it has ended, and what of that is left.

    What daily credits paid for comes back as bonus, so it counts as that in `refundable`.
    """

    owner_id: int
    parts: dict[str, int]
    captured: int | None = None
    refundable: dict[str, int] = field(default_factory=lambda: {"purchased": 0, "bonus": 0})

    @property
    def amount(self) -> int:
        return sum(self.parts.values())


@dataclass
class _State:
    accounts: dict[int, Account] = field(default_factory=dict)
    house: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("issuance", "sales", "revenue", "adjustment"), 0)
    )
    payloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    clawbacks: dict[str, tuple[dict[str, Any], Clawback]] = field(default_factory=dict)
    refunds: dict[str, tuple[dict[str, Any], Refund]] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)


class Books:
    """Everybody's wallets and the house's on one day; `settings` may change between calls, as staff may change them."""

    def __init__(self, today: date, settings: dict[str, int]) -> None:
        self.today = today
        self.settings = settings
        self.state = _State()

    def answer(self, name: str, values: dict[str, Any]) -> Any:
        """What the ledger's function of this name must answer or refuse; a refusal leaves everything as it was."""
        before = deepcopy(self.state)
        try:
            return getattr(self, name)(**values)
        except CreditsError as refusal:
            self.state = before
            return refusal

    def open(self, owner_id: int, *, is_guest: bool) -> None:
        self.state.accounts[owner_id] = Account(is_guest)

    def a_day_passes(self) -> None:
        """Today stays what it is, and all that was becomes a day older."""
        for account in self.state.accounts.values():
            account.topped_up_on = account.topped_up_on and account.topped_up_on - timedelta(days=1)

    # --- The ledger's functions ---------------------------------------------------------------------------------------

    def lock(self, *, owner_id: int) -> Purse:
        account = self.state.accounts[owner_id]
        if account.topped_up_on != self.today:
            self._from_house("issuance", account, "daily", max(0, self._allowed(account) - account.balance["daily"]))
            account.topped_up_on = self.today
        return self._purse(owner_id)

    def reserve(self, *, owner_id: int, amount: int, subject: str, purchased_only: bool) -> Purse:
        purse, account = self.lock(owner_id=owner_id), self.state.accounts[owner_id]
        if amount < 0:
            raise Refused(rule="transfer_positive")
        if not amount:
            return purse
        if held := self.state.held.get(subject):
            if (held.owner_id, held.amount) != (owner_id, amount):
                raise KeyReused(key=subject)
            return purse
        if account.owed:
            raise InDebt(owed=account.owed)
        kinds = ("purchased",) if purchased_only else SPENDABLE
        available = sum(account.spendable(kind) for kind in kinds)
        if amount > available:
            raise InsufficientCredits(needed=amount, available=available)
        held = self.state.held[subject] = Held(owner_id, {})
        for kind in kinds:
            if part := min(account.spendable(kind), amount - held.amount):
                held.parts[kind] = part
                account.reserved[kind] += part
        return self._purse(owner_id)

    def settle(self, *, subject: str, amount: int) -> Settlement:
        held = self.state.held.get(subject)
        reserved = held.amount if held else 0
        if held and held.captured is not None:
            if held.captured != amount:
                raise ReserveEnded(subject=subject, captured=held.captured)
        elif amount < 0 or amount > reserved:
            raise OverCapture(subject=subject, amount=amount, reserved=reserved)
        elif held:
            self._end(held, amount)
        return Settlement(subject, captured=amount, released=reserved - amount)

    def grant(self, *, owner_id: int, wallet_kind: str, **payload: Any) -> dict[str, Any]:
        house = GRANTS.get((payload["kind"], wallet_kind))
        if house is None:
            raise Refused(rule="transfer_takes_a_legal_route")
        told = {"owner_id": owner_id, "source": house, "target": wallet_kind, **payload}
        if self._is_new(told):
            account = self.state.accounts[owner_id]
            self._from_house(house, account, wallet_kind, told["amount"])
            self._pay_debt(account, wallet_kind, told["amount"])
            account.has_purchased |= told["kind"] == "purchase"
        return told

    def welcome(self, *, owner_id: int) -> dict[str, Any] | None:
        key = f"welcome:{owner_id}"
        if earlier := self.state.payloads.get(key):
            return earlier
        if not (amount := self.settings["WELCOME_CREDITS"]):
            return None
        return self.grant(
            owner_id=owner_id, wallet_kind="bonus", amount=amount, kind="welcome", key=key, reason="", actor_id=None
        )

    def clawback(self, *, owner_id: int, amount: int, key: str, reason: str) -> Clawback:
        if amount <= 0:
            raise Refused(rule="transfer_positive")
        told = {"owner_id": owner_id, "amount": amount, "reason": reason}
        if key in self.state.clawbacks:
            first, outcome = self.state.clawbacks[key]
            if first != told:
                raise KeyReused(key=key)
            return outcome
        account = self.state.accounts[owner_id]
        taken = min(amount, account.spendable("purchased"))
        account.balance["purchased"] -= taken
        account.owed += amount - taken
        self.state.house["sales"] += amount
        outcome = Clawback(taken=taken, owed=amount - taken)
        self.state.clawbacks[key] = (told, outcome)
        return outcome

    def adjust(self, *, owner_id: int, wallet_kind: str, amount: int, **payload: Any) -> dict[str, Any]:
        account = self.state.accounts[owner_id]
        if wallet_kind not in (*SPENDABLE, "debt"):
            raise Refused(rule="transfer_takes_a_legal_route")
        ways = ("adjustment", wallet_kind) if amount > 0 else (wallet_kind, "adjustment")
        told = {"owner_id": owner_id, "source": ways[0], "target": ways[1], "amount": abs(amount), **payload}
        told |= {"kind": "adjustment"}
        if told["key"] not in self.state.payloads:
            if wallet_kind != "debt" and -amount > account.spendable(wallet_kind):
                raise InsufficientCredits(needed=-amount, available=account.spendable(wallet_kind))
            if wallet_kind == "debt" and amount > account.owed:
                raise Refused(rule="wallet_never_overdrawn")
        if self._is_new(told):
            self._from_house("adjustment", account, wallet_kind, amount)
            if wallet_kind in ("bonus", "purchased") and amount > 0:
                self._pay_debt(account, wallet_kind, amount)
        return told

    def refund(self, *, subject: str, amount: int, key: str, reason: str, actor_id: int) -> Refund:
        if amount <= 0:
            raise Refused(rule="transfer_positive")
        held = self.state.held.get(subject)
        if not held or not held.captured:
            raise OverRefund(subject=subject, amount=amount, left=0)
        told = {"subject": subject, "amount": amount, "reason": reason, "actor_id": actor_id}
        if key in self.state.refunds:
            first, outcome = self.state.refunds[key]
            if first != told:
                raise KeyReused(key=key)
            return outcome
        left = sum(held.refundable.values())
        if amount > left:
            raise OverRefund(subject=subject, amount=amount, left=left)
        if not reason.strip():
            raise Refused(rule="transfer_by_hand_has_reason_and_actor")
        outcome = self._give_back(held, amount)
        self.state.refunds[key] = (told, outcome)
        return outcome

    # --- What pages may say -------------------------------------------------------------------------------------------

    def balance(self, owner_id: int) -> Balance:
        account = self.state.accounts[owner_id]
        pockets = {kind: Pocket(account.spendable(kind), account.reserved[kind]) for kind in SPENDABLE}
        if account.topped_up_on != self.today:
            full = max(account.balance["daily"], self._allowed(account))
            pockets["daily"] = Pocket(full - account.reserved["daily"], account.reserved["daily"])
        return Balance(
            **pockets,
            debt=account.owed,
            daily_amount=self._allowed(account),
            has_purchased=account.has_purchased,
        )

    def charges(self) -> dict[str, Charges]:
        return {subject: _charges(held) for subject, held in self.state.held.items()}

    def charged(self) -> list[str]:
        return sorted(subject for subject, held in self.state.held.items() if held.captured)

    def wallets(self) -> dict[tuple[int, str], tuple[int, int, date | None]]:
        """Balance, reserved and top-up date of every wallet that holds anything."""
        rows: dict[tuple[int, str], tuple[int, int, date | None]] = {}
        for owner_id, account in self.state.accounts.items():
            for kind in SPENDABLE:
                day = account.topped_up_on if kind == "daily" else None
                rows[owner_id, kind] = (account.balance[kind], account.reserved[kind], day)
            rows[owner_id, "debt"] = (-account.owed, 0, None)
        return {key: row for key, row in rows.items() if row != (0, 0, None)}

    # --- Rules shared by the functions --------------------------------------------------------------------------------

    def _allowed(self, account: Account) -> int:
        return self.settings["GUEST_DAILY_FREE_CREDITS" if account.is_guest else "DAILY_FREE_CREDITS"]

    def _purse(self, owner_id: int) -> Purse:
        account = self.state.accounts[owner_id]
        return Purse(
            owner_id=owner_id,
            daily=account.spendable("daily"),
            bonus=account.spendable("bonus"),
            purchased=account.spendable("purchased"),
            debt=account.owed,
            reserved=sum(account.reserved.values()),
            has_purchased=account.has_purchased,
            wallet_ids={},
        )

    def _from_house(self, house: str, account: Account, kind: str, amount: int) -> None:
        """A negative amount goes into the house."""
        self.state.house[house] -= amount
        if kind == "debt":
            account.owed -= amount
        else:
            account.balance[kind] += amount

    def _pay_debt(self, account: Account, kind: str, came: int) -> None:
        paid = min(account.owed, came)
        account.owed -= paid
        account.balance[kind] -= paid

    def _end(self, held: Held, amount: int) -> None:
        account, left = self.state.accounts[held.owner_id], amount
        held.captured = amount
        self.state.house["revenue"] += amount
        for kind, part in held.parts.items():
            charge = min(left, part)
            left -= charge
            account.reserved[kind] -= part
            account.balance[kind] -= charge
            held.refundable["purchased" if kind == "purchased" else "bonus"] += charge
            if kind != "daily":
                self._pay_debt(account, kind, part - charge)

    def _give_back(self, held: Held, amount: int) -> Refund:
        account, back = self.state.accounts[held.owner_id], {}
        for kind, left in held.refundable.items():
            back[kind] = min(left, amount)
            amount -= back[kind]
            held.refundable[kind] -= back[kind]
            self._from_house("revenue", account, kind, back[kind])
            self._pay_debt(account, kind, back[kind])
        return Refund(held.owner_id, **back)

    def _is_new(self, told: dict[str, Any]) -> bool:
        if told["amount"] <= 0:
            raise Refused(rule="transfer_positive")
        if told["kind"] in ("goodwill", "adjustment") and not (told["reason"].strip() and told["actor_id"]):
            raise Refused(rule="transfer_by_hand_has_reason_and_actor")
        first = self.state.payloads.setdefault(told["key"], told)
        if first != told:
            raise KeyReused(key=told["key"])
        return first is told


def _charges(held: Held) -> Charges:
    if held.captured is None:
        return Charges(reserved=held.amount, open=held.amount)
    return Charges(
        reserved=held.amount,
        captured=held.captured,
        released=held.amount - held.captured,
        refunded=held.captured - sum(held.refundable.values()),
    )
