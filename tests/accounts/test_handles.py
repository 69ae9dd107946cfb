"""Handles: made from names, unique whatever their case, some kept back."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts import handles, signup
from accounts.models import User
from tests.accounts import steps


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("mara@example.org", "mara"),
        ("Mara.Lindqvist+shop@example.org", "mara_lindqvist_shop"),
        ("Zoë Ångström", "zoe_angstrom"),
        ("jo@example.org", "jo_art"),
        ("李@example.org", "artist"),
        ("...", "artist"),
        ("", "artist"),
        ("x" * 64 + "@example.org", "x" * 23),
    ],
)
def test_a_name_becomes_a_handle(name: str, handle: str) -> None:
    assert handles.stem(name) == handle


@pytest.mark.django_db
def test_the_next_mara_gets_a_number_and_the_tenth_a_random_one() -> None:
    made = [signup.save_new(user=User(email=f"mara@{number}.example.org")).handle for number in range(10)]
    assert made[:9] == ["mara", *(f"mara_{number}" for number in range(2, 10))]
    assert made[9] is not None
    assert len(made[9]) == len("mara_123456")


@pytest.mark.django_db
def test_nobody_signs_up_as_the_house() -> None:
    assert signup.save_new(user=User(email="admin@example.org")).handle == "admin_2"


@pytest.mark.django_db
@pytest.mark.parametrize("handle", ["Mara", "ma", "_mara", "mara_", "ma ra", "mara\n", "m" * 31])
def test_the_database_refuses_a_malformed_handle(handle: str) -> None:
    mara = steps.account()
    with pytest.raises(DatabaseError, match=r"user_handle_is_well_formed|too long"), transaction.atomic():
        User.objects.filter(pk=mara.pk).update(handle=handle)


@pytest.mark.django_db
def test_the_database_refuses_a_second_address_or_handle() -> None:
    steps.account()
    with pytest.raises(IntegrityError, match="user_email_once"), transaction.atomic():
        User.objects.create_user("Mara@Example.org", "x")
    with pytest.raises(IntegrityError, match="user_handle_once"), transaction.atomic():
        User.objects.create_user("other@example.org", "x", handle="mara")
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"), transaction.atomic():
        User.objects.filter(handle="mara").update(email="Mara@example.org")
    for email in (None, ""):
        with pytest.raises(IntegrityError, match="user_guest_has_no_email"), transaction.atomic():
            User.objects.filter(handle="mara").update(email=email)
