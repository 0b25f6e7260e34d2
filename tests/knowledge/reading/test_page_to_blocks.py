"""Tests of reading the main text of a page in the order in which browsers show it."""

from __future__ import annotations

import sys

import pytest

from sitechat.knowledge.reading import Block, read


def blocks(main: str, format: str = "page") -> list[Block]:
    page = f"<!doctype html><html><body><main>{main}</main></body></html>"
    return read(page, format).blocks


HEADINGS = {
    "line breaks": ("<h2>Opening<br>hours</h2>", "Opening hours"),
    "elements": ("<h2><span>Winter</span><br/><span>season</span></h2>", "Winter season"),
    "blocks": ("<h2><div>Ticket</div><div>prices</div></h2>", "Ticket prices"),
    "a drawing": ("<h2><svg><title>Icon</title></svg>Prices</h2>", "Prices"),
    "a style": ("<h2><style>.a{color:red}</style>Prices<script>x()</script></h2>", "Prices"),
    "hidden text": ("<h2>Prices<span hidden>x</span><i style='display:none'>y</i></h2>", "Prices"),
    "text for screen readers": ("<h2>Prices <span class=sr-only>(link)</span></h2>", "Prices"),
    "a button": ("<h2>Prices <button>Copy link</button></h2>", "Prices"),
    "an anchor": ("<h2>Prices<a class=headerlink href=#p>Link here</a></h2>", "Prices"),
    "a sign": ("<h2>Prices<a href=#p>¶</a></h2>", "Prices"),
    "an icon of letters": ("<h2><i class=material-icons>shop_two</i>Prices</h2>", "Prices"),
    "an icon": ("<h2><span class='icon'>★</span> Prices</h2>", "Prices"),
    "a copier": ("<h2>Prices <span class='btn-copy'>Copy</span></h2>", "Prices"),
    "a link to itself": ("<h2 id=p>Prices <a href='#p'>Copy link</a></h2>", "Prices"),
    "a link to its name": ("<h2><a name=p></a>Prices <a href='#p'>Link</a></h2>", "Prices"),
    "a link around it": ("<h2 id=p><a class=anchor href='#p'>Prices</a></h2>", "Prices"),
    "another link": ("<h2 id=p>Prices of <a href='#kettles'>kettles</a></h2>", "Prices of kettles"),
    "a copying element": ("<h2>Prices <clipboard-copy>Copy</clipboard-copy></h2>", "Prices"),
    "a link to edit it": ("<h2>Prices <span class=mw-editsection>[edit]</span></h2>", "Prices"),
    "a tooltip": ("<h2>Prices <span role=tooltip>Without tax</span></h2>", "Prices"),
    "inline blocks": (
        "<h2><b style='display:inline-block'>Prices</b><b style='display:inline-block'>2026</b>",
        "Prices 2026",
    ),
    "a soft hyphen": ("<h2>Daten&shy;schutz</h2>", "Datenschutz"),
    "zero-width characters": ("<h2>Da\u200bten\u2060schutz\ufeff\u200e</h2>", "Datenschutz"),
    "only a button": ("<h2><button>Prices<svg><title>v</title></svg></button></h2>", "Prices"),
    "a number of a note": ("<h2>Prices<sup>1</sup></h2>", "Prices 1"),
    "lines of a framework": (
        "<h2><span class=block>Ready?</span><span class='block x'>Start.</span></h2>",
        "Ready? Start.",
    ),
    "the button of a panel and a badge": (
        "<h2><button aria-expanded=false>Prices</button> <i>new</i></h2>",
        "Prices new",
    ),
    "a button of a panel after its text": (
        "<h2>Prices <button aria-expanded=false aria-controls=p>Show</button></h2>",
        "Prices",
    ),
    "a button before its text": ("<h2><button onclick=c()>Copy</button> Prices</h2>", "Prices"),
    "a link without an address": ("<h2>Prices <a href='#' title=x>Copy link</a></h2>", "Prices"),
    "a link with a script": ("<h2>Prices <a href='javascript:c()'>Copy</a></h2>", "Prices"),
    "a text with a script": ("<h2>Prices <i onclick=c()>Copy link</i></h2>", "Prices"),
    "a text that appears": ("<h2>Prices<b class=tooltiptext>Copy link</b></h2>", "Prices"),
    "a name with a sign": ("<h2>Learn C#</h2>", "Learn C#"),
    "a name with a sign and a permalink": ("<h2>C# <a href='#c'>#</a>¶</h2>", "C#"),
    "a sign after a space": ("<h2>Prices #</h2>", "Prices"),
    "a first link without an address": ("<h2><a href='#'>Prices</a> <b>1</b></h2>", "Prices 1"),
    "hidden text between words": ("<h2>Prices<i class=sr-only>,</i>Terms</h2>", "Prices Terms"),
    "an entity": ("<h2>Prices&nbsp;&amp;&nbsp;terms</h2>", "Prices & terms"),
}


