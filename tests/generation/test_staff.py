"""Staff refund a job in the admin: all or a part, once per form, never more than it was charged."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from credits import audit, errors, statements
from credits.models import Transfer, TransferKind
from generation import jobs, refunds
from generation.errors import PaidByGuest
from generation.models import Job
from tests import pictures

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(alice: User) -> Job:
    """Of four pictures."""
    return pictures.make(alice, pictures=4, ratio="1:1")[0].job


@pytest.fixture
def charged(job: Job) -> int:
    return statements.of_subject(job.subject).captured


@pytest.fixture
def staff(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def send(client: Client, job: Job, amount: Any, **form: Any) -> Any:
    whole = {"amount": amount, "reason": "a broken picture", "key": str(uuid4())} | form
    return client.post(f"/admin/generation/job/{job.pk}/refund/", whole)


def refunded(job: Job) -> int:
    return statements.of_subject(job.subject).refunded


def test_a_part_and_then_the_rest_is_refunded(staff: Client, job: Job, charged: int, sam: User) -> None:
    page = staff.get(f"/admin/generation/job/{job.pk}/refund/").content.decode()
    assert f'name="amount" value="{charged}"' in page
    answer = send(staff, job, 1)
    assert answer.status_code == 302
    page = staff.get(answer.headers["Location"]).content.decode()
    assert "1 refunded to" in page
    assert f'href="/admin/credits/transfer/?q=job%3A{job.code}"' in page
    assert send(staff, job, charged - 1).status_code == 302
    assert refunded(job) == charged
    assert set(Transfer.objects.filter(kind=TransferKind.REFUND).values_list("actor", "reason")) == {
        (sam.pk, "a broken picture")
    }
    assert audit.run().ok


def test_the_owner_reads_of_it_on_receipt_and_statement(staff: Client, job: Job, charged: int, alice: User) -> None:
    send(staff, job, charged)
    staff.force_login(alice)
    receipt = staff.get(f"/jobs/{job.code}/receipt").content.decode()
    assert f"{charged} charged, {charged} refunded." in receipt.replace(", 0 released", "")
    assert '<span class="tag tag--done">Refunded</span>' in receipt
    statement = staff.get("/credits").content.decode()
    assert "Pictures refunded" in statement
    assert "a broken picture" in statement


def test_a_form_sent_twice_refunds_once(staff: Client, job: Job, charged: int) -> None:
    key = str(uuid4())
    assert [send(staff, job, charged, key=key).status_code for _ in range(2)] == [302, 302]
    assert refunded(job) == charged


def test_more_than_is_left_is_refused(staff: Client, job: Job, charged: int, sam: User) -> None:
    send(staff, job, 1)
    answer = send(staff, job, charged)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"amount": [f"{charged - 1} of the charge are left to refund."]}
    with pytest.raises(errors.OverRefund):
        refunds.refund(job_id=job.pk, amount=charged, key="k", reason="too much", actor_id=sam.pk)
    assert refunded(job) == 1


@pytest.mark.parametrize(
    ("amount", "changes", "field"),
    [
        (0, {}, "amount"),
        (-1, {}, "amount"),
        ("all", {}, "amount"),
        (1, {"reason": ""}, "reason"),
        (1, {"key": ""}, "key"),
    ],
)
def test_a_bad_form_is_refused_by_its_field(
    staff: Client, job: Job, amount: Any, changes: dict[str, Any], field: str
) -> None:
    answer = send(staff, job, amount, **changes)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert refunded(job) == 0


def test_an_open_job_has_nothing_to_refund(staff: Client, alice: User) -> None:
    waiting = pictures.submit(alice, pictures=1, prompt="A red kite", ratio="1:1")
    assert send(staff, waiting, 1).context["form"].errors == {"amount": ["0 of the charge are left to refund."]}


def test_what_a_guest_paid_stays_when_they_have_signed_up(staff: Client, gwen: User, charlie: User, sam: User) -> None:
    job = pictures.make(gwen)[0].job
    jobs.hand_over(from_id=gwen.pk, to_id=charlie.pk)
    answer = send(staff, job, 1)
    assert answer.status_code == 422
    assert "A guest paid this before signing up." in answer.content.decode()
    with pytest.raises(PaidByGuest):
        refunds.refund(job_id=job.pk, amount=1, key="k", reason="a reason", actor_id=sam.pk)
    assert refunded(job) == 0


def test_staff_find_the_form_on_the_job(staff: Client, job: Job) -> None:
    page = staff.get(f"/admin/generation/job/{job.pk}/change/").content.decode()
    assert f"/admin/generation/job/{job.pk}/refund/" in page
    assert staff.put(f"/admin/generation/job/{job.pk}/refund/").status_code == 405
    assert staff.get("/admin/generation/job/999999/refund/").status_code == 404


def test_it_needs_its_permission(client: Client, job: Job, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(is_staff=True)
    others = Permission.objects.exclude(codename="refund")
    charlie.user_permissions.set(others)
    client.force_login(charlie)
    assert send(client, job, 1).status_code == 403
    assert refunded(job) == 0
    charlie.user_permissions.set(Permission.objects.filter(codename="refund"))
    assert send(client, job, 1).status_code == 302
    assert refunded(job) == 1


def test_the_owner_and_the_anonymous_are_sent_to_the_door(client: Client, job: Job, alice: User) -> None:
    assert "login" in send(client, job, 1).headers["Location"]
    client.force_login(alice)
    assert send(client, job, 1).status_code == 302
    assert refunded(job) == 0
