"""Tests of documents that need too much time or memory, and of the reader process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.reading.child_limits import DocumentBudget, OverBudget, read_document
from sitechat.knowledge.reading.documents import Draft
from sitechat.models import Page
from tests.indexed import Groups, known_urls

SMALL = DocumentBudget(seconds=0.5, megabytes=120, wall=60)


def substitutions(depth: int) -> str:
    names = "abcdefghijklmnop"[: depth + 1]
    lines = [f".. |{n}| replace:: {f'|{m}| ' * 10}" for n, m in pairwise(names)]
    return "\n".join([*lines, f".. |{names[-1]}| replace:: text", "", "|a|"])


def shared_stream_pdf(pages: int, text_lines: int) -> bytes:
    """Return a PDF whose pages share one content stream."""
    text = b"BT /F1 12 Tf 72 700 Td " + b"(word word word) Tj 0 -1 Td " * text_lines + b"ET"
    kids = b" ".join(b"3 0 R" for _ in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + table
    return out + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start


HOSTILE: dict[str, tuple[str, Callable[[], str | bytes]]] = {
    "nested elements": ("page", lambda: "<div>" * 16_000),
    "more nested elements": ("page", lambda: "<div>" * 100_000),
    "nested lists": ("page", lambda: "<ul><li>" * 100_000),
    "images that never end": ("markdown", lambda: "![" * 50_000),
    "emphasis that never ends": ("markdown", lambda: "*a **b " * 60_000),
    "starts of emphasis": ("rst", lambda: "*a " * 4_000),
    "nested substitutions": ("rst", lambda: substitutions(7)),
    "more nested substitutions": ("rst", lambda: substitutions(10)),
    "pages that share a stream": ("pdf", lambda: shared_stream_pdf(1000, 3000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_document_is_stopped_after_its_budget(name: str) -> None:
    format, make = HOSTILE[name]
    draft = Draft(make(), format)
    read_document(Draft("warm", format if format != "pdf" else "plain"), SMALL)
    started = time.monotonic()
    with suppress(Unreadable):
        read_document(draft, SMALL)
    assert time.monotonic() - started < SMALL.wall
    assert read_document(Draft("<p>Good", "html"), SMALL).passages[0].text == "Good"


def test_a_document_over_its_time_is_reported() -> None:
    with pytest.raises(OverBudget, match=r"takes more than 0\.5 s to be read"):
        read_document(Draft(shared_stream_pdf(1000, 3000), "pdf"), SMALL)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="only Linux limits memory")  # noqa: PTH110
@pytest.mark.parametrize(
    ("format", "make"),
    [
        ("page", lambda: "<main>" + "<b>a</b>" * 500_000),
        ("pdf", lambda: shared_stream_pdf(1, 200_000)),
        ("rst", lambda: "A paragraph.\n\n" * 60_000),
    ],
)
def test_a_document_over_its_memory_is_reported(
    format: str, make: Callable[[], str | bytes]
) -> None:
    with pytest.raises(OverBudget, match="needs more than 30 MB of memory"):
        read_document(Draft(make(), format), DocumentBudget(seconds=60, megabytes=30, wall=100))


def test_documents_that_are_read_at_the_same_time_do_not_mix() -> None:
    texts = [f"Text number {number}" for number in range(12)]
    with ThreadPoolExecutor(6) as threads:
        readings = list(threads.map(lambda text: read_document(Draft(text, "plain"), SMALL), texts))
    assert [reading.passages[0].text for reading in readings] == texts


def test_characters_that_databases_can_not_store_are_replaced() -> None:
    assert read_document(Draft("a\ud800b\0c", "plain"), SMALL).passages[0].text == "a\ufffdb\ufffdc"


def test_the_process_that_reads_documents_does_not_know_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sitechat.knowledge.reading.child_limits import environment

    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    assert {"PATH"} <= set(environment())
    assert not {"ANTHROPIC_API_KEY", "DATABASE_URL"} & set(environment())


@pytest.mark.django_db
def test_a_document_over_budget_is_reported_and_keeps_its_old_text(
    no_sources: None,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Manuals(Groups):
        format = "pdf"
        hostile = shared_stream_pdf(1000, 3000)

        def text(self, obj: Group) -> bytes:
            return self.hostile if obj.name == "hostile" else shared_stream_pdf(1, 1)

    with django_capture_on_commit_callbacks(execute=True):
        group = Group.objects.create(name="Good")
    url = f"/articles/{group.pk}/"
    assert known_urls() == {url}
    settings.CHAT_DOCUMENT_BUDGET = {"seconds": 0.5}
    with django_capture_on_commit_callbacks(execute=True):
        group.name = "hostile"
        group.save()
    assert "takes more than 0.5 s" in Page.objects.get(url=url).error
    assert known_urls() == {url}
    report = index_all()
    assert [where for where, _ in report.problems] == [url]
    assert Page.objects.get(url=url).passages.get().text == "word word word"