@pytest.mark.parametrize("kind", HEADINGS)
def test_a_heading_contains_only_its_text(kind: str) -> None:
    html, text = HEADINGS[kind]
    assert blocks(f"{html}<p>Text.") == [Block(text, 2), Block("Text.")]


def test_headings_are_recognized_by_their_role() -> None:
    assert blocks("<div role=heading aria-level=3>A</div><div role=heading>B</div>") == [
        Block("A", 3),
        Block("B", 2),
    ]
    assert blocks("<div role=heading aria-level=x>A</div>") == [Block("A", 2)]


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("one<br>two<br/>three", ["one", "two", "three"]),
        ("<div>one</div>two<p>three", ["one", "two", "three"]),
        ("<b>one</b><i>two</i>", ["onetwo"]),
        ("<section>one</section><custom-tag>two</custom-tag>", ["one", "two"]),
        ("<dl><dt>one<dd>two</dl>", ["one", "two"]),
        ("<ul><li>one<li>two<ul><li>three</ul></ul>", ["- one", "- two", "- three"]),
        ("long&shy;word inter<wbr>rupted", ["longword interrupted"]),
        ("<table><caption>one</caption><tr><td>two</table>", ["one", "two"]),
        ("<fieldset><legend>one</legend>two</fieldset>", ["one", "two"]),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>", ["漢(かん)"]),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>です", ["漢字(かんじ)です"]),
        ("<ruby>北<rt>Běi</rt>京<rt>jīng</rt></ruby>", ["北京(Běi jīng)"]),
        ("<span style='display:block'>one</span><span style='display: Block'>two</span>",
         ["one", "two"]),
        ("<b style='display:inline-block'>one</b><b style='display:inline-flex'>two</b>",
         ["one two"]),
        ("<div style='display:flex'><span>one</span><span>two</span></div>", ["one", "two"]),
        ("<p style='display:grid'><b>one</b><b>two</b>", ["one", "two"]),
        ("<div style='display:inline'>one</div><div style='display:inline'>two</div>", ["onetwo"]),
        ("<ul><li style='display:inline'>one<li style='display:inline'>two</ul>", ["one two"]),
        ("<a href=/1>one</a><a href=/2>two</a> <a href=/3>three</a>", ["one two three"]),
        ("costs <del>49</del>39, was <s>59</s><b>49</b>", ["costs 49 39, was 59 49"]),
        ("Press <button>Save</button> to keep it.", ["Press Save to keep it."]),
        ("<marquee>one</marquee>two", ["one", "two"]),
        ("one<nav>no</nav>two<div class=cookie-banner>no</div>three", ["one", "two", "three"]),
        ("one<input>two<svg></svg>three<input type=hidden>3", ["one two three3"]),
        ("<div class='d-md-flex'><i>one</i><i>two</i></div>", ["one", "two"]),
        ("<p class='md:grid'><i>one</i>two<i class=md:block>three</i>", ["one", "two", "three"]),
        ("<x-a>one</x-a><x-b>two</x-b>, <b>three</b><x-i></x-i>.", ["one two, three."]),
        ("<p><i role=cell>one</i><i role=cell>two</i>", ["one two"]),
        ("<b>one</b><button>no</button><b>two</b><script>no</script>2", ["one two2"]),
        ("<p>one<div hidden>no</div>two<b hidden>no</b>2", ["one", "two2"]),
        ("so <math><mi>x</mi><mo>=</mo><annotation>x</annotation>1</math> holds", ["so x=1 holds"]),
        ("<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", ["1/2"]),
        ("<math><msup><mi>c</mi><mn>2</mn></msup></math>", ["c^2"]),
        ("<math><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup></math>", ["x1^2"]),
        ("<li><b><a href=#cite>^</a></b> Book", ["- Book"]),
        ("<i class=govuk-visually-hidden>Warning</i>You pay", ["Warning You pay"]),
        ("10<sup>6</sup> m<sup>2</sup>, 2<sup>nd</sup>, H<sub>2</sub>O, $19<sup>99</sup>",
         ["10^6 m2, 2nd, H2O, $19^99"]),
        ("Kettle<sup>TM</sup> in steel<sup>2</sup>, days<sup><a href=#n>1</a></sup>",
         ["Kettle TM in steel 2, days 1"]),
        ("5<a href=#n class=footnote-ref><sup>2</sup></a> or<a href=#m role=doc-noteref>3</a>",
         ["5 2 or 3"]),
        ("Only in France.<a href=#back>↩︎</a>", ["Only in France."]),
        ("one</br>two", ["one", "two"]),
        ("<label>one</label><label>two</label>", ["one two"]),
        ("<span class=visually-hidden>Price</span><b>$39</b>", ["Price $39"]),
        ("<span class=d-block>one</span><span class=d-block>two</span>", ["one", "two"]),
        ("<select><option value=''>Choose<option>Red<option value=b> Blue</select>", ["Red, Blue"]),
    ],
)  # fmt: skip
def test_only_blocks_separate_words(html: str, texts: list[str]) -> None:
    assert [block.text for block in blocks(html)] == texts


