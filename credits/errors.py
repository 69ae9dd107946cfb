"""What can go wrong with credits. Errors carry data; doors turn them into status codes and words."""


class CreditsError(Exception):
    """Base of everything that this app refuses. Nothing was written when it is raised."""


class InsufficientCredits(CreditsError):
    """Fewer credits are available than are needed. For a Pro model `available` counts purchased credits alone."""

    def __init__(self, *, needed: int, available: int) -> None:
        super().__init__(needed, available)
        self.needed = needed
        self.available = available


class InDebt(CreditsError):
    """Nothing can be reserved while a refund or a lost dispute has left a debt."""

    def __init__(self, *, owed: int) -> None:
        super().__init__(owed)
        self.owed = owed


class KeyReused(CreditsError):
    """The key of an earlier transfer came again with another payload."""

    def __init__(self, *, key: str) -> None:
        super().__init__(key)
        self.key = key


class ReserveEnded(CreditsError):
    """The reserves of this subject have already ended, with another outcome: `captured` credits were charged."""

    def __init__(self, *, subject: str, captured: int) -> None:
        super().__init__(subject, captured)
        self.subject = subject
        self.captured = captured


class OverCapture(CreditsError):
    """More was to be charged than had been reserved."""

    def __init__(self, *, subject: str, amount: int, reserved: int) -> None:
        super().__init__(subject, amount, reserved)
        self.subject = subject
        self.amount = amount
        self.reserved = reserved


class OverRefund(CreditsError):
    """More was to be given back than is left of what this subject was charged."""

    def __init__(self, *, subject: str, amount: int, left: int) -> None:
        super().__init__(subject, amount, left)
        self.subject = subject
        self.amount = amount
        self.left = left


class Refused(CreditsError):
    """A transfer that breaks a rule of the ledger; `rule` is the name of the constraint that says the same."""

    def __init__(self, *, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class NotOwner(CreditsError):
    """Rights can be given by the tables' owner alone; PostgreSQL would only warn that nothing was granted."""


class NoSuchRole(CreditsError):
    """The database has no role of this name."""

    def __init__(self, *, role: str) -> None:
        super().__init__(role)
        self.role = role


class UnfitRole(CreditsError):
    """Rights would not bind this role: it is a superuser, or it owns the tables or belongs to who does."""

    def __init__(self, *, role: str, is_superuser: bool) -> None:
        super().__init__(role, is_superuser)
        self.role = role
        self.is_superuser = is_superuser
