"""Tests that misleading addresses are neither stored nor linked."""

from __future__ import annotations

import pytest

from sitechat.knowledge import open_page
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.index.page_storing import store
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.page_addresses import is_address
from sitechat.knowledge.searching import visible_urls
from sitechat.knowledge.sources import Document
from sitechat.models import Page, url_hash
from sitechat.safe_text import safe_link
from tests.indexed import ANONYMOUS, found, put
from tests.rendered import Answer, put_pages, redirect

REFUSED = [
    *("//evil.example/", "///evil.example/", "////evil.example/", "/\\evil.example/"),
    *("/\t/evil.example/", "/\n/evil.example/", "\\\\evil.example/", "/\r\\evil.example"),
    *("javascript:alert(1)", "data:text/html,x", "http:/evil", "http:evil", "https:///evil"),
    *("https://good.example@evil.example/", "https://[bad/", "page/", "?x", "#x", ""),
    *("http://\t/x", "/x\x7f", "/" + "a" * 3000, "ftp://a/b", "https://"),
]


@pytest.mark.parametrize("url", REFUSED)
def test_invalid_addresses_are_refused(url: str) -> None:
    assert not is_address(url)


@pytest.mark.parametrize(
    "url",
    ["/", "/a/", "/a//b/", "/a?b=//c", "/ä/", "/a b/", "https://a.example/b", "http://a:8000/"],
)
def test_valid_addresses_are_accepted(url: str) -> None:
    assert is_address(url)
    assert safe_link(url) == url


@pytest.mark.parametrize("url", REFUSED[:8])
def test_invalid_addresses_are_not_linked_in_the_admin(url: str) -> None:
    assert safe_link(url) == ""


@pytest.mark.django_db
@pytest.mark.usefixtures("index_folder")
class TestStored:
    @pytest.mark.parametrize("url", REFUSED)
    def test_it_is_not_stored(self, url: str) -> None:
        stored = store(Document(url=url, key="1", text="Parcels", format="plain"), "shop.Pages")
        assert stored.outcome is Outcome.FAILED
        assert "not a path or an http(s) address" in stored.problem
        assert not Page.objects.exists()

    def test_one_that_was_stored_earlier_is_neither_found_nor_opened(self) -> None:
        page = put("/old/", "Parcels take three days")
        url = "//evil.example/"
        Page.objects.filter(pk=page.pk).update(url=url, url_hash=url_hash(url), key="1")
        assert found("parcels") == []
        assert open_page(url, user=ANONYMOUS) is None
        assert visible_urls([url], user=ANONYMOUS) == set()
        store(Document(url=url, key="1", text="Parcels", format="plain"), "shop.Pages")
        assert not Page.objects.exclude(content_hash="").exists()


@pytest.mark.django_db
def test_pages_of_the_site_whose_paths_look_like_hosts_are_reported(
    no_sources: None, answers: dict[str, Answer]
) -> None:
    put_pages("/a/", "http://testserver//evil.example/", "/moved/")
    answers["//evil.example/"] = "<main>Evil</main>"
    answers["/moved/"] = redirect("http://testserver/\\evil.example/")
    answers["/\\evil.example/"] = answers["/%5Cevil.example/"] = "<main>Evil</main>"
    report = index_all()
    assert set(Page.objects.exclude(content_hash="").values_list("url", flat=True)) <= {
        "/a/", "/%5Cevil.example/"
    }  # fmt: skip
    assert [where for where, _ in report.problems] == ["//evil.example/"]
