"""The floor: wallets and transfers. Knows no business, only who may move how much, once."""
