"""Tests of labels of sources, by which a moved class keeps its pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from sitechat.knowledge import SitemapSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.models import Page, Passage
from tests import rendered
from tests.indexed import Groups

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


def embed(texts: list[str]) -> list[list[float]]:
    assert texts == ["dimensions"], "embedded again"
    return [[1.0, 0.0]]


def state() -> list[Any]:
    pages = Page.objects.order_by("pk").values_list("pk", "stamp", "content_hash", "indexed")
    return [*pages, *Passage.objects.order_by("pk").values_list("pk", "text", "embedder")]


def test_pages_of_former_labels_are_kept_unchanged() -> None:
    class Articles(Groups):
        label = "articles"
        former_labels = ("old_app.Articles",)

    group = Group.objects.create(name="About parcels")
    other = Group.objects.create(name="About returns")
    index_all()
    before = state()
    Page.objects.filter(key=str(group.pk)).update(source="old_app.Articles")
    Page.objects.filter(key=str(other.pk)).update(source=Articles.former_labels[-1])
    assert index_all().removed == 0
    assert state() == before
    assert set(Page.objects.values_list("source", flat=True)) == {"articles"}


def test_pages_of_the_former_sitemap_source_are_not_embedded_again(
    answers: dict[str, rendered.Answer], settings: Settings
) -> None:
    rendered.put_pages("/a/", "/b/")
    index_all()
    Page.objects.update(source="sitechat.knowledge.sitemaps.SitemapSource")
    settings.CHAT_EMBEDDER = f"{__name__}.embed"
    Passage.objects.update(embedder=f"{__name__}.embed:2", vector=b"1234")
    before = state()
    report = index_all()
    assert state() == before
    assert (report.removed, report.embedded) == (0, 0)
    assert set(Page.objects.values_list("source", flat=True)) == {SitemapSource.label}


def test_labels_are_derived_from_module_and_class_unless_set() -> None:
    class Articles(Groups):
        pass

    class Labelled(Groups):
        label = "articles"

    class Below(Labelled):
        pass

    current = f"{__name__}.test_labels_are_derived_from_module_and_class_unless_set.<locals>"
    assert Articles.label == f"{current}.Articles"
    assert Articles.former_labels == ()
    assert (Labelled.label, Labelled.former_labels) == ("articles", (f"{current}.Labelled",))
    assert Below.label == f"{current}.Below"


def test_two_sources_with_one_label_are_refused() -> None:
    class One(Groups):
        label = "articles"

    with pytest.raises(ImproperlyConfigured, match="same label 'articles'"):

        class Two(Groups):
            label = "articles"
