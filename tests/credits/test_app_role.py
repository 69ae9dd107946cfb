"""The application's database role: what people, workers and staff do works under it, and nothing past the ledger."""

from collections.abc import Iterator
from datetime import date
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from psycopg.errors import InsufficientPrivilege

from accounts.models import User
from credits import checkpoints, checks, ledger, roles, tasks
from credits.models import Audit, Wallet
from gallery import posts
from generation import catalogue, refunds, running, sweeping
from generation.models import Asset, ErrorCode, Job, Visibility
from tests import pictures
from tests.accounts import steps
from tests.breaches import execute, trigger_of
from tests.credits import history
from tests.generation import asking

pytestmark = pytest.mark.django_db
ROLE = "atelier app of a test"  # a name that has to be quoted


@pytest.fixture
def role(db: None) -> Iterator[str]:
    """Rights as `release` gives them; inside, this connection is the application's."""
    catalogue.sync()
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(f'CREATE ROLE "{ROLE}"')
    call_command("grant_app_role", role=ROLE, stdout=StringIO())
    execute("SET CONSTRAINTS ALL DEFERRED")
    yield ROLE
    execute("RESET ROLE")


@pytest.fixture
def as_app(alice: User, sam: User, role: str) -> None:
    """Alice and Sam were there before."""
    execute(f'SET LOCAL ROLE "{role}"')


def make(job: Job) -> Asset:
    """A worker's part."""
    pictures.deliver(pictures.begin(job), run_seconds=1)
    return Asset.objects.get(job=job)


def test_the_main_story_runs_under_it(as_app: None, client: Client, sam: User) -> None:
    asked = asking.ask(client)
    assert asked.status_code == 201
    guest = Job.objects.get().owner
    assert guest.is_guest
    make(Job.objects.get())
    steps.sign_up(client)
    steps.enter(client, steps.code_in_mail())
    mara = User.objects.get(email=steps.MARA)
    assert Job.objects.get().owner == mara
    ledger.grant(owner_id=mara.pk, wallet_kind="purchased", amount=40, kind="purchase", key="payment:1")

    assert asking.ask(client, prompt="A red kite").status_code == 201
    asset = make(Job.objects.latest("pk"))
    posts.publish(
        asset=asset, owner=mara, title="Kite", visibility=Visibility.PUBLIC, hide_prompt=False, level="general"
    )
    assert client.get(asset.url).status_code == client.get("/explore").status_code == 200
    posts.withdraw(asset=asset, owner=mara)
    refunds.refund(job_id=asset.job_id, amount=1, key="staff:1", reason="a broken picture", actor_id=sam.pk)

    assert asking.ask(client, prompt="A blue kite").status_code == 201
    assert running.fail(job_id=Job.objects.latest("pk").pk, code=ErrorCode.TIMEOUT)
    ledger.clawback(owner_id=mara.pk, amount=50, key="dispute:1", reason="dispute lost")
    ledger.adjust(owner_id=mara.pk, wallet_kind="bonus", amount=5, key="by hand", reason="asked", actor_id=sam.pk)
    assert client.get("/credits").status_code == 200
    sweeping.sweep()
    history.gift(mara, date(2026, 3, 1), 7)
    assert checkpoints.seal_all().days == 1
    connection.check_constraints()  # what a commit would check, as this role

    tasks.audit()
    assert Audit.objects.get().ok
    assert client.get("/transparency").status_code == client.get("/readyz").status_code == 200


def test_staff_work_under_it(as_app: None, alice: User, sam: User) -> None:
    client = Client()
    client.force_login(sam, backend="django.contrib.auth.backends.ModelBackend")
    told = {"key": uuid4().hex, "amount": 5, "reason": "asked"}
    assert client.post(f"/admin/credits/wallet/of/{alice.pk}/give/", told).status_code == 302
    for page in ("wallet", "transfer", "audit"):
        assert client.get(f"/admin/credits/{page}/").status_code == 200
    assert Wallet.objects.get(owner=alice, kind="bonus").balance == 55


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE credits_wallet SET balance = 9",
        "UPDATE credits_wallet SET reserved = 0",
        "UPDATE credits_wallet SET owner_id = NULL",
        "DELETE FROM credits_wallet",
        "TRUNCATE credits_wallet CASCADE",
        "UPDATE credits_transfer SET amount = 1",
        "UPDATE credits_transfer SET reason = 'another'",
        "DELETE FROM credits_transfer",
        "TRUNCATE credits_transfer",
        "UPDATE credits_checkpoint SET rows = 9",
        "DELETE FROM credits_checkpoint",
        "TRUNCATE accounts_user CASCADE",
        "DELETE FROM generation_job",
        "UPDATE django_migrations SET name = 'x'",
        "ALTER TABLE credits_transfer DISABLE TRIGGER USER",
        "ALTER TABLE credits_wallet DROP CONSTRAINT wallet_never_overdrawn",
        "ALTER TABLE credits_transfer RENAME TO hidden",
        "DROP TRIGGER {trigger} ON credits_transfer",
        "DROP FUNCTION {trigger}() CASCADE",
        "CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP INDEX transfer_key_once",
        "CREATE TABLE public.credits_wallet_of_mine ()",
        "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'",
        "CREATE TRIGGER mine BEFORE INSERT ON credits_transfer EXECUTE FUNCTION {trigger}()",
        "SET session_replication_role = replica",
        "SET ROLE atelier_owner_of_a_test",
    ],
)
def test_it_can_do_nothing_past_the_ledger(role: str, alice: User, sql: str) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    trigger = trigger_of("credits_transfer", "append_only")
    execute("CREATE ROLE atelier_owner_of_a_test")
    execute(f'SET LOCAL SESSION AUTHORIZATION "{role}"')
    try:
        with pytest.raises(ProgrammingError) as refused, transaction.atomic():
            execute(sql.format(trigger=trigger))
        assert isinstance(refused.value.__cause__, InsufficientPrivilege)
    finally:
        execute("RESET SESSION AUTHORIZATION")


