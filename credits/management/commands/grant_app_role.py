"""`manage.py grant_app_role`: as the tables' owner, give the application's role exactly the rights it needs."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from credits import errors, roles


class Command(BaseCommand):
    help = "Give the application's database role its rights, after each migration. Run as the owner of the tables."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", default=settings.APP_DATABASE_ROLE, help="its name; APP_DATABASE_ROLE by default")
        parser.add_argument("--print", action="store_true", help="print the SQL and do nothing")

    def handle(self, **options: Any) -> None:
        role: str = options["role"]
        if not role:
            self.stdout.write("No role of its own for the application: APP_DATABASE_ROLE is not set.")
        elif options["print"]:
            self.stdout.write("".join(f"{statement};\n" for statement in roles.statements(role)))
        else:
            self.grant(role)

    def grant(self, role: str) -> None:
        try:
            with transaction.atomic():
                roles.grant(role=role)
        except errors.NotOwner as error:
            text = "this connection does not own the tables: DATABASE_URL must be their owner's here."
            raise CommandError(text) from error
        except errors.NoSuchRole as error:
            text = f"the role {role} does not exist. Make it first: CREATE ROLE {roles.quoted(role)} LOGIN PASSWORD ..."
            raise CommandError(text) from error
        except errors.UnfitRole as error:
            why = "is a superuser" if error.is_superuser else "owns the tables or belongs to who does"
            raise CommandError(f"the role {role} {why}.") from error
        self.stdout.write(f"{role} has its rights.")
