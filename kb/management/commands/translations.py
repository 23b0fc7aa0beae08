"""`manage.py translations update|check`: the Chinese catalogue against the code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kb import translations


class Command(BaseCommand):
    help = "Brings kb/locale up to the code, or checks that it is complete."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["update", "check"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        match action:
            case "update":
                missing = translations.update()
                self.stdout.write(f"{missing} texts are not translated yet.")
            case "check":
                if complaints := translations.problems():
                    raise CommandError("\n".join(complaints))
                self.stdout.write("Every text is translated.")
