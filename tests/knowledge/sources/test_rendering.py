"""Tests of rendering pages for an anonymous visitor: redirects, hosts and logins."""

from __future__ import annotations

import gzip

import pytest
from django.http import HttpRequest, HttpResponse
from pytest_django import Settings

from sitechat.knowledge.index.indexing_run import index_all
from sitechat.models import Page
from tests.indexed import index_problems, known_urls
from tests.rendered import Answer, put_pages, redirect, sitemap_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]


def test_a_page_that_redirects_to_another_site_is_removed(
    answers: dict[str, Answer],
) -> None:
    put_pages("/open/", "/closed/", "/by-steps/", "/broken/")
    index_all()
    assert known_urls() == {"/open/", "/closed/", "/by-steps/", "/broken/"}
    answers["/closed/"] = redirect("https://sso.elsewhere.example/login?next=/closed/")
    answers["/by-steps/"] = redirect("/sso/")
    answers["/sso/"] = redirect("//sso.elsewhere.example/")
    answers["/broken/"] = redirect("/broken/")
    index_all()
    assert known_urls() == {"/open/", "/broken/"}
    assert index_problems()["/closed/"] == "redirects to another host"
    assert index_problems()["/by-steps/"] == "redirects to another host"


def test_an_invalid_address_is_reported_and_the_others_are_read(
    answers: dict[str, Answer],
) -> None:
    put_pages("/a/", "http://[bad/x", "/b/", "/c/")
    answers["/c/"] = lambda request: HttpResponse(status=302, headers={"Location": "//[worse/"})
    report = index_all()
    assert known_urls() == {"/a/", "/b/"}
    assert dict(report.problems) == {
        "http://[bad/x": "not an address: Invalid IPv6 URL",
        "/c/": "redirects to '//[worse/', an invalid address",
    }
    put_pages("/a/", "/b/")
    index_all()
    assert set(Page.objects.values_list("url", flat=True)) == {"/a/", "/b/"}


def test_redirects_to_another_host_of_the_site_are_followed(
    answers: dict[str, Answer], settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["example.com", "www.example.com"]
    settings.PREPEND_WWW = True
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    put_pages("/a/", "https://www.example.com/b/", "/private/", "/turning/")
    answers["/b/"] = lambda request: HttpResponse(f"<main>{request.get_host()}</main>")
    answers["/robots.txt"] = "User-agent: *\nDisallow: /private/"
    answers["/turning/"] = redirect("https://example.com/turning/")
    report = index_all()
    assert known_urls() == {"/a/", "/b/"}
    assert Page.objects.get(url="/b/").passages.get().text == "www.example.com"
    assert dict(report.problems) == {
        "/private/": "robots.txt disallows it",
        "/turning/": "redirects in a loop: /turning/ → //www.example.com/turning/ → /turning/",
    }


def test_pages_that_ask_for_a_login_are_left_out_in_every_language(
    answers: dict[str, Answer], settings: Settings
) -> None:
    settings.LOGIN_URL = "login"
    put_pages("/open/", "/de/members/", "/en/members/", "/de/other/", "/fr/login/")
    answers["/de/other/"] = redirect("/de/login/")
    report = index_all()
    assert known_urls() == {"/open/"}
    assert {problem for _, problem in report.problems} == {"visitors must log in to see it"}
    assert len(report.problems) == 4


@pytest.mark.parametrize("login_url", ["no-such-name", "", None, "https://sso.elsewhere.example/"])
def test_a_redirect_with_the_page_as_next_counts_as_a_login(
    answers: dict[str, Answer], settings: Settings, login_url: str | None
) -> None:
    settings.LOGIN_URL = login_url
    put_pages("/open/", "/shut/", "/moved/")
    answers["/shut/"] = redirect("/door/?from=1&next=%2Fshut%2F")
    answers["/door/?from=1&next=%2Fshut%2F"] = "<main>Who are you?</main>"
    answers["/moved/"] = redirect("/new/?next=/page/2/")
    answers["/new/?next=/page/2/"] = "<main>It is here</main>"
    index_all()
    assert known_urls() == {"/open/", "/new/?next=/page/2/"}
    assert index_problems()["/shut/"] == "visitors must log in to see it"


def test_the_target_of_a_redirect_is_kept_while_it_can_not_be_read(
    answers: dict[str, Answer],
) -> None:
    put_pages("/old/", "/new/")
    answers["/old/"] = redirect("/new/")
    answers["/sitemap.xml"] = sitemap_of("/old/")
    index_all()
    assert known_urls() == {"/new/"}
    answers["/new/"] = lambda request: HttpResponse(status=500)
    index_all()
    assert known_urls() == {"/new/"}
    assert index_problems() == {"/new/": "answers 500"}


def test_a_failing_page_does_not_keep_the_page_that_it_redirected_to(
    answers: dict[str, Answer],
) -> None:
    put_pages("/a/", "/b/")
    answers["/a/"] = redirect("/b/")
    index_all()
    assert known_urls() == {"/b/"}
    answers["/a/"] = lambda request: HttpResponse(status=500)
    answers["/b/"] = lambda request: HttpResponse(status=403)
    index_all()
    assert known_urls() == set()


def test_a_redirect_to_another_allowed_host_leaves_the_page_out(
    answers: dict[str, Answer], settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["www.example.com", "shop.example.com", "*"]
    put_pages("/", "/shop/", "/out/", "/bare/")
    answers["/shop/"] = redirect("https://shop.example.com/")
    answers["/out/"] = redirect("https://elsewhere.example/us/")
    answers["/bare/"] = redirect("https://example.com/")
    index_all()
    assert known_urls() == {"/"}
    assert index_problems()["/out/"] == "redirects to another host"


def test_pages_are_requested_from_an_address_that_no_site_trusts(
    answers: dict[str, Answer], settings: Settings
) -> None:
    settings.INTERNAL_IPS = ["127.0.0.1", "10.0.0.1"]
    put_pages("/open/", "/internal/")

    def internal(request: HttpRequest) -> HttpResponse:
        if request.META["REMOTE_ADDR"] in settings.INTERNAL_IPS:
            return HttpResponse("<main>For colleagues</main>")
        return HttpResponse(status=403)

    answers["/internal/"] = internal
    answers["/open/"] = lambda request: HttpResponse(
        f"<main>{request.META['REMOTE_ADDR']} {request.headers.get('X-Forwarded-For')}</main>"
    )
    index_all()
    assert known_urls() == {"/open/"}
    assert Page.objects.get(url="/open/").passages.get().text == "192.0.2.1 None"


def test_pages_in_other_encodings_and_compressed_ones_are_read(
    answers: dict[str, Answer],
) -> None:
    put_pages("/latin/", "/zipped/", "/zstd/", "/bad/")
    page = '<meta charset="iso-8859-1"><main>Täglich geöffnet</main>'.encode("latin-1")
    answers["/latin/"] = lambda request: HttpResponse(page, content_type="text/html")
    answers["/zipped/"] = lambda request: HttpResponse(
        gzip.compress(b"<main>Small</main>"), headers={"Content-Encoding": "gzip"}
    )
    answers["/zstd/"] = lambda request: HttpResponse(b"x", headers={"Content-Encoding": "zstd"})
    answers["/bad/"] = lambda request: HttpResponse(b"<main>T\xe4glich</main>")
    report = index_all()
    assert known_urls() == {"/latin/", "/zipped/"}
    assert Page.objects.get(url="/latin/").passages.get().text == "Täglich geöffnet"
    assert {where: problem[:20] for where, problem in report.problems} == {
        "/zstd/": "is compressed with '",
        "/bad/": "its byte 7 is not va",
    }
