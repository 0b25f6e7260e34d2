"""Tests of behaviour specific to the ledger in the cache."""

from __future__ import annotations

import pytest
from django.test import override_settings

from sitechat.ledger import CacheLedger


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", "each process"),
        ("django.core.cache.backends.filebased.FileBasedCache", "loses counts"),
        ("django.core.cache.backends.db.DatabaseCache", "loses counts"),
        ("django.core.cache.backends.dummy.DummyCache", "keeps nothing"),
    ],
)
def test_caches_that_do_not_count_are_refused(backend: str, said: str) -> None:
    caches = {"default": {"BACKEND": backend, "LOCATION": "/nonexistent/sitechat"}}
    with override_settings(CACHES=caches):
        (problem,) = CacheLedger().problems()
    assert said in problem
    assert "Redis or Memcached" in problem


@pytest.mark.parametrize("name", ["redis.RedisCache", "memcached.PyMemcacheCache"])
def test_caches_that_count_are_fine(name: str) -> None:
    caches = {
        "default": {"BACKEND": f"django.core.cache.backends.{name}", "LOCATION": "127.0.0.1:1"}
    }
    with override_settings(CACHES=caches):
        assert CacheLedger().problems() == []


def test_a_subclass_names_another_cache() -> None:
    class Elsewhere(CacheLedger):
        alias = "elsewhere"

    (problem,) = Elsewhere().problems()
    assert "'elsewhere'" in problem
