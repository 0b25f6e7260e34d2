from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand, CommandError

from sitechat.errors import ChatError
from sitechat.owner import asking
from sitechat.owner.evaluation import Case, InvalidSuite, Result, Suite, evaluate
from sitechat.owner.safe_text import visible
from sitechat.parsing import Ask

COLUMN = 56
"""Characters of a question in the table."""


class Command(BaseCommand):
    help = (
        "Asks the questions of a YAML file and holds the answers against what the file expects. "
        "Fails where an answer is not as expected, so that a prompt can be tested before it is "
        "deployed. It costs what the answers cost."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="see docs/prompts.md for what it holds")
        parser.add_argument("--bot", help="ask this bot of CHAT_BOTS where a case names none")
        parser.add_argument("--json", action="store_true", help="write all answers as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        suite = self._suite(options["file"])
        results: list[Result] = []
        try:
            asks = suite.asks(options["bot"])
            asking.check_configured()
            asking.run(self._ask(asks, suite.judge, results, quiet=options["json"]))
        except InvalidSuite as error:
            raise CommandError(f"{options['file']}: {error}") from None
        except ChatError as error:
            raise CommandError(error.as_dict()["message"]) from None
        if options["json"]:
            self.stdout.write(json.dumps([each.as_dict() for each in results], indent=2))
        failed = sum(not result.passed for result in results)
        summary = f"{len(results) - failed} of {len(results)} answers are as expected"
        dollars = sum(result.dollars for result in results)
        if failed:
            raise CommandError(f"{summary}; ${dollars:.4f}.")
        self.stderr.write(f"{summary}; ${dollars:.4f}.")

    def _suite(self, file: Path) -> Suite:
        try:
            import yaml
        except ImportError:
            raise CommandError(
                'chat_eval needs PyYAML: pip install "django-sitechat[eval]".'
            ) from None
        try:
            return Suite.parse(yaml.safe_load(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} is no YAML: {error}") from None
        except InvalidSuite as error:
            raise CommandError(f"{file}: {error}") from None

    async def _ask(
        self, asks: Sequence[tuple[Case, Ask]], judge: str, results: list[Result], *, quiet: bool
    ) -> None:
        for case, ask in asks:
            live = await sync_to_async(asking.compose)(ask)
            result = await evaluate(case, live, judge)
            results.append(result)
            if not quiet:
                self._row(case, result)

    def _row(self, case: Case, result: Result) -> None:
        question = " ".join(case.ask.split())
        shown = question if len(question) <= COLUMN else question[: COLUMN - 1] + "\u2026"
        word = self.style.SUCCESS("ok  ") if result.passed else self.style.ERROR("FAIL")
        self.stdout.write(
            f"{word}  {visible(shown):{COLUMN}}  ${result.dollars:.4f} "
            f"{result.milliseconds / 1000:6.1f} s"
        )
        for line in _explained(result.failures):
            self.stdout.write(f"      {line}")


def _explained(failures: Sequence[str]) -> list[str]:
    return [visible(" ".join(failure.split())) for failure in failures]
