"""Tests of the rank of pages that list changes or other pages."""

from __future__ import annotations

import pytest

from tests.indexed import found, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

CHANGES = "Backups: compaction of backups. Restoring of backups. Lists of backups."


@pytest.fixture(params=["/docs/changes/", "/releases/1.2/", "/CHANGELOG.html", "/whats-new/"])
def changes(request: pytest.FixtureRequest) -> str:
    url: str = request.param
    put(url, CHANGES, "Backups", format="plain")
    put("/docs/exchanges/", "Compaction of backups frees space on the disk.", "Space")
    put("/docs/other/", "Something else is described here, at some length.", "Other")
    return url


def test_pages_that_list_changes_come_after_pages_that_explain(changes: str) -> None:
    assert found("compaction of backups") == ["/docs/exchanges/", changes]


@pytest.mark.parametrize(
    "question",
    [
        "What has changed in the compaction of backups?",
        "compaction of backups in 1.2",
        "Is the compaction of backups new?",
        "release notes on compaction of backups",
    ],
)
def test_questions_about_changes_find_them_first(changes: str, question: str) -> None:
    assert found(question)[0] == changes


@pytest.mark.parametrize(
    "url", ["/docs/genindex/", "/py-modindex.html", "/help/help-index/", "/sitemap/"]
)
def test_indexes_come_after_pages_that_explain(url: str) -> None:
    put(url, CHANGES, "Backups", format="plain")
    put("/docs/space/", "Compaction of backups frees space on the disk.", "Space")
    put("/docs/index/", "Something else is described here, at some length.", "Other")
    assert found("compaction of backups") == ["/docs/space/", url]
    assert found("index or sitemap: compaction of backups")[0] == url
