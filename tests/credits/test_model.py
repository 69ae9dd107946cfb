"""The ledger's functions against a model in plain Python: one call at a time by hypothesis, then many at once.

MODEL_STEPS=10000 makes the first one longer, MODEL_THREAD_STEPS the second; MODEL_SEED repeats its choices.
"""

import itertools
import os
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as site
from django.db import connection, transaction
from django.db.models import Sum
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from credits import audit, ledger, statements
from credits.errors import CreditsError
from credits.models import Phase, Transfer, TransferKind, Wallet
from credits.purse import Purse, Refund, Settlement
from credits.statements import Charges
from tests.breaches import LEDGER_TABLES, execute, triggers_asleep
from tests.credits.model import GRANTS, Books
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = int(os.environ.get("MODEL_STEPS", "300"))
STEPS_OF_AN_EXAMPLE = 50
CALLS_OF_AN_EXAMPLE = 40  # at least, of its steps: some have nothing to call
THREADS = 8
THREAD_STEPS = int(os.environ.get("MODEL_THREAD_STEPS", "320"))
OWNERS_MAX = 6
DAYS_MAX = 6  # a reserve that is open for more than a week is a breach
ALLOWANCES = {"DAILY_FREE_CREDITS": 20, "GUEST_DAILY_FREE_CREDITS": 10, "WELCOME_CREDITS": 50}


@dataclass(frozen=True)
class Call:
    """One of the ledger's functions and what it is given."""

    name: str
    values: dict[str, Any]


# --- The real functions -----------------------------------------------------------------------------------------------


def make(call: Call, guests: set[int]) -> Any:
    """The ledger's answer, or its refusal; any other error is a failure."""
    try:
        if call.name in ("lock", "reserve"):
            return spend(guests=guests, **call.values)
        return getattr(ledger, call.name)(**call.values)
    except CreditsError as refusal:
        return refusal


@transaction.atomic
def spend(*, guests: set[int], owner_id: int, **wanted: Any) -> Purse:
    purse = ledger.lock(owner_id=owner_id, is_guest=owner_id in guests)
    if wanted:
        purse = ledger.reserve(purse=purse, kind=TransferKind.GENERATION, **wanted)
    return purse


def plain(answer: Any) -> Any:
    """An answer of either side as values that compare."""
    if isinstance(answer, Transfer):
        names = ("owner_id", "amount", "kind", "key", "reason", "actor_id")
        wallets = {"source": answer.source.kind, "target": answer.target.kind}
        return {name: getattr(answer, name) for name in names} | wallets
    if isinstance(answer, Purse):
        answer = replace(answer, wallet_ids={})
    if isinstance(answer, CreditsError):
        return (type(answer).__name__, vars(answer))
    if is_dataclass(answer):
        return (type(answer).__name__, {field.name: getattr(answer, field.name) for field in fields(answer)})
    return answer


def make_all_a_day_older() -> None:
    """As if the clock had been moved: guards sleep meanwhile, and the days' keys move along."""
    with triggers_asleep(*LEDGER_TABLES):
        execute("UPDATE credits_wallet SET topped_up_on = topped_up_on - 1")
        # In two steps: a key may be the one that yesterday's had.
        execute(
            "UPDATE credits_transfer SET created_at = created_at - interval '1 day',"
            " key = CASE kind WHEN 'daily' THEN 'older:' || id ELSE key END"
        )
        execute(
            "UPDATE credits_transfer SET key = 'daily:' || target_id || ':'"
            " || to_char(created_at AT TIME ZONE 'utc', 'YYYY-MM-DD') WHERE kind = 'daily'"
        )


def house_sums() -> dict[str, int]:
    """By wallet of the house: what came in less what went out. It stores no balance itself."""
    moved = Transfer.objects.filter(phase__in=[Phase.FINAL, Phase.CAPTURE])
    sums = dict.fromkeys(("issuance", "sales", "revenue", "adjustment"), 0)
    for side, sign in (("target", 1), ("source", -1)):
        ours = moved.filter(**{f"{side}__owner": None}).values_list(f"{side}__kind")
        for kind, total in ours.annotate(total=Sum("amount")).order_by():
            sums[kind] += sign * total
    return sums


