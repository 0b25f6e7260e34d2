"""The corpus, a project's documentation from its source distribution, and its questions."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = Path(os.environ.get("SITECHAT_BENCHMARK_DIR", "/tmp/sitechat-retrieval"))  # noqa: S108
PYTHON = Path(sys.base_prefix) / "bin" / "python3"
"""The Python that the environment was created with. The environment itself has no pip."""


@dataclass(frozen=True)
class Question:
    """A question, the previous turn, and the pages that answer the question."""

    kind: str
    text: str
    previous: str
    pages: frozenset[str]


def questions(path: Path) -> list[Question]:
    """Read a file of questions: kind, question, previous turn and pages, separated by tabs."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, text, previous, pages = (line + "\t\t").split("\t")[:4]
            found.append(
                Question(kind, text, previous, frozenset(f"/{page}/" for page in pages.split()))
            )
    return found


def documentation(requirement: str) -> Path:
    """Return the `docs` folder of an sdist such as "django==6.1.3", which is downloaded once."""
    target = WORK / requirement.replace("==", "-")
    if not target.exists():
        download = WORK / "download"
        download.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [str(PYTHON), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary",
             ":all:", "--dest", str(download), requirement],
            check=True,
        )  # fmt: skip
        archive = max(download.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
        with tarfile.open(archive) as file:
            file.extractall(target, filter="data")
    return next(path for path in sorted(target.glob("*/docs")) if path.is_dir())


def configure(database: Path, embedder: str | None = None) -> None:
    """Configure Django with a database file and only the apps that search needs."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="benchmark",  # noqa: S106
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "sitechat"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}},
        USE_TZ=True,
        CHAT_EMBEDDER=embedder,
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def index(docs: Path, format: str, pattern: str) -> None:
    """Index a folder of files, as `chat_index` does."""
    from sitechat.knowledge import FileSource
    from sitechat.knowledge.index.indexing_run import index_all
    from sitechat.knowledge.index.machine_index import refresh

    class Documentation(FileSource):
        path = docs

    Documentation.format, Documentation.pattern = format, pattern
    report = index_all()
    refresh()
    for where, what in report.problems:
        print(f"not read: {where}: {what}")


def passages() -> Sequence[tuple[str, str]]:
    """Return all passages: the page's address, and the text that search engines get."""
    from sitechat.models import Passage

    rows = Passage.objects.select_related("page").defer("vector").order_by("pk")
    return [(row.page.url, "\n".join([row.page.title, *row.headings, row.text])) for row in rows]