def test_a_table_is_read_by_rows_whatever_is_in_its_cells() -> None:
    table = "<tr><th><p>Land</p><th><div>Tage</div><tr><td><p>FR</p><td>2<br>oder 3"
    assert blocks(f"<table>{table}</table>") == [Block("Land | Tage"), Block("FR | 2 oder 3")]
    layout = "<table><tr><td><h2>Left</h2><p>One</p><td><h2>Right</h2><p>Two</p></table>"
    assert blocks(layout) == [Block("Left", 2), Block("One"), Block("Right", 2), Block("Two")]


def test_a_cell_that_spans_rows_is_read_in_each_of_them() -> None:
    table = """<tr><th>Land<th colspan=2>Versand<tr><td rowspan=2>FR<td>A<td>4<tr><td>B<td>9
        <tr><td>IT<td colspan=2>-<tr><td>ES<td rowspan=3>C<td>1<tr><td>PT<td>2<tr></tr>"""
    texts = [block.text for block in blocks(f"<table>{table}</table>")]
    assert texts == [
        "Land | Versand", "FR | A | 4", "FR | B | 9", "IT | -", "ES | C | 1", "PT | C | 2",
    ]  # fmt: skip
    bomb = "<tr><td rowspan=9999>" + "x" * 199 + "<td>y" + "<tr><td>z" * 9999
    assert sum(len(block.text) for block in blocks(f"<table>{bomb}</table>")) < 2_000_000


def test_a_shadow_root_is_read_in_the_place_of_its_host() -> None:
    main = """<h1>Kettles</h1><x-card><template shadowrootmode=open><style>p{}</style>
        <p>Price: <slot name=price>none</slot></p><p><slot></slot></p><slot name=no>Free.</slot>
        <x-in><template shadowrootmode=closed><p><slot></slot></p></template>Inner.</x-in>
        </template><b slot=price>39 euros</b>Boils <i>water</i>.<b slot=other>Not shown</b></x-card>
        <template><p>Not shown</p></template>"""
    texts = [block.text for block in blocks(main)]
    assert texts == ["Kettles", "Price: 39 euros", "Boils water.", "Free.", "Inner."]


def test_the_texts_of_drawings_are_read() -> None:
    drawing = """<svg><title>No</title><g><text>Order<title>No</title></text>
        <text><tspan x=0>is</tspan><tspan x=0 dy=9>packed</tspan></text></g>
        <foreignObject><div>and sent</div></foreignObject></svg>"""
    texts = [block.text for block in blocks(f"<p>See: {drawing} today.</p><h2>{drawing}Tea</h2>")]
    assert texts == ["See: Order is packed", "and sent", "today.", "Tea"]


def test_a_heading_that_is_not_closed_ends_at_the_next_one() -> None:
    assert blocks("<h2>One<h3>Two</h3>Text") == [Block("One", 2), Block("Two", 3), Block("Text")]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ("<pre><code>a<br>b</code></pre>", "a\nb"),
        ("<pre><div>a</div><div>b</div></pre>", "a\nb"),
        ("<pre><button>Copy</button>a\nb</pre>", "a\nb"),
        ("<pre><span class=linenos>1</span>a\n<span class=linenos>2</span>b</pre>", "a\nb"),
        ("<pre>a<span style='display:none'>$</span>\nb<span class=copy-btn>Copy</span></pre>",
         "a\nb"),
        ("<pre><span style='display:block'>a</span><span style='display:block'>b</span></pre>",
         "a\nb"),
        ("<pre><i class=ln>1</i>a\n<i style='user-select: none'>2</i>b</pre>", "a\nb"),
        ("<pre>a\nb<clipboard-copy>Copy</clipboard-copy></pre>", "a\nb"),
        ("<div style='white-space: pre-line'>a\nb</div>", "a\nb"),
        ("<listing>a\nb</listing>", "a\nb"),
        ("<pre>\n\n  a&nbsp;b\u200b\n</pre>", "  a b"),
    ],
)  # fmt: skip
def test_code_keeps_only_its_lines(html: str, text: str) -> None:
    assert blocks(html) == [Block(text)]


