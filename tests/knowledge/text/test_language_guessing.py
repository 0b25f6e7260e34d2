"""Tests of guessing the language of a text."""

from __future__ import annotations

from sitechat.knowledge.text.language_guessing import guess_language


def test_the_language_of_a_question_is_guessed_by_stop_words() -> None:
    assert guess_language("Wie kann ich das bezahlen?", ["en", "de"], "en") == "de"
    assert guess_language("Can I pay with it?", ["en", "de"], "de") == "en"
    assert guess_language("PayPal", ["en", "de"], "de") == "de"
    assert guess_language("", [], "en") == "en"
