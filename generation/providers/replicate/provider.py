"""The adapter: an order becomes a prediction on Replicate, which is asked about later. It knows no job."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from replicate.client import Client

from generation.models import ErrorCode
from generation.providers.base import Order, Prediction, ProviderError
from generation.providers.replicate import client, inputs, predictions
from generation.providers.replicate.inputs import Target, Via

# Their progress is read when we ask; these two are always sent, and logs would come twice a second.
EVENTS = ["start", "completed"]
CANCEL_AFTER_SECONDS_MIN = 5
FOUND_PAGES_MAX = 3
# Their clock tells when a prediction began, ours when it was asked for.
CLOCK_SECONDS = 5


class ReplicateProvider:
    """Predictions by model, version or deployment."""

    def start(self, order: Order, *, callback_url: str) -> Prediction:
        """After the deadline of the order Replicate stops it by itself, whoever is still there to ask for that."""
        target, written = _asked(order)
        seconds = max(CANCEL_AFTER_SECONDS_MIN, int(order.seconds_left))
        told = client.begin(
            lambda sdk: _create(sdk, target, written, callback_url), headers={"Cancel-After": f"{seconds}s"}
        )
        return _read(told, order.recipe, begins=True)

    def find(self, order: Order, *, since: datetime) -> Prediction | None:
        """Among each token's latest predictions the one with this target and input.

        Where several are alike, the one whose webhook names the attempt; None where that does not tell. One whose
        webhook names somebody else is theirs, however alike: it may follow another reference, which cannot be compared.
        """
        target, written = _asked(order)
        repeated = _repeated(written, order)
        alike = [row for row in _recent(since) if _is_of(row, target) and _holds(row, repeated)]
        named = [row for row in alike if str(order.attempt_code) in str(row.get("webhook"))]
        unnamed = [row for row in alike if not row.get("webhook")]
        found = {str(row.get("id")) for row in named or unnamed}  # two tokens of one account list the same
        return self.look(found.pop(), recipe=order.recipe) if len(found) == 1 else None

    def look(self, external_id: str, *, recipe: Mapping[str, Any]) -> Prediction:
        return _read(client.look(lambda sdk: sdk.predictions.get(external_id)), recipe)

    def read(self, told: Mapping[str, Any], *, recipe: Mapping[str, Any]) -> Prediction:
        return predictions.read(told, recipe=recipe)

    def cancel(self, external_id: str) -> None:
        try:
            client.look(lambda sdk: sdk.predictions.cancel(external_id))
        except ProviderError as error:
            if error.closes_door or not error.permanent:
                raise  # else it is over, or unknown by now: there is nothing to stop

    def file_hosts(self) -> tuple[str, ...]:
        return tuple(settings.REPLICATE_FILE_HOSTS)


def _asked(order: Order) -> tuple[Target, dict[str, Any]]:
    """Of what, and with which input; a row of the catalogue that makes no sense is no use to anybody."""
    try:
        return inputs.target(order.provider_model), inputs.build(order)
    except ValueError as error:
        raise ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, detail=str(error)) from error


def _create(sdk: Client, target: Target, written: dict[str, Any], callback_url: str) -> None:
    webhook: dict[str, Any] = {"webhook": callback_url, "webhook_events_filter": EVENTS} if callback_url else {}
    match target.via:
        case Via.MODEL:
            sdk.models.predictions.create(target.name, written, **webhook)
        case Via.VERSION:
            sdk.predictions.create(target.version, written, **webhook)
        case Via.DEPLOYMENT:
            sdk.deployments.predictions.create(target.name, written, **webhook)


def _read(told: Any, recipe: Mapping[str, Any], *, begins: bool = False) -> Prediction:
    try:
        return predictions.read(told, recipe=recipe)
    except ValueError as error:
        raise ProviderError(ErrorCode.PROVIDER_FAILED, permanent=False, detail=str(error), ambiguous=begins) from error


# --- Finding one whose start was ambiguous ---------------------------------------------------------------------------


def _recent(since: datetime) -> Iterator[Mapping[str, Any]]:
    """What each token has asked for since then, newest first."""
    for token in client.tokens():
        for rows in _pages(token):
            young = [row for row in rows if _is_since(row, since)]
            yield from young
            if len(young) < len(rows):
                break


def _pages(token: str) -> Iterator[list[Mapping[str, Any]]]:
    """The first pages of a token's list."""
    cursor: Any = ...  # the SDK's word for the first page
    for _ in range(FOUND_PAGES_MAX):
        page = client.once(token, partial(_list, cursor=cursor))
        yield [row for row in _listed(page) if isinstance(row, Mapping)]
        cursor = page.get("next") if isinstance(page, Mapping) else None
        if not isinstance(cursor, str):
            return


def _list(sdk: Client, *, cursor: Any) -> None:
    sdk.predictions.list(cursor)


def _listed(page: Any) -> list[Any]:
    rows = page.get("results") if isinstance(page, Mapping) else None
    return rows if isinstance(rows, list) else []


def _is_since(row: Mapping[str, Any], since: datetime) -> bool:
    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(str(row.get("created_at"))) >= since - timedelta(seconds=CLOCK_SECONDS)
    return False


def _is_of(row: Mapping[str, Any], target: Target) -> bool:
    """A row says its model and version; only newer ones say the deployment."""
    match target.via:
        case Via.MODEL:
            return bool(row.get("model") == target.name)
        case Via.VERSION:
            return bool(row.get("version") == target.version)
        case Via.DEPLOYMENT:
            return bool(row.get("deployment", target.name) == target.name)


def _repeated(written: Mapping[str, Any], order: Order) -> dict[str, Any]:
    """The part of an input that a listing repeats as it was sent; a picture may have become an address of theirs."""
    reference = order.recipe.get("fields", {}).get("reference")
    return {name: value for name, value in written.items() if name != reference}


def _holds(row: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
    said = row.get("input")
    return isinstance(said, Mapping) and all(said.get(name) == value for name, value in written.items())


provider = ReplicateProvider()