def test_all_readable_text_in_the_main_text_is_kept() -> None:
    main = """
        <form method=post><h1>Kettle</h1><p>Holds 1.7 litres.</p><label>How many?</label>
        <select><option>1</select><button>Add to cart</button></form>
        <aside class=caution>Hot water!</aside><header>By Ann</header><footer>Updated</footer>
        <div role=complementary>See also</div><menu><li>Tea</menu><nav>Home &gt; Kettles</nav>"""
    assert blocks(main) == [
        Block("Kettle", 1),
        *map(Block, ("Holds 1.7 litres.", "How many?", "Hot water!", "By Ann", "Updated")),
        *map(Block, ("See also", "- Tea")),
    ]


def test_a_page_without_marks_keeps_its_notes_and_the_form_that_wraps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "resiliparse", None)  # as if it were not installed
    body = """<header>Shop</header><nav>Home</nav><form><h1>Kettle</h1>
        <p>Holds 1.7 litres.</p><aside class="admonition warning">Hot!</aside></form>
        <aside>Advert</aside><form><input>Search</form><footer>Imprint</footer>"""
    page = f"<html><body>{body}</body></html>"
    texts = [block.text for block in read(page, "page").blocks]
    assert texts == ["Kettle", "Holds 1.7 litres.", "Hot!"]


def test_buttons_that_are_texts_and_links_that_look_like_buttons_are_read() -> None:
    main = """<button>Buy</button><button><h3>Plan A</h3><p>Ten euros</p></button>
        <a role=button href=/order>Order for 39 euros</a><a role=button href='#'>Buy</a>"""
    assert blocks(main) == [Block("Plan A", 3), Block("Ten euros"), Block("Order for 39 euros")]


@pytest.mark.parametrize("hidden", ["<template>{}</template>", "<noscript>{}</noscript>"])
def test_a_main_text_that_is_not_displayed_is_ignored(hidden: str) -> None:
    text = f"<h1>Kettle</h1><p>{'It boils water quickly. ' * 9}</p>"
    page = f"<body>{hidden.format('<main>No</main>')}<div>{text}</div>"
    assert read(page, "page").blocks[0] == Block("Kettle", 1)


def test_a_visible_main_text_is_preferred() -> None:
    page = "<body><div hidden><main>One</main></div>{}"
    assert read(page.format("<main>Two</main>"), "page").blocks == [Block("Two")]
    assert read(page.format(""), "page").blocks == [Block("One")]


def test_all_main_texts_that_are_shown_are_read() -> None:
    page = "<body><main hidden>No</main><main>One<main>in</main></main><main lang=de>Zwei</main>"
    assert [block.text for block in read(page, "page").blocks] == ["One", "in", "Zwei"]


def test_an_empty_main_text_is_ignored() -> None:
    page = f"<body><main> </main><div><h2>Kettle</h2><p>{'It boils water quickly. ' * 9}</div>"
    assert read(page, "page").blocks[0] == Block("Kettle", 2)


@pytest.mark.parametrize(
    ("above", "heading"),
    [
        ("<header><h1>Kettle</h1></header>", [Block("Kettle", 1)]),
        ("<h1><a href=/>The shop</a></h1>", []),
        ("<a href=/><h1>The shop</h1></a>", []),
        ("<div hidden><h1>Kettle</h1></div>", []),
        ("<h1>One</h1><h1>Two</h1>", []),
    ],
)
def test_the_main_heading_may_stand_above_the_main_text(above: str, heading: list[Block]) -> None:
    page = f"<body>{above}<div role=Main><h2>Size</h2>Big</div>"
    assert read(page, "page").blocks == [*heading, Block("Size", 2), Block("Big")]
    own = f"<body>{above}<main><h1>Own</h1>Big</main>"
    assert read(own, "page").blocks == [Block("Own", 1), Block("Big")]


def test_the_language_of_xhtml_is_read() -> None:
    assert read("<html xml:lang=de><body><main>Text</main>", "page").language == "de"


def test_the_title_and_language_of_a_page_are_read() -> None:
    content = read(
        """<html lang=en><head><title>Ti
        tle</title></head><body><svg><title>Icon</title></svg>
        <div lang=de-AT><main>Text</main></div>""",
        "page",
    )
    assert (content.title, content.language) == ("Ti tle", "de-AT")
