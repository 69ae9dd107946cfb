"""A person's credits at one moment, and the arithmetic of spending them. Pure: no database, no settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from credits.models import SPENDABLE, WalletKind


@dataclass(frozen=True)
class Purse:
    """What a locked owner can spend now; true until the end of the transaction that locked it."""

    owner_id: int
    daily: int
    bonus: int
    purchased: int
    debt: int  # what is owed, 0 or more
    reserved: int  # set aside for open jobs, in no other figure here
    has_purchased: bool  # ever bought a pack: raises the limits
    wallet_ids: Mapping[str, int]

    def available(self, *, purchased_only: bool = False) -> int:
        """What a reserve may take; Pro models are paid from purchased credits alone."""
        return self.purchased if purchased_only else self.daily + self.bonus + self.purchased

    def without(self, parts: Mapping[WalletKind, int]) -> "Purse":
        return replace(
            self,
            daily=self.daily - parts.get(WalletKind.DAILY, 0),
            bonus=self.bonus - parts.get(WalletKind.BONUS, 0),
            purchased=self.purchased - parts.get(WalletKind.PURCHASED, 0),
            reserved=self.reserved + sum(parts.values()),
        )


@dataclass(frozen=True)
class Settlement:
    """How the reserves of one subject ended."""

    subject: str
    captured: int
    released: int


@dataclass(frozen=True)
class Clawback:
    """What was taken back, and what of it is now a debt."""

    taken: int
    owed: int


@dataclass(frozen=True)
class Refund:
    """What came back of a charge, to whom, and into which wallets."""

    owner_id: int
    bonus: int
    purchased: int


def share(amount: int, sizes: Sequence[int]) -> list[int]:
    """Split `amount` over `sizes` from the first on, each filled before the next: share(7, [5, 5]) == [5, 2].

    What does not fit is left out; callers compare sums before.
    """
    parts = []
    for size in sizes:
        parts.append(min(amount, size))
        amount -= parts[-1]
    return parts


def split(purse: Purse, amount: int, *, purchased_only: bool) -> dict[WalletKind, int]:
    """The part of `amount` that each wallet pays, in the order of spending, without empty parts."""
    kinds = (WalletKind.PURCHASED,) if purchased_only else SPENDABLE
    parts = share(amount, [getattr(purse, kind.value) for kind in kinds])
    return {kind: part for kind, part in zip(kinds, parts, strict=True) if part}
