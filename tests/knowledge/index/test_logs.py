"""Tests that texts of pages and sources are escaped in logs and terminals."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from sitechat.knowledge import FileSource
from tests.indexed import Groups, found
from tests.rendered import Answer, put_pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]

FORGED = "x\nERROR django.security: forged \x1b[31mred\x1b[0m \u202eright"


def assert_safe(text: str, lines: int | None = None) -> None:
    assert not any(line.startswith("ERROR django.security") for line in text.splitlines())
    assert not {"\x1b", "\u202e"} & set(text)
    if lines is not None:
        assert len(text.splitlines()) == lines


class Odd(Groups, abstract=True):
    def url(self, obj: Group) -> str:
        return f"/{obj.name}/"


def test_errors_of_sources_are_escaped_in_the_log(
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Bad(Odd):
        def text(self, obj: Group) -> str:
            raise RuntimeError(FORGED)

    class Worse(Odd):
        def queryset(self) -> QuerySet[Any]:
            raise RuntimeError(FORGED)

    with caplog.at_level(logging.DEBUG), django_capture_on_commit_callbacks(execute=True):
        Group.objects.create(name=FORGED)
    lines = [logging.Formatter().format(r) for r in caplog.records if r.name == "sitechat"]
    assert len(lines) >= 2
    for line in lines:
        assert_safe(line)
        assert "RuntimeError: x⟨U+000A⟩ERROR" in line


def test_the_command_prints_no_control_characters(
    answers: dict[str, Answer], tmp_path: Path
) -> None:
    file = tmp_path / "a\x1b[31m\nERROR django.security: x.md"
    file.write_text("![" * 3)
    (tmp_path / "b\x1b.rst").write_text("text")

    class Files(FileSource):
        label = FORGED
        path = tmp_path

        def url(self, file: Path) -> str:
            raise ValueError(FORGED)

    put_pages("/a\x1b/")
    out, errors = io.StringIO(), io.StringIO()
    call_command("chat_index", list=True, stdout=out)
    assert_safe(out.getvalue(), lines=1)
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", stdout=out, stderr=errors)
    assert_safe(out.getvalue())
    assert_safe(errors.getvalue(), lines=2)


def test_errors_of_embedders_are_escaped_in_the_log(
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
    help_pages: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("numpy")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    from sitechat.knowledge.index import embeddings

    assert sum(embeddings.embed_missing()) == 4
    assert found("parcels")
    monkeypatch.setitem(EMBEDDER, "fails", True)
    assert found("parcels")
    assert any("CHAT_EMBEDDER failed" in record.getMessage() for record in caplog.records)
    for record in caplog.records:
        assert_safe(logging.Formatter().format(record))


EMBEDDER = {"fails": False}


def embed(texts: list[str]) -> list[list[float]]:
    if EMBEDDER["fails"]:
        raise RuntimeError(FORGED)
    return [[1.0, float(len(text))] for text in texts]