def people_sum() -> int:
    total: int = Wallet.objects.exclude(owner=None).aggregate(total=Sum("balance", default=0))["total"]
    return total


def database_today() -> date:
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'utc')::date")
        today: date = cursor.fetchone()[0]
        return today


# --- One call at a time -----------------------------------------------------------------------------------------------

amounts = st.one_of(st.integers(1, 60), st.sampled_from([-1, 0, 1, 10, 20, 50]))
# Few of each, so that they come again: for another owner, amount or function.
keys = st.integers(0, 11).map("key-{}".format)
subjects = st.integers(0, 15).map("test:{}".format)
reasons = st.sampled_from(["asked", "dispute", " "])
wallet_kinds = st.sampled_from(["daily", "bonus", "purchased", "debt", "sales"])


class LedgerMachine(RuleBasedStateMachine):
    """Each example is a transaction that is rolled back, on one day of the database's clock and with fresh people.

    That clock cannot be moved; instead a day passes by making all that was a day older, past the guards. Free credits
    come once a day, before or after other credits came, and under allowances that change.
    """

    owners: Bundle[int] = Bundle("owners")
    calls: Bundle[Call] = Bundle("calls")
    steps = 0
    days = 0

    def __init__(self) -> None:
        super().__init__()
        self.allowances = override_settings(**ALLOWANCES)
        self.allowances.enable()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.books = Books(database_today(), dict(ALLOWANCES))
        self.guests: set[int] = set()
        self.actor_id = User.objects.create_user(f"{uuid4()}@example.org").pk

    def teardown(self) -> None:
        try:
            connection.check_constraints()  # what a commit would check
            assert audit.run().breaches == []
            assert house_sums() == self.books.state.house
            assert people_sum() + sum(self.books.state.house.values()) == 0
            for owner_id in self.books.state.accounts:
                assert_statement_adds_up(owner_id)
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)
            self.allowances.disable()

    def perform(self, name: str, **values: Any) -> Call:
        call = Call(name, values)
        type(self).steps += 1
        expected = self.books.answer(call.name, call.values)
        assert plain(make(call, self.guests)) == plain(expected)
        return call

    def arrive(self, is_guest: bool) -> int:
        user = User.objects.create_guest() if is_guest else User.objects.create_user(f"{uuid4()}@example.org")
        if is_guest:
            self.guests.add(user.pk)
        self.books.open(user.pk, is_guest=is_guest)
        return user.pk

    @initialize(target=owners)
    def first_people(self) -> Any:
        return multiple(self.arrive(False), self.arrive(False), self.arrive(True))

    @precondition(lambda self: len(self.books.state.accounts) < OWNERS_MAX)
    @rule(target=owners, is_guest=st.booleans())
    def newcomer(self, is_guest: bool) -> int:
        type(self).steps += 1
        return self.arrive(is_guest)

    @rule(name=st.sampled_from(sorted(ALLOWANCES)), amount=st.sampled_from([0, 5, 20, 50]))
    def staff_change_an_allowance(self, name: str, amount: int) -> None:
        type(self).steps += 1
        self.books.settings[name] = amount
        setattr(site, name, amount)

    @precondition(lambda self: self.days < DAYS_MAX)
    @rule()
    def a_day_passes(self) -> None:
        type(self).steps += 1
        self.days += 1
        make_all_a_day_older()
        self.books.a_day_passes()

    @rule(owner=owners)
    def visit(self, owner: int) -> None:
        self.perform("lock", owner_id=owner)

    @rule(target=calls, owner=owners, amount=amounts, key=keys, route=st.sampled_from(sorted(GRANTS)), reason=reasons)
    def grant(self, owner: int, amount: int, key: str, route: tuple[str, str], reason: str) -> Call:
        return self._grant(owner, amount, key, route, reason)

    @rule(target=calls, owner=owners, amount=st.integers(1, 60), key=keys)
    def purchase(self, owner: int, amount: int, key: str) -> Call:
        return self._grant(owner, amount, key, ("purchase", "purchased"), "")

    @rule(
        owner=owners,
        key=keys,
        route=st.sampled_from([("purchase", "bonus"), ("daily", "daily"), ("adjustment", "bonus"), ("debt", "debt")]),
    )
    def grant_by_no_such_route(self, owner: int, key: str, route: tuple[str, str]) -> None:
        self._grant(owner, 5, key, route, "asked")

    def _grant(self, owner: int, amount: int, key: str, route: tuple[str, str], reason: str) -> Call:
        kind, wallet_kind = route
        return self.perform(
            "grant",
            owner_id=owner,
            wallet_kind=wallet_kind,
            amount=amount,
            kind=kind,
            key=key,
            reason=reason,
            actor_id=self.actor_id,
        )

    @rule(target=calls, owner=owners)
    def welcome(self, owner: int) -> Call:
        return self.perform("welcome", owner_id=owner)

    @rule(target=calls, owner=owners, amount=amounts, subject=subjects, purchased_only=st.booleans())
    def reserve(self, owner: int, amount: int, subject: str, purchased_only: bool) -> Call:
        return self.perform("reserve", owner_id=owner, amount=amount, subject=subject, purchased_only=purchased_only)

    @rule(target=calls, subject=subjects, amount=amounts)
    def settle(self, subject: str, amount: int) -> Call:
        return self.perform("settle", subject=subject, amount=amount)

    @precondition(lambda self: self.books.state.held)
    @rule(target=calls, data=st.data(), part=st.sampled_from([0, 1, 2, 3, 4, 5]))
    def settle_a_part(self, data: st.DataObject, part: int) -> Call:
        """From nothing over all to more than all, whether it has ended or not."""
        subject = data.draw(st.sampled_from(sorted(self.books.state.held)))
        return self.perform("settle", subject=subject, amount=self.books.state.held[subject].amount * part // 4)

    @rule(target=calls, owner=owners, amount=amounts, key=keys, reason=reasons)
    def clawback(self, owner: int, amount: int, key: str, reason: str) -> Call:
        return self.perform("clawback", owner_id=owner, amount=amount, key=key, reason=reason)

    @rule(target=calls, subject=subjects, amount=amounts, key=keys, reason=reasons)
    def refund(self, subject: str, amount: int, key: str, reason: str) -> Call:
        return self._refund(subject, amount, key, reason)

    @precondition(lambda self: self.books.charged())
    @rule(target=calls, data=st.data(), key=keys, part=st.sampled_from([1, 2, 3, 4, 5]))
    def refund_a_part(self, data: st.DataObject, key: str, part: int) -> Call:
        """From a little over all to more than all of what was charged, whatever came back before."""
        subject = data.draw(st.sampled_from(self.books.charged()))
        return self._refund(subject, (self.books.charges()[subject].captured * part + 3) // 4, key, "asked")

    def _refund(self, subject: str, amount: int, key: str, reason: str) -> Call:
        return self.perform("refund", subject=subject, amount=amount, key=key, reason=reason, actor_id=self.actor_id)

    @rule(target=calls, owner=owners, amount=st.integers(-40, 40), key=keys, reason=reasons, wallet_kind=wallet_kinds)
    def adjust(self, owner: int, amount: int, key: str, reason: str, wallet_kind: str) -> Call:
        return self.perform(
            "adjust",
            owner_id=owner,
            wallet_kind=wallet_kind,
            amount=amount,
            key=key,
            reason=reason,
            actor_id=self.actor_id,
        )

    @rule(call=calls)
    def again(self, call: Call) -> None:
        self.perform(call.name, **call.values)

    @rule(call=calls, owner=owners, amount=amounts, changed=st.sampled_from(["owner_id", "amount"]))
    def again_otherwise(self, call: Call, owner: int, amount: int, changed: str) -> None:
        """The same key or subject with another owner or amount."""
        if changed in call.values:
            self.perform(call.name, **{**call.values, changed: {"owner_id": owner, "amount": amount}[changed]})

    @invariant()
    def everything_stands_as_in_the_model(self) -> None:
        rows = Wallet.objects.filter(owner__in=self.books.state.accounts)
        wallets = {(row.owner_id, row.kind): (row.balance, row.reserved, row.topped_up_on) for row in rows}
        assert {key: row for key, row in wallets.items() if row != (0, 0, None)} == self.books.wallets()
        for owner_id in self.books.state.accounts:
            balance = statements.balance(owner_id=owner_id, is_guest=owner_id in self.guests)
            assert balance == self.books.balance(owner_id)
        charges = self.books.charges()
        assert statements.of_subjects(charges) == charges


def assert_statement_adds_up(owner_id: int) -> None:
    """Each line's sum is the one before it and its change; the newest is what is there now, without a coming top-up."""
    lines = statements.page(owner_id=owner_id).entries
    if not lines:
        return
    wallets = Wallet.objects.filter(owner=owner_id, kind__in=["daily", "bonus", "purchased"])
    assert lines[0].available == sum(wallet.balance - wallet.reserved for wallet in wallets)
    for newer, older in itertools.pairwise(lines):
        assert newer.available == (older.available or 0) + newer.change


def test_the_ledger_does_what_the_model_does(capsys: pytest.CaptureFixture[str]) -> None:
    LedgerMachine.steps = 0
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=-(-STEPS // CALLS_OF_AN_EXAMPLE),
            stateful_step_count=STEPS_OF_AN_EXAMPLE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    if "MODEL_STEPS" in os.environ:
        with capsys.disabled():
            print(f"\n{LedgerMachine.steps} steps")  # noqa: T201


def test_a_purchase_and_a_clawback_of_one_name_do_not_meet(charlie: User) -> None:
    """Found by the machine: the first wrote the debt under the key that the second's payment of it was to have."""
    for number, calls in enumerate([("clawback", "grant"), ("grant", "clawback")]):
        ledger.clawback(owner_id=charlie.pk, amount=10, key=f"before-{number}", reason="dispute lost")
        for name in calls:
            told: dict[str, Any] = {"owner_id": charlie.pk, "amount": 20, "key": f"payment-{number}"}
            more = {"wallet_kind": "purchased", "kind": "purchase"} if name == "grant" else {"reason": "dispute lost"}
            assert not isinstance(make(Call(name, {**told, **more}), set()), CreditsError)
    assert statements.balance(owner_id=charlie.pk, is_guest=False).debt == 20


def test_a_refund_and_a_clawback_of_one_name_do_not_meet(charlie: User, sam: User) -> None:
    ledger.grant(owner_id=charlie.pk, wallet_kind="purchased", amount=20, kind="purchase", key="payment")
    spend(guests=set(), owner_id=charlie.pk, amount=20, subject="test:paid", purchased_only=True)
    ledger.settle(subject="test:paid", amount=20)
    back = {"subject": "test:paid", "amount": 15, "reason": "asked", "actor_id": sam.pk}
    calls = [
        Call("clawback", {"owner_id": charlie.pk, "amount": 10, "key": "one", "reason": "dispute lost"}),
        Call("refund", {**back, "key": "one"}),
    ]
    assert [make(call, set()) for call in calls] == [make(call, set()) for call in calls]


# --- Many at once -----------------------------------------------------------------------------------------------------


def random_call(choose: random.Random, owners: list[int], actor_id: int) -> Call:
    owner, amount, key = choose.choice(owners), choose.randint(1, 30), f"key-{choose.randrange(60)}"
    subject = f"test:{owner}:{choose.randrange(25)}"  # a job has one owner
    gift: dict[str, Any] = {"owner_id": owner, "amount": amount, "key": key}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("lock", {"owner_id": owner}),
        ("welcome", {"owner_id": owner}),
        ("grant", {**gift, "wallet_kind": "purchased", "kind": "purchase"}),
        ("grant", {**gift, "wallet_kind": "bonus", "kind": "goodwill", "reason": "asked", "actor_id": actor_id}),
        ("clawback", {**gift, "reason": "dispute"}),
        ("refund", {"subject": subject, "amount": 1, "key": key, "reason": "asked", "actor_id": actor_id}),
        ("adjust", {**gift, "amount": amount - 15, "wallet_kind": "bonus", "reason": "asked", "actor_id": actor_id}),
        *[("reserve", {"owner_id": owner, "amount": amount, "subject": subject, "purchased_only": False})] * 4,
        *[("settle", {"subject": subject, "amount": choose.choice([0, 0, 1, 2, amount])})] * 4,
    ]
    return Call(*choose.choice(calls))


@dataclass
class Told:
    """What the threads were told: by owner what came and went, by subject what was reserved, charged and refunded."""

    moved: dict[int, dict[tuple[str, str], int]]
    reserved: dict[str, int]
    charged: dict[str, int]
    refunded: dict[str, set[str]]  # the keys, of 1 each


def told_by(answers: list[tuple[Call, Any]]) -> Told:
    """The same key or subject may be answered often, and always in the same way."""
    told = Told(defaultdict(dict), {}, {}, defaultdict(set))
    for call, answer in answers:
        if isinstance(answer, CreditsError):
            continue
        values = call.values
        if call.name == "reserve":
            assert told.reserved.setdefault(values["subject"], values["amount"]) == values["amount"]
        elif isinstance(answer, Settlement):
            if not answer.captured + answer.released:
                continue  # it came before the reserve, when there was nothing to end
            assert told.charged.setdefault(answer.subject, answer.captured) == answer.captured
        elif isinstance(answer, Refund):
            assert answer.bonus + answer.purchased == 1
            told.refunded[values["subject"]].add(values["key"])
            told.moved[answer.owner_id]["refund", values["key"]] = 1
        elif call.name != "lock":
            amount = values.get("amount", ALLOWANCES["WELCOME_CREDITS"]) * (-1 if call.name == "clawback" else 1)
            name = (call.name, values.get("key", ""))
            assert told.moved[values["owner_id"]].setdefault(name, amount) == amount
    return told


def test_what_threads_were_told_is_what_the_ledger_holds() -> None:
    seed = int(os.environ.get("MODEL_SEED", random.randrange(2**32)))
    print(f"MODEL_SEED={seed}")  # noqa: T201  (shown when it fails)
    people = [User.objects.create_user(f"{number}@example.org") for number in range(2)]
    guest = User.objects.create_guest()
    owners, guests, actor_id = [person.pk for person in (*people, guest)], {guest.pk}, people[0].pk

    def work(number: int) -> list[tuple[Call, Any]]:
        choose = random.Random(f"{seed}:{number}")
        calls = [random_call(choose, owners, actor_id) for _ in range(THREAD_STEPS // THREADS)]
        return [(call, make(call, guests)) for call in calls]

    works: list[Callable[[], list[tuple[Call, Any]]]] = [partial(work, number) for number in range(THREADS)]
    answers: list[tuple[Call, Any]] = []
    for result in race(works):
        assert not isinstance(result, Exception), result
        answers += result
    told = told_by(answers)
    assert_holds(told, owners)
    assert audit.run().breaches == []
    assert people_sum() + sum(house_sums().values()) == 0


def assert_holds(told: Told, owners: list[int]) -> None:
    charges = statements.of_subjects(told.reserved)
    assert set(told.charged) <= set(told.reserved)
    for subject, amount in told.reserved.items():
        captured = told.charged.get(subject)
        if captured is None:
            assert charges[subject] == Charges(reserved=amount, open=amount)
        else:
            refunded = len(told.refunded[subject])
            assert charges[subject] == Charges(amount, captured, amount - captured, refunded=refunded)
    held = Transfer.objects.filter(phase=Phase.RESERVE).values_list("subject", flat=True)
    assert set(held) == set(told.reserved)
    for owner_id in owners:
        daily = Transfer.objects.filter(owner=owner_id, kind=TransferKind.DAILY).aggregate(
            total=Sum("amount", default=0)
        )["total"]
        spent = sum(amount for subject, amount in told.charged.items() if subject.startswith(f"test:{owner_id}:"))
        balances = Wallet.objects.filter(owner=owner_id).aggregate(total=Sum("balance", default=0))["total"]
        assert balances == daily + sum(told.moved[owner_id].values()) - spent
