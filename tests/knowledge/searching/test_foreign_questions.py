"""Tests of questions in a language that no page uses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sitechat.knowledge.text import translated_words
from sitechat.knowledge.text.translated_words import origin_digest, word_translations
from tests.indexed import found, put


@pytest.mark.parametrize(
    ("source", "word", "target", "expected"),
    [
        ("de", "passwort", "en", "password"),
        ("fr", "utilis", "en", "user"),
        ("es", "contrasen", "en", "password"),
        ("en", "password", "de", "passwort"),
        ("de", "rechnung", "en", "invoice"),
        ("it", "fattur", "fr", "facture"),
        ("../de", "passwort", "en", None),
        ("de\0", "passwort", "en", None),
        ("xx", "word", "en", None),
        ("de", "passwort", "de", None),
    ],
)
def test_words_have_translations(source: str, word: str, target: str, expected: str | None) -> None:
    pairs = word_translations(source, target)
    near = {key: words for key, words in pairs.items() if key.startswith(word)}
    if expected is None:
        assert not near
    else:
        assert expected in [one for words in near.values() for one in words]


def test_concepts_have_words_in_every_language_once() -> None:
    file = Path(translated_words.__file__).with_name("concepts.tsv")
    header, *rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    assert header == ["en", "de", "fr", "es", "it", "pt", "nl"]
    assert [row for row in rows if len(row) != len(header) or not all(row)] == []
    names = [row[0] for row in rows]
    assert names == sorted(set(names))


def test_a_dictionary_is_cached_for_the_next_process(tmp_path: Path) -> None:
    made = word_translations("nl", "en", tmp_path)
    (file,) = tmp_path.iterdir()
    assert len(made) > 100
    file.write_text('{"x": ["y"]}')
    other = tmp_path / "other"
    other.mkdir()
    file.rename(other / file.name)
    assert word_translations("nl", "en", other) == {"x": ["y"]}
    (other / file.name).write_text("broken")
    assert word_translations("nl", "en", tmp_path / "missing") == made


@pytest.mark.parametrize("changed", ["concepts.tsv", "stopwords.json", "search_terms.py"])
def test_a_change_of_its_origin_makes_a_new_dictionary(tmp_path: Path, changed: str) -> None:
    origin = Path(translated_words.__file__).parent
    copy = shutil.copytree(origin, tmp_path / "copy")
    with (copy / changed).open("a") as file:
        file.write("\n")
    folder = tmp_path / "cached"
    folder.mkdir()
    word_translations("nl", "en", folder)
    (cached,) = folder.iterdir()
    assert origin_digest(origin) in cached.name
    assert origin_digest(copy) != origin_digest(origin)


@pytest.mark.django_db
@pytest.mark.usefixtures("index_folder")
@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wie ändere ich mein Passwort?", "de"),
        ("Comment changer mon mot de passe ?", "fr"),
        ("¿Cómo cambio mi contraseña?", "es"),
        ("Jak zmienić hasło?", "pl"),
        ("Hur ändrar jag mitt lösenord?", "sv"),
        ("Wie geht eine Kennwortänderung?", "de"),
        ("Passwort mit dem Handy ändern", ""),  # Danish has "mit" and "dem", too
    ],
)
def test_a_foreign_question_finds_the_page(question: str, language: str) -> None:
    put("/password/", "How to change your password, step by step.", language="en")
    put("/shipping/", "We deliver parcels within three days.", language="en")
    put("/jobs/", "We are looking for a cook who makes soup.", language="en")
    assert found(question, language=language)[:1] == ["/password/"]


@pytest.mark.django_db
@pytest.mark.usefixtures("index_folder")
def test_cognates_find_each_other() -> None:
    put("/a/", "The configuration of the telephone", language="en")
    put("/b/", "Something else entirely", language="en")
    assert found("La configuración del teléfono", language="es")[:1] == ["/a/"]
