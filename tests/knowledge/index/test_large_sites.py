"""Tests of large sites, simulated with small limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitechat.knowledge import audience, index
from sitechat.knowledge.index import machine_index
from sitechat.knowledge.index.indexing_pace import Pace
from sitechat.knowledge.searching import word_scores
from sitechat.knowledge.searching.ranking import rank
from sitechat.knowledge.searching.search_scope import Scope
from tests.indexed import found, put
from tests.smaller import Smaller
from tests.thread_limit import no_new_threads
from tests.waiting import until

pytestmark = [pytest.mark.usefixtures("index_folder")]


@pytest.fixture
def bakery(db: None, smaller: Smaller) -> None:
    """Index many pages with the same words, of which a search may rank five."""
    for number in range(30):
        put(f"/bread/{number}/", f"Bread of the day {number}. We sell flour too.", "Offer")
    put("/rye/", "Our bread is of rye, and the flour is ours.", "About")
    put("/flour/", "What we grind bread from.", "Flour")
    for number in range(8):
        put(f"/price/{number}/", f"The price of number {number}", "List")
    smaller(word_scores, MAX_MATCHES=5, MIN_PASSAGES=1)


@pytest.mark.django_db
def test_a_rare_word_is_sufficient(bakery: None) -> None:
    assert found("bread of rye with flour")[0] == "/rye/"


@pytest.mark.django_db
def test_all_frequent_words_are_required(bakery: None) -> None:
    put("/both/", "The price of bread", "Notes")
    assert found("the price of our bread") == ["/both/"]


@pytest.mark.django_db
def test_a_frequent_word_must_be_in_a_heading(bakery: None) -> None:
    assert found("flour") == ["/flour/"]


@pytest.mark.django_db
def test_a_word_that_is_everywhere_finds_some_pages(bakery: None) -> None:
    assert 0 < len(found("bread", limit=50)) <= 10


@pytest.mark.django_db
def test_frequent_words_find_the_pages_of_a_scope(bakery: None) -> None:
    put("/inside/", "The price of bread for staff", "Inside", audience=[audience.STAFF])
    put("/outside/", "The price of bread for all", "Outside")
    assert found("price of bread") == ["/outside/"]
    assert found("price of bread", sources=["/inside/"]) == []


@pytest.mark.django_db(transaction=True)
def test_a_saved_page_is_found_soon_and_delays_no_search(smaller: Smaller) -> None:
    put("/old/", "Old bread")
    index.refresh()
    smaller(machine_index, MAX_INLINE=0)
    put("/new/", "New bread")
    assert found("old bread") == ["/old/"]
    until(lambda: "/new/" in found("new bread"))


@pytest.mark.django_db
def test_an_index_can_be_searched_while_another_thread_adds_pages() -> None:
    put("/old/", "Old bread")
    index.refresh()
    opened = index.current()
    assert opened is not None
    metadata = opened.metadata
    for number in range(5):
        put(f"/new/{number}/", "New bread")
    index.refresh()
    opened.metadata = metadata  # as they were read before the pages came
    ranked = rank(opened, "new bread", "", "en", Scope(frozenset(opened.audiences)))
    assert len({each.page for each in ranked}) == 6


@pytest.mark.django_db
def test_a_search_uses_the_old_index_if_no_thread_can_start(smaller: Smaller) -> None:
    put("/old/", "Old bread")
    index.refresh()
    smaller(machine_index, MAX_INLINE=0)
    put("/new/", "New bread")
    with no_new_threads():
        assert found("old bread") == ["/old/"]


@pytest.mark.django_db
def test_every_host_finds_a_saved_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hosts = [tmp_path / "one", tmp_path / "two"]
    for round, text in enumerate(("walrus", "narwhal")):
        put("/page/", f"About the {text}")
        for host in hosts:
            host.mkdir(exist_ok=True)
            monkeypatch.setattr("tempfile.tempdir", str(host))
            assert found(text) == ["/page/"], (round, host)
    assert len({path.parent.parent for path in tmp_path.glob("*/*/*/index*")}) == 2


@pytest.mark.django_db
def test_a_build_in_a_process_with_visitors_pauses_most_of_the_time() -> None:
    now, rested = 0.0, 0.0

    def rest(seconds: float) -> None:
        nonlocal now, rested
        rested += seconds
        now += seconds

    pace = Pace(0.25, clock=lambda: now, rest=rest)
    for _ in range(100):
        now += 0.004
        pace()
    assert rested == pytest.approx(0.4 * 3, rel=0.1)
    busy = Pace(clock=lambda: now, rest=rest)
    now += 10
    busy()
    assert rested == pytest.approx(1.2, rel=0.1)
