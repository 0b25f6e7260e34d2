"""Tests of the rank of pages by their title and length."""

from __future__ import annotations

import pytest

from tests.indexed import found, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

FILLER = "Many other things are explained below, for readers with a lot of time. " * 12


@pytest.fixture(autouse=True)
def other_pages() -> None:
    for number in range(10):
        put(f"/other/{number}/", f"Something else, number {number}.", "Acme: other things")


def test_a_page_whose_title_is_asked_for_comes_first() -> None:
    put("/tools/", "Crop or rotate. Crop an image, crop a layer, crop again.", "Acme: all tools")
    put("/crop/", "Crop removes the edges of an image.", "Acme: crop")
    put("/crop-guides/", "Crop with the guides of an image.", "Acme: crop by guides and slices")
    assert found("How do I crop an image?")[0] == "/crop/"


def test_words_that_all_titles_have_do_not_count() -> None:
    put("/long/", "Frames of pictures.", "Acme, Acme, the frames")
    put("/short/", "Frames of pictures.", "Acme pictures and their colours")
    assert found("Acme frames of pictures")[0] == "/long/"


def test_the_title_of_the_previous_message_counts_for_a_follow_up() -> None:
    put("/clone/", "Copy a repository. Omit the files with an option.", "Clone")
    put("/mirror/", "Copy a repository. Clone it again. Omit the files with an option.", "Mirror")
    assert found("And without the files?", previous="How do I clone a repository?")[0] == "/clone/"


def test_a_short_page_comes_before_an_equally_good_part_of_a_long_one() -> None:
    answer = f"## Animals\n\nWalruses are delivered. {FILLER}"
    put("/a-long/", f"{answer}\n\n## Plants\n\n{FILLER}\n\n## Stones\n\n{FILLER}", "Handbook")
    put("/short/", answer, "Leaflet")
    assert found("Are walruses delivered?") == ["/short/", "/a-long/"]


def test_a_page_about_one_word_comes_before_one_that_mentions_two() -> None:
    put("/crop/", "Crop, crop, crop, crop, crop, crop, crop.", "Acme: edges")
    put("/news/", "Somebody had to crop a picture today.", "Acme: news")
    put("/frames/", "A picture can have a frame today.", "Acme: frames")
    assert found("crop picture")[0] == "/crop/"
