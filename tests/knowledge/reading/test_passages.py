"""Tests of cutting pages into passages and text into search terms."""

from __future__ import annotations

import unicodedata

import pytest

from sitechat.knowledge.reading import Block
from sitechat.knowledge.reading.passages import MAX_CHARACTERS, MAX_WORDS, cut_passages
from sitechat.knowledge.searching.spelling import correct_spelling
from sitechat.knowledge.text.search_terms import count_words, stem, stems, words


def _words(count: int, word: str = "word") -> str:
    return " ".join([word] * count)


def test_a_passage_has_at_most_250_words_and_knows_its_headings() -> None:
    cuts = cut_passages(
        [
            Block("Shop", 1),
            Block("Shipping", 2),
            *[Block(_words(60)) for _ in range(10)],
            Block("Returns", 2),
            Block(_words(160)),
        ],
        title="Shop",
    )
    assert [piece.headings for piece in cuts] == [("Shipping",)] * 3 + [("Returns",)]
    assert all(count_words(piece.text) <= MAX_WORDS for piece in cuts)
    assert sum(count_words(piece.text) for piece in cuts) == 760


def test_short_sections_are_joined_and_keep_their_headings_in_the_text() -> None:
    cuts = cut_passages(
        [
            Block("Opening hours", 2),
            Block("Nine to five."),
            Block("Phone", 2),
            Block("Call us."),
        ]
    )
    assert [piece.text for piece in cuts] == ["Nine to five.\nPhone\nCall us."]


def test_long_blocks_are_cut_at_sentences_lines_or_words() -> None:
    sentences = cut_passages([Block(" ".join(f"{_words(39)} end." for _ in range(20)))])
    assert all(piece.text.endswith("end.") for piece in sentences)
    for block in (_words(1000), "x" * 3000, "字" * 3000, "\n".join(["a b c"] * 400)):
        cuts = cut_passages([Block(block)])
        assert all(count_words(piece.text) <= MAX_WORDS for piece in cuts)
        assert "".join("".join(p.text.split()) for p in cuts) == "".join(block.split())


@pytest.mark.parametrize(
    "block",
    [
        '{"a":1},' * 50_000,
        " ".join(["QUJD" * 50] * 300),
        "a" + " " * 20_000 + "b",
        ".\n".join(["x=y;" * 300] * 20),
        "-".join(["word"] * 3000),
        "ཀ་" * 5000,  # Tibetan, written without spaces
    ],
)
def test_a_passage_has_at_most_4000_characters(block: str) -> None:
    for blocks in ([Block(block)], [Block("One"), Block(block), Block("Two")]):
        cuts = cut_passages(blocks)
        assert all(len(piece.text) <= MAX_CHARACTERS for piece in cuts)
        text = "".join("".join(piece.text.split()) for piece in cuts)
        assert text == "".join("".join(block.text.split()) for block in blocks)


def test_headings_within_a_passage_count_too() -> None:
    blocks = [Block("One"), *[Block("h" * 1000 if n % 2 else "text", n % 2) for n in range(40)]]
    assert all(len(piece.text) <= MAX_CHARACTERS for piece in cut_passages(blocks))


def test_small_blocks_of_long_words_are_not_joined_beyond_the_limit() -> None:
    assert all(
        len(piece.text) <= MAX_CHARACTERS for piece in cut_passages([Block("x" * 1000)] * 20)
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Kraftfahrzeughaftpflichtversicherungen sind schriftlich zu kündigen.",
        "Järjestelmänvalvojan käyttöoikeudet voidaan peruuttaa kirjallisesti.",
        "ஒப்பந்தத்தை பதினான்கு நாட்களுக்குள் ரத்து செய்யலாம்.",
        "契約は十四日以内に書面で解除することができます。",
    ],
)
def test_the_limit_in_characters_does_not_affect_prose(sentence: str) -> None:
    block = Block(" ".join([sentence] * (MAX_WORDS // 4 // count_words(sentence))))
    assert len(cut_passages([block] * 4)) == 1


def test_embedded_files_are_left_out() -> None:
    image = "data:image/png;base64," + "iVBORw0KGgo+/" * 40 + "=="
    cuts = cut_passages(
        [Block(f"Our logo ({image}) is here."), Block("QUJD" * 100_000), Block("The end.")]
    )
    assert [piece.text for piece in cuts] == ["Our logo () is here.\nThe end."]


def test_an_empty_page_has_no_passage() -> None:
    assert cut_passages([]) == []
    assert cut_passages([Block("Only a heading", 1)]) == []


def test_words_are_folded_and_stemmed_in_their_language() -> None:
    assert stems("Häuser und Gärten", "de") == ["haus", "und", "gart"]
    assert stems("running QUICKLY", "en") == ["run", "quick"]
    assert stems("l'avion n'était pas", "fr") == ["l", "avion", "n", "etait", "pas"]
    assert stem("running", "xx") == "running"
    assert list(words("don't select_related(x) a\u0301")) == ["don", "select", "related", "x", "á"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("हिन्दी में जानकारी।", ["हिन्दी", "में", "जानकारी"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("नेपाली भाषा", ["नेपाली", "भाषा"]),
        ("শ্রী ৳৫০", ["শ্রী", "৫০"]),
        ("ශ්\u200dරී ලංකා", ["ශ්රී", "ලංකා"]),
        ("שָׁלוֹם", ["שָׁלוֹם"]),
        ("İstanbul", ["i\u0307stanbul"]),
        ("5\ufe0f\u20e3 ©\ufe0f", ["5"]),
    ],
)
def test_words_keep_their_marks(text: str, expected: list[str]) -> None:
    assert list(words(text)) == [unicodedata.normalize("NFKC", word) for word in expected]


def test_stems_lose_accents_but_no_vowels() -> None:
    assert stem("שָׁלוֹם", "he") == "שלום"
    assert stem("i\u0307stanbul", "en") == "istanbul"
    assert stem("பல்", "xx") != stem("பல", "xx")  # a tooth, many
    assert stem("बाज़ार", "xx") == stem("बाजार", "xx")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("東京駅", ["東京", "京駅"]),
        ("字", ["字"]),
        ("Django用", ["django", "用"]),
        ("ソウル 서울역", ["ソウ", "ウル", "서울", "울역"]),
    ],
)
def test_scripts_without_spaces_are_split_into_pairs_of_characters(
    text: str, pairs: list[str]
) -> None:
    assert list(words(text)) == pairs


@pytest.mark.parametrize(
    ("word", "repaired"),
    [
        ("pagenation", "pagination"),
        ("shiping", "shipping"),
        ("tset", "test"),
        ("instalation", "installation"),
        ("xyzxyz", None),
        ("abc", None),
        ("a1b2c3d4", None),
    ],
)
def test_unknown_words_are_corrected_with_words_of_the_site(
    word: str, repaired: str | None
) -> None:
    site = ["pagination", "shipping", "test", "text", "installation", "install", "abd"]
    by_length: dict[int, dict[str, int]] = {}
    for known in site:
        by_length.setdefault(len(known), {})[known] = 3
    assert correct_spelling(word, by_length) == repaired


def test_the_most_frequent_of_equally_close_words_is_used() -> None:
    assert correct_spelling("casr", {4: {"cash": 2, "cast": 9}}) == "cast"
