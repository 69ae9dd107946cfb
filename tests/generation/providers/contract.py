"""What every adapter keeps. A test module subclasses `DirectContract`, with `FailingContract` where there is a
vendor that can fail, or `RemoteContract`; and says how its vendor is made to misbehave.

Direct and remote providers are driven by the same `produce`. The vendor is emulated at the wire, nothing of ours is.
"""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from PIL import Image

from generation import fetching, words
from generation.models import ErrorCode
from generation.providers.base import (
    Order,
    Prediction,
    Provider,
    ProviderError,
    RemoteProvider,
    RemoteState,
    Watch,
)

FILE_BYTES_MAX = 50_000_000
LOOK_SECONDS = 0.02
RATIO_TOLERANCE = 0.04
SHAPES = {"1:1": (256, 256), "16:9": (384, 216), "2:3": (256, 384)}


class Trouble(StrEnum):
    """What a vendor can do to an order."""

    BUSY = "busy"
    FAILING = "failing"
    DEAD = "dead"
    NO_CREDIT = "no credit"
    REFUSED_KEY = "refused key"
    UNKNOWN_MODEL = "unknown model"
    REFUSED_INPUT = "refused input"
    BLOCKED = "blocked"
    EMPTY = "empty"
    FEWER = "fewer"  # one picture less than was asked for
    SLOW = "slow"  # it does not end by itself


@dataclass(frozen=True)
class Verdict:
    """What an adapter makes of it."""

    codes: frozenset[ErrorCode]
    permanent: bool
    provider_at_fault: bool = True
    closes_door: bool = False


def _verdict(*codes: ErrorCode, permanent: bool, at_fault: bool = True, closes_door: bool = False) -> Verdict:
    return Verdict(frozenset(codes), permanent, at_fault, closes_door)


VERDICTS = {
    Trouble.BUSY: _verdict(ErrorCode.PROVIDER_BUSY, permanent=False),
    Trouble.FAILING: _verdict(ErrorCode.PROVIDER_FAILED, ErrorCode.PROVIDER_BUSY, permanent=False),
    Trouble.DEAD: _verdict(ErrorCode.PROVIDER_DOWN, permanent=False),
    Trouble.NO_CREDIT: _verdict(ErrorCode.PROVIDER_DOWN, permanent=True, closes_door=True),
    Trouble.REFUSED_KEY: _verdict(ErrorCode.PROVIDER_DOWN, permanent=True, closes_door=True),
    Trouble.UNKNOWN_MODEL: _verdict(ErrorCode.PROVIDER_DOWN, permanent=True),
    Trouble.REFUSED_INPUT: _verdict(ErrorCode.PROVIDER_FAILED, permanent=True, at_fault=False),
    Trouble.BLOCKED: _verdict(ErrorCode.BLOCKED_PROMPT, ErrorCode.BLOCKED_OUTPUT, permanent=True, at_fault=False),
}


def an_order(**changes: Any) -> Order:
    """A small picture of nothing in particular."""
    usual = Order(
        attempt_code=uuid4(),
        provider_model="",
        prompt="Misty ridges at first light",
        negative_prompt="",
        style="none",
        width=256,
        height=256,
        seeds=(7,),
    )
    return replace(usual, **changes)


def produce(provider: Provider, order: Order, *, watch: Watch | None = None, seconds_max: float = 20.0) -> list[bytes]:
    """The files of an order, as a worker gets them. Raises ProviderError, as the provider does."""
    if not isinstance(provider, RemoteProvider):
        return [output.data for output in provider.run(order, watch or Watch())]
    begun = provider.start(order, callback_url="")
    over = look_until_over(provider, begun, order=order, seconds_max=seconds_max)
    if over.error:
        raise over.error
    hosts = provider.file_hosts()
    return [fetching.fetch(url, hosts=hosts, bytes_max=FILE_BYTES_MAX, seconds_max=10.0) for url in over.files]


def look_until_over(
    provider: RemoteProvider, prediction: Prediction, *, order: Order, seconds_max: float = 20.0
) -> Prediction:
    deadline = time.monotonic() + seconds_max
    while not prediction.is_over:
        assert time.monotonic() < deadline, f"{prediction.external_id} is still {prediction.state}"
        time.sleep(LOOK_SECONDS)
        prediction = provider.look(prediction.external_id, recipe=order.recipe)
    return prediction


