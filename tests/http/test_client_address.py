"""Tests of the network address that counts as a visitor's."""

from __future__ import annotations

import pytest

from sitechat.http.client_address import client_network


def test_without_trusted_proxies_the_peer_is_the_visitor() -> None:
    assert client_network(remote="203.0.113.7", forwarded="", proxies=0) == "203.0.113.7"
    assert client_network(remote="203.0.113.7", forwarded="1.1.1.1", proxies=0) == "203.0.113.7"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 7.7.7.7,198.51.100.1,10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "198.51.100.1"),
        (1, "", "203.0.113.7"),
    ],
)
def test_each_trusted_proxy_vouches_for_one_entry(
    proxies: int, forwarded: str, address: str
) -> None:
    assert client_network(remote="203.0.113.7", forwarded=forwarded, proxies=proxies) == address


@pytest.mark.parametrize(
    "garbage",
    [
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "<script>",
        ",",
        " ",
        "6.6.6.6,",
        "::g",
        "[::1",
        "9" * 9999,
    ],
)
def test_an_entry_that_is_no_address_counts_as_the_proxys_own(garbage: str) -> None:
    assert client_network(remote="203.0.113.7", forwarded=garbage, proxies=1) == "203.0.113.7"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        (" 198.51.100.1 ", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:198.51.100.1]:4711", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        ("[2001:DB8:1:2::9]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/gunicorn.sock", ""),
    ],
)
def test_an_address_is_known_in_every_way_it_is_written(text: str, address: str) -> None:
    assert client_network(remote=text, forwarded="", proxies=0) == address
