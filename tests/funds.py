"""Credits for tests, given the only way there is: through the ledger."""

from uuid import uuid4

from accounts.models import User
from credits import ledger
from credits.models import TransferKind, WalletKind


def give(user: User, *, bonus: int = 0, purchased: int = 0) -> None:
    """Add credits to the wallets named. Daily credits come by themselves with the first `ledger.lock` of a day."""
    if bonus:
        ledger.grant(
            owner_id=user.pk,
            wallet_kind=WalletKind.BONUS,
            amount=bonus,
            kind=TransferKind.GOODWILL,
            key=f"test:{uuid4()}",
            reason="for a test",
            actor_id=user.pk,
        )
    if purchased:
        ledger.grant(
            owner_id=user.pk,
            wallet_kind=WalletKind.PURCHASED,
            amount=purchased,
            kind=TransferKind.PURCHASE,
            key=f"test:{uuid4()}",
        )
