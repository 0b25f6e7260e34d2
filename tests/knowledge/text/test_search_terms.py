"""Tests of different spellings of a word, and of removed words."""

from __future__ import annotations

import pytest

from sitechat.knowledge.text import words
from tests.indexed import found, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

SPELLINGS = [
    ("Wi-Fi", "wifi"),
    ("Wi\u2011Fi", "WiFi"),
    ("e-mail", "email"),
    ("check-in", "checkin"),
    ("AB-1234", "AB1234"),
    ("AB 1234", "ab1234"),
    ("AB-1234-X", "AB1234X"),
    ("1,299.00", "1299"),
    ("1.299,00", "1299"),
    ("1,299", "1299"),
    ("1 299,00", "1299"),
    ("1'299.00", "1299"),
    ("12,345,678", "12345678"),
    ("4.50", "4,5"),
    ("19.00", "19"),
    ("Daten\u00adschutz", "Datenschutz"),
    ("Web\u200bsite", "website"),
    ("ﬁle", "file"),
    ("log in", "login"),
    ("wi fi", "wifi"),
    ("U.S.A.", "USA"),
    ("0800 123 456", "0800123456"),
    ("(030) 12-34567", "030 1234567"),
    ("résumés", "resume"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_each_spelling_finds_the_other(one: str, other: str) -> None:
    put("/other/", "Entirely different things are here, of no use to anybody", format="plain")
    page = put("/a/", f"We have {one} for you.", format="plain")
    assert found(f"Do you have {other}?")[:1] == ["/a/"]
    page.delete()
    put("/b/", f"We have {other} for you.", format="plain")
    assert found(f"Is there {one}?")[:1] == ["/b/"]


def test_an_unknown_compound_finds_its_parts() -> None:
    put("/other/", "Andere Dinge stehen hier, und davon viele", format="plain", language="de")
    put("/a/", "Der Versand hat geringe Kosten", format="plain", language="de")
    put("/b/", "Lieferung nach Hause, mit allen Fristen", format="plain", language="de")
    assert found("Wie hoch sind die Versandkosten?", language="de")[:1] == ["/a/"]
    assert found("Lieferungsfristen", language="de")[:1] == ["/b/"]


@pytest.mark.parametrize("text", ["3.10.2", "2026-11-28", "10:30", "192.168.0.1", "1,2,3"])
def test_versions_dates_and_lists_are_not_numbers(text: str) -> None:
    assert "".join(filter(str.isdigit, text)) not in set(words(text)) - {"20261128"}


def test_words_of_an_earlier_version_of_a_page_are_not_found() -> None:
    for number in range(30):
        put(f"/{number}/", f"Page {number} speaks of parcels and of the walrus", format="plain")
    put("/a/", "The zeppelin departs at noon", format="plain")
    assert found("zeppelin") == ["/a/"]
    put("/a/", "The zeppelins' hangar is closed; ask for the seppelin", format="plain")
    put("/a/", "The balloon departs at noon", format="plain")
    assert found("zeppelin") == []
    assert found("zeppelim") == []
    assert found("baloon") == ["/a/"]
