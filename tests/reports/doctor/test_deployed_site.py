"""Tests of addresses as users type them, and of addresses that do not answer."""

from __future__ import annotations

import pytest

from sitechat.reports.doctor import DeployedSite
from sitechat.reports.doctor.deployed_site import origin_of
from tests.reports.doctor.fake import Start


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://example.org/shop/", "https://example.org/shop/"),
        ("https://example.org/ä b/%C3%B6", "https://example.org/%C3%A4%20b/%C3%B6"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://me:secret@example.org:8443/", "https://example.org:8443/"),
        ("http://[::1]:8000/api/", "http://[::1]:8000/api/"),
        ("HTTPS://Example.org/?page=2#chat", "https://example.org/?page=2"),
    ],
)
def test_addresses_are_written_as_browsers_write_them(address: str, url: str) -> None:
    assert str(DeployedSite(address).url) == url


@pytest.mark.parametrize(
    "address",
    [
        *("ftp://example.org/", "http://", "https:///api/", "http://[::1/", "http://a b/"),
        *("http://localhost:99999/", "http://localhost:abc/", "https://a..b/", "http://a\x00b/"),
        *("", "/", "//", "://", "javascript://example.org"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not the address"):
        DeployedSite(address)


@pytest.mark.parametrize("form", ["{}", "//{}", "{}/", "{}/about/", "http://{}"])
def test_an_address_may_have_no_scheme(fake: Start, form: str) -> None:
    site = DeployedSite(form.format(fake().address))
    assert site.open().status == 200
    assert site.url.scheme == "http"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        *(("http://localhost:8000/", True), ("http://[::1]/", True), ("127.0.0.1:8000", True)),
        *(("shop.localhost", True), ("https://example.org/", False), ("http://192.0.2.1/", False)),
    ],
)
def test_which_addresses_are_this_machine(url: str, local: bool) -> None:
    assert DeployedSite(url).is_local is local


def test_pages_are_followed_to_where_they_moved(fake: Start) -> None:
    server = fake()
    page = DeployedSite(f"{server.address}/old/").open()
    assert (page.status, page.url) == (200, f"http://{server.address}/")


def test_a_page_that_redirects_in_a_circle(fake: Start) -> None:
    page = DeployedSite(f"{fake().address}/circle/").open()
    assert page.status == 0
    assert "circle" in page.error
    assert "SECURE_PROXY_SSL_HEADER" in page.cure


def test_a_server_that_is_not_there(fake: Start) -> None:
    server = fake()
    server.shutdown()
    server.server_close()
    page = DeployedSite(server.address).open()
    assert page.error == "the connection was refused"
    assert page.cure


def test_a_name_without_an_address() -> None:
    page = DeployedSite("http://nowhere.invalid").open()
    assert page.error == "the host has no address"


def test_the_origin_has_the_port_that_browsers_send() -> None:
    assert origin_of("https://example.org:443/a/") == "https://example.org"
    assert origin_of("http://[::1]:8000/a/?b") == "http://[::1]:8000"