class ProviderContract:
    """What all of them keep."""

    count_max: ClassVar[int] = 4
    ratio_tolerance: ClassVar[float] = RATIO_TOLERANCE

    def provider(self) -> Provider:
        raise NotImplementedError

    def order(self, **changes: Any) -> Order:
        """An order for a model that this provider has."""
        return an_order(**changes)

    @pytest.mark.parametrize("ratio", SHAPES)
    def test_a_picture_has_the_asked_shape(self, ratio: str) -> None:
        width, height = SHAPES[ratio]
        made = produce(self.provider(), self.order(width=width, height=height, aspect_ratio=ratio))
        assert len(made) == 1
        shape = Image.open(io.BytesIO(made[0])).size
        assert shape[0] / shape[1] == pytest.approx(width / height, rel=self.ratio_tolerance)

    def test_as_many_pictures_come_as_were_asked_for(self) -> None:
        made = produce(self.provider(), self.order(seeds=tuple(range(1, self.count_max + 1))))
        assert len(made) == self.count_max
        for data in made:
            Image.open(io.BytesIO(data)).load()

    def test_progress_is_a_share(self) -> None:
        told: list[float] = []
        produce(self.provider(), self.order(), watch=Watch(progress=told.append))
        assert all(0 <= share <= 1 for share in told)


class DirectContract(ProviderContract):
    """What is asked while it works."""

    def test_cancelling_stops_it(self) -> None:
        begun: list[float] = []
        watch = Watch(progress=begun.append, cancelled=lambda: bool(begun))
        assert len(produce(self.provider(), self.order(seeds=(1, 2, 3)), watch=watch)) < 3


class FailingContract(ProviderContract):
    """What every failure comes to. `troubles` are those that this vendor can be brought to."""

    troubles: ClassVar[frozenset[Trouble]]
    secrets: ClassVar[tuple[str, ...]] = ()  # the keys that this provider was given

    def bring(self, trouble: Trouble) -> None:
        """Make the vendor do it to every order from now on."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "trouble" in metafunc.fixturenames:
            metafunc.parametrize("trouble", sorted(self.troubles & VERDICTS.keys()))

    def test_a_failure_is_told_in_our_words(self, trouble: Trouble) -> None:
        error, verdict = self.failure(trouble), VERDICTS[trouble]
        assert error.code in verdict.codes
        assert (error.permanent, error.provider_at_fault) == (verdict.permanent, verdict.provider_at_fault)
        assert error.closes_door is verdict.closes_door

    def test_staff_learn_why_and_nobody_learns_a_key(self, trouble: Trouble) -> None:
        error = self.failure(trouble)
        told = words.of(error.code)
        assert error.detail
        assert error.detail not in f"{told.title} {told.text}"
        for cause in chain(error):
            assert not [key for key in self.secrets if key in f"{cause!s} {cause!r} {vars(cause)}"]

    def test_an_answer_without_a_picture_makes_none(self) -> None:
        """Either no file at all, or an error that may pass."""
        self.bring(Trouble.EMPTY)
        made = self.outcome()
        assert made == [] or isinstance(made, ProviderError)
        if isinstance(made, ProviderError):
            assert (made.code, made.permanent) == (ErrorCode.PROVIDER_FAILED, False)

    def test_fewer_pictures_are_a_partial_success(self) -> None:
        self.bring(Trouble.FEWER)
        assert len(produce(self.provider(), self.order(seeds=(1, 2)))) == 1

    def failure(self, trouble: Trouble) -> ProviderError:
        self.bring(trouble)
        outcome = self.outcome()
        assert isinstance(outcome, ProviderError)
        return outcome

    def outcome(self) -> list[bytes] | ProviderError:
        try:
            return produce(self.provider(), self.order())
        except ProviderError as error:
            return error


class RemoteContract(FailingContract):
    """What is left alone and looked at."""

    def remote(self) -> RemoteProvider:
        provider = self.provider()
        assert isinstance(provider, RemoteProvider)
        return provider

    def test_cancelling_stops_it(self) -> None:
        self.bring(Trouble.SLOW)
        assert cancelled(self.remote(), self.order()).state == RemoteState.CANCELLED

    def test_cancelling_what_is_over_is_no_error(self) -> None:
        provider, order = self.remote(), self.order()
        over = look_until_over(provider, provider.start(order, callback_url=""), order=order)
        provider.cancel(over.external_id)
        assert provider.look(over.external_id, recipe=order.recipe).state == over.state


def cancelled(provider: RemoteProvider, order: Order) -> Prediction:
    begun = provider.start(order, callback_url="")
    provider.cancel(begun.external_id)
    provider.cancel(begun.external_id)
    return look_until_over(provider, begun, order=order)


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it, as a traceback in a log would show them."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        if (one := waiting.pop()) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]
