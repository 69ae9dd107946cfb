"""What each address spent of the free credits on a day: clearing cookies earns nothing."""

from django.db import models


class FreeSpend(models.Model):
    """One row per address (a keyed hash of it) and UTC day, raised in the transaction that reserves."""

    address = models.CharField(max_length=32)
    day = models.DateField()
    spent = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "day"], name="free_spend_one_per_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.spent}"
