"""`manage.py chat_eval`: test the answers to questions in a file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from sitechat.conversations.message_body import IncomingMessage
from sitechat.errors import ChatError
from sitechat.management.base import ChatCommand
from sitechat.models import Asker, Conversation
from sitechat.reports import asking_bots
from sitechat.reports.evaluation import (
    Case,
    InvalidSuite,
    Result,
    Suite,
    evaluate,
    suite_from_conversation,
)
from sitechat.safe_text import json_text, visible

NOT_AS_EXPECTED = 1
"""The exit code if an answer is not as expected."""

NOT_RUN = 2
"""The exit code if the questions could not be asked, or Claude did not answer."""

COLUMN = 56
"""Maximum characters of a question in a line of the output."""


def _yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        raise CommandError(
            _('chat_eval needs PyYAML: pip install "django-sitechat[eval]".'), returncode=NOT_RUN
        ) from None
    return yaml


class Command(ChatCommand):
    """Test the answers to the questions of a file."""

    help = gettext_noop(
        "Asks the questions of a YAML file and compares the answers with the "
        "expectations in the file, so that prompts can be tested before they are "
        "deployed. The answers cost money. Exits with 1 if an answer is not as "
        "expected, and with 2 if the questions could not be asked or Claude did "
        "not answer. --from-conversation writes such a file."
    )
    failed_code = NOT_RUN

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "file", type=Path, nargs="?", help=_("the YAML file; docs/prompts.md describes it")
        )
        parser.add_argument(
            "--from-conversation",
            default="",
            metavar="ID",
            help=_(
                "write the questions of a conversation as cases, to the file (which must "
                "be new) or to standard output, and ask nothing"
            ),
        )
        parser.add_argument(
            "--approved", action="store_true", help=_("ask the questions of the approved answers")
        )
        parser.add_argument("--bot", help=_("the bot for cases that name none"))
        parser.add_argument("--json", action="store_true", help=_("print all answers as JSON"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if options["from_conversation"]:
            self._write_cases(options["from_conversation"], options["file"])
            return
        if (options["file"] is None) is not options["approved"]:
            raise CommandError(
                _("Name a file of questions, or --approved; not both."), returncode=NOT_RUN
            )
        suite = Suite.of_approved_answers() if options["approved"] else self._suite(options["file"])
        if not suite.cases:
            self.note(_("There are no approved answers that are active and public."))
            return
        results: list[Result] = []
        try:
            messages = suite.messages(options["bot"])
            asking_bots.check_configured()
            asking_bots.run(self._ask(messages, suite.judge, results, quiet=options["json"]))
        except InvalidSuite as error:
            name = options["file"] or "--approved"
            raise CommandError(f"{name}: {error}", returncode=NOT_RUN) from None
        except ChatError as error:
            raise CommandError(error.as_dict()["message"], returncode=NOT_RUN) from None
        if options["json"]:
            self.show(json_text([each.as_dict() for each in results], indent=2))
        self._conclude(results)

    def _conclude(self, results: Sequence[Result]) -> None:
        if any(result.verdict and not result.verdict.structured for result in results):
            self.note(
                _(
                    "The judge's server does not support structured outputs, so the judge was "
                    "asked twice."
                )
            )
        failed = [result for result in results if not result.passed]
        dollars = sum(result.dollars for result in results)
        text = ngettext(
            "%(passed)s of %(total)s answer is as expected; $%(dollars)s.",
            "%(passed)s of %(total)s answers are as expected; $%(dollars)s.",
            len(results),
        )
        summary = text % {
            "passed": len(results) - len(failed),
            "total": len(results),
            "dollars": f"{dollars:.4f}",
        }
        if failed:
            is_wrong = any(result.was_answered for result in failed)
            returncode = NOT_AS_EXPECTED if is_wrong else NOT_RUN
            raise CommandError(summary, returncode=returncode)
        self.note(summary)

    def _write_cases(self, name: str, file: Path | None) -> None:
        yaml = _yaml()
        try:
            conversation = Conversation.objects.filter(pk=UUID(name.strip())).first()
        except ValueError:
            conversation = None
        if conversation is None:
            raise CommandError(
                _("There is no conversation %(name)r.") % {"name": name}, returncode=NOT_RUN
            )
        suite = suite_from_conversation(conversation)
        if not suite["cases"]:
            raise CommandError(_("The conversation has no answered question."), returncode=NOT_RUN)
        text = yaml.safe_dump(suite, allow_unicode=True, sort_keys=False, width=96)
        if visible(text) != text:
            text = yaml.safe_dump(suite, sort_keys=False, width=96)
        if file is None:
            self.show(text, ending="")
            return
        try:
            with file.open("x", encoding="utf-8") as new:
                new.write(text)
        except OSError as error:
            raise CommandError(
                _("%(file)s can't be written: %(error)s.")
                % {"file": file, "error": error.strerror},
                returncode=NOT_RUN,
            ) from None
        count = len(suite["cases"])
        text = ngettext(
            "Wrote %(count)s case to %(file)s.", "Wrote %(count)s cases to %(file)s.", count
        )
        self.note(text % {"count": count, "file": file})

    def _suite(self, file: Path) -> Suite:
        yaml = _yaml()
        try:
            return Suite.parse(yaml.safe_load(file.read_text(encoding="utf-8")))
        except OSError as error:
            reason = _("%(file)s can't be read: %(error)s.") % {
                "file": file,
                "error": error.strerror,
            }
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = _("%(file)s is not valid YAML: %(error)s") % {
                "file": file,
                "error": " ".join(str(error).split()),
            }
        except InvalidSuite as error:
            reason = f"{file}: {error}"
        raise CommandError(reason, returncode=NOT_RUN)

    async def _ask(
        self,
        messages: Sequence[tuple[Case, IncomingMessage]],
        judge: str,
        results: list[Result],
        *,
        quiet: bool,
    ) -> None:
        for case, message in messages:
            live = await sync_to_async(asking_bots.compose_question)(
                message, Asker.EVAL, case.after
            )
            result = await evaluate(case, live, judge)
            results.append(result)
            if not quiet:
                self._print_row(case, result)

    def _print_row(self, case: Case, result: Result) -> None:
        ok, fail = _("ok"), _("FAIL")
        question = " ".join(case.ask.split())
        shown = question if len(question) <= COLUMN else question[: COLUMN - 1] + "\u2026"
        self.say(
            f"  {visible(shown):{COLUMN}}  ${result.dollars:.4f} "
            f"{result.milliseconds / 1000:6.1f} s",
            mark=(ok if result.passed else fail).ljust(max(len(ok), len(fail))),
            style=self.style.SUCCESS if result.passed else self.style.ERROR,
        )
        for failure in result.failures:
            self.say(f"      {' '.join(failure.split())}")
