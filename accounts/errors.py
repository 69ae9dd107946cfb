"""What people can do wrong with their accounts; doors turn these into words beside a field."""


class AccountError(Exception):
    """Base of this app's refusals."""


class HandleTaken(AccountError):
    """Somebody has this handle, or it is kept back for the site."""

    def __init__(self, handle: str) -> None:
        super().__init__(handle)
        self.handle = handle
