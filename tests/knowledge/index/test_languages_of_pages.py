"""Tests of the language of pages."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from pytest_django import Settings

from sitechat.knowledge.index.indexing_run import index_all
from sitechat.models import Page
from tests.indexed import put
from tests.rendered import Answer, put_pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]


@pytest.mark.parametrize(
    ("lang", "header", "language"),
    [
        ("de", "en", "de"),
        ("", "fr", "fr"),
        ("", "fr, de", "fr"),
        ("", "", "nl"),
        ("pt-BR", "", "pt-br"),
    ],
)
def test_the_language_in_the_page_overrides_the_header(
    answers: dict[str, Answer], settings: Settings, lang: str, header: str, language: str
) -> None:
    settings.LANGUAGE_CODE = "nl"
    settings.MIDDLEWARE = []
    put_pages("/a/")
    answers["/a/"] = lambda request: HttpResponse(
        f'<html lang="{lang}"><main>Text', headers={"Content-Language": header} if header else {}
    )
    index_all()
    assert Page.objects.get(url="/a/").language == language


def test_the_language_of_a_source_overrides_all_others(index_folder: None) -> None:
    page = put("/a/", '<html lang="de"><main>Text', format="page", language="fr")
    assert page.language == "fr"
