"""The base class of all commands, which escapes their output and their errors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from sitechat.events import deliver_due
from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger, traceback_text
from sitechat.safe_text import one_line, visible

logger = get_logger("sitechat.events")

DELIVERY_TIME = 10.0
"""When a command ends, it sends waiting deliveries. After this many seconds, it begins no more."""

Style = Callable[[str], str]
"""One of Django's styles for the terminal, such as `self.style.SUCCESS`."""


class ChatCommand(BaseCommand):
    """A command that escapes everything it writes to a terminal.

    Its output may contain text from visitors, pages, Claude's API or settings. Therefore commands
    write only with `say`, `note`, `show`, `show_progress` and `ask`, never directly to
    `self.stdout` and `self.stderr`. A test checks this. Messages of CommandError are escaped, too.
    """

    failed_code = 1
    """The exit code after an unexpected error, and if the database can't be used."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command from `manage.py`, and escape the traceback of unexpected errors.

        After such an error, the exit code is `failed_code`. If an excepthook is installed, such as
        Sentry's, it gets the exception, and no traceback is written here.
        """
        try:
            super().run_from_argv(argv)
        except Exception as error:
            if sys.excepthook is not sys.__excepthook__:
                raise
            self.stderr.write(_encodable(traceback_text(error), self.stderr), str)
            sys.exit(self.failed_code)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return the parser, with the translated `help` as its description.

        `help` itself can't be translated: no language is active when this class is imported.
        """
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = _(self.help)
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command. Then send waiting deliveries, even if the command failed.

        Raises:
            CommandError: The command failed, migrations are missing, or the database can't be used.
                The message is escaped.
            SystemCheckError: The system checks have found errors.
        """
        try:
            output: str | None = super().execute(*args, **options)
        except SystemCheckError:  # it contains line breaks and colors; our checks are escaped
            raise
        except CommandError as error:
            raise CommandError(one_line(str(error)), returncode=error.returncode) from error
        except (DatabaseError, InterfaceError) as error:
            problem = _database_problem(error)
            if not problem:
                raise
            raise CommandError(problem, returncode=self.failed_code) from error
        finally:
            _send_deliveries()
        return output

    def say(self, text: str, *, mark: str = "", style: Style | None = None) -> None:
        """Write one line.

        Args:
            text: The line. Line breaks in it are escaped.
            mark: A prefix, such as a status.
            style: The style of the mark, one of `self.style`.
        """
        if mark:
            self.stdout.write(_encodable(mark, self.stdout), style, ending="")
        self.stdout.write(_encodable(one_line(text), self.stdout))

    def note(self, text: str) -> None:
        """Write one line to standard error: a message that is not a part of the output."""
        self.stderr.write(_encodable(one_line(text), self.stderr))

    def show(self, text: str, *, ending: str = "\n") -> None:
        """Write a text with several lines, such as an answer of Claude or JSON."""
        self.stdout.write(_encodable(visible(text), self.stdout), ending=ending)
        self.stdout.flush()

    def show_progress(self, text: str) -> None:
        """Replace the current line of the terminal; "" clears it."""
        self.stdout.write(f"\r\x1b[2K{_encodable(one_line(text), self.stdout)}", ending="")
        self.stdout.flush()

    def ask(self, question: str) -> str:
        """Ask a question and return the typed answer; raise EOFError if there is no input."""
        return input(_encodable(one_line(question), self.stdout))


def _database_problem(error: DatabaseError | InterfaceError) -> str:
    """Return what is wrong with the database; "" if a command has caused the error."""
    if isinstance(error, DatabaseError) and database.lacks_migrations(error):
        return _(database.RUN_MIGRATE)
    if not isinstance(error, (OperationalError, InterfaceError)):
        return ""
    reason = one_line(" ".join(str(error).split()))
    return _(
        "The database can't be used. Check that it runs, and check the setting DATABASES. Its "
        "error: %(error)s"
    ) % {"error": reason}


def _send_deliveries() -> None:
    """Send waiting webhooks and mails, except inside a transaction. Errors are only logged."""
    try:
        if not database.in_transaction():
            deliver_due(within=DELIVERY_TIME)
    except Exception:  # for instance, the database does not answer or lacks the table
        logger.debug("Deliveries could not be sent", exc_info=True)


def _encodable(text: str, stream: Any) -> str:
    """Return the text. Characters that the stream's encoding does not have are escaped."""
    encoding = getattr(stream, "encoding", None)
    if encoding is None and hasattr(stream, "__getattr__"):
        # Django 4.2's OutputWrapper hides the encoding of its stream.
        with suppress(AttributeError):
            encoding = stream.__getattr__("encoding")
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
