"""Tests that the package's source code escapes all text for logs and terminals."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group

from sitechat.knowledge.index.saved_objects import index_objects
from sitechat.knowledge.sources import Document
from tests.indexed import Groups
from tests.output_rules import violations

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"

MECHANISM = {"runtime/safe_logging.py", "management/base.py"}
"""Modules that escape text for all others, tested by `tests/runtime/test_safe_logging.py` and
`tests/management/test_base.py`."""

WRITES_ITSELF = {"standin/__main__.py"}
"""Programs that do not import the package and escape their output themselves."""


def sources() -> list[str]:
    files = (path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
    return sorted(set(files) - MECHANISM)


def test_every_log_line_and_every_output_is_escaped() -> None:
    found = {
        name: violations((PACKAGE / name).read_text(encoding="utf-8"), writes=name in WRITES_ITSELF)
        for name in sources()
    }
    assert {name: unsafe for name, unsafe in found.items() if unsafe} == {}


@pytest.mark.parametrize(
    "source",
    [
        'logger = logging.getLogger("sitechat")',
        "logger = logging.getLogger(__name__)",
        "from logging import getLogger",
        'logging.getLogger("django").error("constant")',
        'sdk = logging.getLogger("anthropic"); sdk.error("constant")',
        'logger.warning(f"The page {url}")',
        'logger.warning("The page " + url)',
        'logger.error("The page %s" % url)',
        'logger.error("The page {}".format(url))',
        "logger.info(text)",
        "logger.log(INFO, text)",
        "self._log.error(text)",
        'get_logger("sitechat").exception(str(error))',
        'logging.warning("constant")',
        "warnings.warn(text)",
        'warnings.warn(f"The page {url}")',
        "self.stdout.write(text)",
        'self.stdout.write("constant")',
        "self.stderr.write(one_line(text))",
        "sys.stdout.write(text)",
        "from sys import stdout",
        "ProgressBar(file=self.stderr)",
        "progress(sys.stderr)",
        "print(text)",
        "input(text)",
        "class Command(BaseCommand): pass",
    ],
)
def test_what_is_unsafe_is_found(source: str) -> None:
    assert violations(source)


@pytest.mark.parametrize(
    "source",
    [
        'logger.warning("The page %s", url)',
        'logger.warning("One " "two %s", url, exc_info=error, extra={"ref": ref})',
        "logger.warning(RUN_MIGRATE)",
        "self.say(text)",
        'warnings.warn(f"The page {url!r}")',
        "class Command(ChatCommand): pass",
        "math.log(x, y)",
        "file.write(text)",
        "process.stdout.readline()",
        "self.stdout.isatty()",
        'sdk = logging.getLogger("anthropic"); sdk.setLevel(logging.INFO)',
    ],
)
def test_what_is_safe_is_let_alone(source: str) -> None:
    assert violations(source) == []


@pytest.mark.parametrize(
    ("source", "safe"),
    [
        ("print(text)", False),
        ('print(f"at {url}")', False),
        ("sys.stdout.write(USAGE.format(url=url))", False),
        ('print(f"at {url!a}", file=sys.stderr)', True),
        ('sys.stdout.write("one" if quiet else USAGE)', True),
        ("sys.stdout.write(USAGE.format(url=ascii(url)[1:-1]))", True),
    ],
)
def test_a_program_that_writes_itself_escapes_at_the_spot(source: str, safe: bool) -> None:
    assert (violations(source, writes=True) == []) is safe


@pytest.mark.django_db
def test_the_address_of_a_page_can_not_forge_a_log_line(
    no_sources: None, caplog: pytest.LogCaptureFixture
) -> None:
    class Hostile(Groups):
        def get(self, key: str) -> Document | None:
            return Document(url="/x\nforged\x1b[2J/", key=key, problem="a\u202eproblem\nforged")

    group = Group.objects.create(name="any")
    index_objects([(Hostile, str(group.pk))])
    assert "could not read /x⟨U+000A⟩forged⟨U+001B⟩[2J/: a⟨U+202E⟩problem⟨U+000A⟩" in caplog.text
    assert not any(line.startswith("forged") for line in caplog.text.splitlines())
