"""Tests of words that the stand-in treats as equal."""

from __future__ import annotations

import pytest

from sitechat.engine.unknown_phrases import says_unknown
from sitechat.standin.answer_languages import LANGUAGES, Language, language_of
from sitechat.standin.word_stems import nearest, words


@pytest.mark.parametrize(
    "forms",
    [
        "install installs installing installed",
        "price prices",
        "color colors colour colours",
        "hour hours",
        "tour tours",
        "reply replies",
        "use used using",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({*words(forms)}) <= 1


def test_words_without_a_meaning_are_left_out() -> None:
    assert words("How do I do this, please?") == []
    assert words("料金表") == ["料金", "金表"]


def test_a_name_yields_itself_and_its_parts() -> None:
    assert words("CHAT_MODEL") == ["chat_model", "chat", "model"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("budjet", "budget"),
        ("unistall", "uninstall"),
        ("installiere", "install"),
        ("wordpress", None),
        ("cat", None),
    ],
)
def test_a_misspelled_word_is_the_nearest_known_one(word: str, meant: str | None) -> None:
    assert nearest(word, {"budget", "uninstall", "install", "word", "can"}) == meant


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("How do I install it?", "The page"),
        ("Wie installiere ich das?", "Auf der Seite"),
        ("Comment puis-je l'installer dans mon site ?", "La page"),
        ("¿Cómo lo puedo instalar?", "La página"),
        ("Come posso installarlo?", "La pagina"),
        ("Como é que posso instalar isso?", "A página"),
        ("Hoe kan ik het installeren?", "Op de pagina"),
        ("Kubernetes", "The page"),
    ],
)
def test_the_language_of_a_question_is_recognized(text: str, page: str) -> None:
    assert language_of(text).page.startswith(page)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.page)
def test_each_language_has_a_recognizable_answer_if_nothing_is_found(language: Language) -> None:
    assert says_unknown(language.unknown)
    quoted = [language.page.format(page="A"), language.more.format(page="A"), language.greeting]
    assert not says_unknown("\n\n".join(quoted))
    assert not says_unknown(language.section.format(page="A", section="B"))