def test_what_guards_refuse_to_everybody_is_not_even_granted(role: str) -> None:
    held: dict[str, set[str]] = {}
    for table, right in execute(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = %s", role
    ):
        held.setdefault(table, set()).add(right)
    assert held["credits_transfer"] == {"SELECT", "INSERT"}
    assert held["credits_wallet"] == {"SELECT", "INSERT"}
    assert held["generation_job"] == {"SELECT", "INSERT", "UPDATE"}
    assert held["django_migrations"] == {"SELECT"}
    assert held["gallery_post"] == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert set(held) == set(connection.introspection.table_names())
    columns = execute(
        "SELECT column_name FROM information_schema.column_privileges"
        " WHERE grantee = %s AND table_name = 'credits_wallet' AND privilege_type = 'UPDATE'",
        role,
    )
    assert columns == [("topped_up_on",)]


def test_it_is_safe_to_run_again_and_reaches_what_a_migration_makes(role: str) -> None:
    execute("CREATE TABLE made_later (id bigint GENERATED ALWAYS AS IDENTITY, word text)")
    execute(f'GRANT ALL ON credits_transfer TO "{role}"')  # as somebody in a hurry would
    execute("GRANT CREATE ON SCHEMA public TO PUBLIC")  # as PostgreSQL did before 15
    call_command("grant_app_role", role=role, stdout=StringIO())
    assert execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", role) == [(False,)]
    assert execute("SELECT has_table_privilege(%s, 'credits_transfer', 'UPDATE')", role) == [(False,)]
    execute(f'SET LOCAL ROLE "{role}"')
    execute("INSERT INTO made_later (word) VALUES ('x')")


@pytest.mark.parametrize(
    ("make_role", "why"),
    [
        ("SELECT 1", "does not exist"),
        ('CREATE ROLE "unfit" SUPERUSER', "is a superuser"),
        ('CREATE ROLE "unfit" IN ROLE "{owner}"', "owns the tables"),
    ],
)
def test_a_role_that_rights_do_not_bind_is_refused(db: None, make_role: str, why: str) -> None:
    [[owner]] = execute("SELECT current_user")
    execute(make_role.format(owner=owner))
    with pytest.raises(CommandError, match=why):
        call_command("grant_app_role", role="unfit", stdout=StringIO())


def test_who_does_not_own_the_tables_gives_no_rights(role: str) -> None:
    execute(f'SET LOCAL ROLE "{role}"')
    with pytest.raises(CommandError, match="does not own the tables"):
        call_command("grant_app_role", role=role, stdout=StringIO())


def test_without_a_role_of_its_own_nothing_is_granted(db: None) -> None:
    out = StringIO()
    call_command("grant_app_role", stdout=out)
    assert "APP_DATABASE_ROLE is not set" in out.getvalue()


def test_a_quote_in_its_name_does_not_end_the_name(db: None) -> None:
    name, quoted = 'app"; DROP TABLE credits_transfer; --', '"app""; DROP TABLE credits_transfer; --"'
    with pytest.raises(CommandError, match=f"CREATE ROLE {quoted} LOGIN"):
        call_command("grant_app_role", role=name)
    execute(f"CREATE ROLE {quoted}")
    call_command("grant_app_role", role=name, stdout=StringIO())
    assert execute("SELECT has_table_privilege(%s, 'credits_transfer', 'INSERT')", name) == [(True,)]


def test_the_sql_can_be_read_before_it_runs(db: None) -> None:
    out = StringIO()
    call_command("grant_app_role", "--role", ROLE, "--print", stdout=out)
    assert f'GRANT SELECT, INSERT ON credits_transfer TO "{ROLE}";\n' in out.getvalue()
    assert execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", ROLE) == [(0,)]


def test_a_site_whose_role_owns_the_tables_is_warned(role: str, settings: Any) -> None:
    settings.EMBEDDED = False
    assert [found.id for found in checks.role_owns_no_tables(databases=["default"])] == ["atelier.W005"]
    assert checks.role_owns_no_tables(databases=None) == []
    execute(f'SET LOCAL ROLE "{role}"')
    assert not roles.owns_tables()
    assert checks.role_owns_no_tables(databases=["default"]) == []
