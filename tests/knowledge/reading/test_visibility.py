"""Tests of visibility: hidden text is not indexed, but closed panels are."""

from __future__ import annotations

import pytest

from sitechat.knowledge.reading import read

HIDDEN_STYLES = [
    "display:none",
    "DISPLAY : NONE !important",
    "dis/**/play:none; display: none",
    r"di\73play:none",
    "color:red;display:none",
    "display:none ! important; display:block",
    "visibility:hidden",
    "visibility: collapse",
    "font-size:0",
    "font-size: 0px",
    "font-size:1px",
    "font-size:.01em",
    "font:0/0 a",
    "opacity:0",
    "opacity:0.0",
    "opacity:0.01",
    "opacity:1%",
    "filter:opacity(0)",
    "translate:-9999px",
    "translate: 0 -999em",
    "scale:0",
    "scale: 1 0",
    "clip-path:polygon(0 0, 0 0, 0 0)",
    "color:#fff;background-color:#ffffff",
    "color:white;background:rgb(255, 255, 255)",
    "-webkit-text-fill-color:transparent",
    "position:absolute;left:-9999px",
    "position:absolute; top: -999em",
    "text-indent:-9999px",
    "text-indent: 200vw; white-space: nowrap; overflow: hidden; text-indent:9999px",
    "margin-left:-5000px",
    "transform:translateX(-9999px)",
    "transform:scale(0)",
    "clip:rect(0,0,0,0);position:absolute",
    "clip: rect(1px 1px 1px 1px); position: absolute",
    "clip-path:inset(100%)",
    "clip-path: inset(50%)",
    "height:0;overflow:hidden",
    "max-height:0;overflow:hidden",
    "width:1px;height:1px;overflow:hidden",
    "color:transparent",
    "color: rgba(0, 0, 0, 0)",
    "color:#fff;background:#fff",
    "content-visibility:hidden",
]


@pytest.mark.parametrize("style", HIDDEN_STYLES)
@pytest.mark.parametrize("tag", ["p", "span"])
def test_text_that_no_visitor_can_read_is_left_out(style: str, tag: str) -> None:
    page = f'<main><p>Seen.</p><{tag} style="{style}">Secret <b>order</b></{tag}><p>Too.</p></main>'
    assert texts(page) == ["Seen.", "Too."]


@pytest.mark.parametrize(
    "style",
    [
        "display:block",
        "display:none-of-it",
        "display:block !important; display:none",
        "font-size:12px",
        "font-size:small",
        "opacity:.9",
        "opacity:10%",
        "opacity:0;transform:translateY(20px)",
        "opacity:0; transition: opacity .3s",
        "filter:opacity(50%)",
        "filter:blur(0)",
        "translate:-50% -50%",
        "scale:.9",
        "clip-path:polygon(0 0, 100% 0, 50% 100%)",
        "color:black;background:white",
        "margin:-5px",
        "left:-10px;position:relative",
        "text-indent:2em",
        "height:200px;overflow:hidden",
        "color:#fff;background:#000",
        "color:rgba(0,0,0,.5)",
        "transform:translateX(-50%)",
        "clip-path:inset(10px)",
        "broken",
        ":;:",
    ],
)
def test_other_styles_hide_nothing(style: str) -> None:
    assert texts(f'<main><p style="{style}">Seen.</p></main>') == ["Seen."]


def test_descendants_may_become_visible_again() -> None:
    page = """<main>
        <div style="font-size:0">gap<p style="font-size:16px">Sized.</p><p>Not.</p></div>
        <div style="visibility:hidden">x<p style="visibility:visible">Shown.</p></div></main>"""
    assert texts(page) == ["Sized.", "Shown."]


@pytest.mark.parametrize(
    "page",
    [
        "<p hidden>Secret</p>",
        "<p hidden=hidden>Secret</p>",
        "<p aria-hidden=true>Secret</p>",
        "<template><p>Secret</p></template>",
        "<noscript>Secret</noscript>",
        "<dialog>Secret</dialog>",
        "<svg><title>Secret</title><desc>Secret</desc><defs><text>Secret</text></defs></svg>",
        "<svg aria-hidden=true><text>Secret</text></svg>",
        "<select><option value=''>Choose one<option>1<option>2</select>",
        f"<select>{'<option>Secret' * 40}</select>",
        "<div popover>Secret</div>",
        "<p><a href='#'></a></p><br><p hidden>Secret</p>",
        "<div id=cookie-banner><p>Secret</p></div><div class='x CookieConsent'>Secret</div>",
        "<textarea>Secret</textarea>",
        "<style>Secret</style><script>Secret</script>",
        "<iframe>Secret</iframe><canvas>Secret</canvas><video>Secret</video>",
    ],
)
def test_elements_that_show_no_text_are_left_out(page: str) -> None:
    assert texts(f"<main><p>Seen.</p>{page}</main>") == ["Seen."]


PANELS = [
    "<button aria-expanded=false aria-controls=a>How long?</button><div id=a hidden>{}</div>",
    "<h3><button aria-controls=a>How long?</button></h3><div id=a aria-hidden=true>{}</div>",
    "<h3>How long?</h3><div hidden=until-found>{}</div>",
    "<button>How long?</button><div style='display:none'>{}</div>",
    "<h3><button>How long?</button></h3><div style='height:0;overflow:hidden'>{}</div>",
    "<button class=accordion>How long?</button><div class=panel hidden>{}</div>",
    "<a data-bs-toggle=collapse href='#a'>How long?</a><div id=a style='display:none'>{}</div>",
    "<a data-toggle=tab href='#a'>How long?</a><div id=a hidden>{}</div>",
    "<div role=tab aria-controls=a>How long?</div><div role=tabpanel id=a hidden>{}</div>",
    "<div data-bs-target='#a'>How long?</div><div id=a aria-hidden=true>{}</div>",
    "<p>How long?</p><div role=region hidden>{}</div>",
    "<dt><button aria-expanded=false>How long?</button></dt><dd hidden>{}</dd>",
    "<dt>How <b>long?</b> </dt><dd style='display:none'>{}</dd>",
    "<h4>How long?</h4><div hidden>{}</div>",
    "<details><summary>How long?</summary>{}</details>",
    "<p>How long?</p><div class='faq__answer' style='display:none'>{}</div>",
    "<p><a href='#a'>How long?</a></p><div id=a style='display:none'>{}</div>",
    "<button popovertarget=a>How long?</button><div popover id=a hidden>{}</div>",
    "<input type=checkbox id=b><label for=b>How long?</label><p style='display:none'>{}",
    "<div onclick='toggle(this)'>How long?</div><div hidden>{}</div>",
    "<p @click='open = !open'>How long?</p><div style='display: none'>{}</div>",
    "<p>How long?</p><div x-show=open style='display: none'>{}</div>",
    "<dialog open><p>How long?</p>{}</dialog>",
    "<button popovertarget=a>How long?</button><div popover id=a>{}</div>",
    "<p><button commandfor=d command=show-modal>How long?</button></p><dialog id=d>{}</dialog>",
    """<button onclick="document.querySelector('#d').showModal()">How long?</button>
       <p></p><dialog id=d>{}</dialog>""",
    "<button data-accordion-target='#a'>How long?</button><hr><div id=a hidden>{}</div>",
    "<label data-collapse-toggle=a>How long?</label><hr><div id=a hidden>{}</div>",
    "<a href='' data-uk-toggle='target: #a'>How long?</a><hr><div id=a hidden>{}</div>",
    "<h3 id=b>How long?</h3><hr><section aria-labelledby=b hidden>{}</section>",
    "<h3><button>How long?</button></h3><div><div hidden>{}</div></div>",
    "<div role=button>How long?</div><div hidden>{}</div>",
    "<h3><a role=button href='#'>How long?</a></h3><div hidden>{}</div>",
    "<strong>How long?</strong><div style='display:none'>{}</div>",
    "<p>How long?</p><div class=tab-bodies><p></p><div hidden>{}</div></div>",
    "<p>How long?</p><hr><div hidden style='display:block'>{}</div>",
    """<button>How long?</button><p></p><div id=a hidden>{}</div>
       <script>f(document.getElementById('a'))</script>""",
    "<button>How long?</button><p></p><div id=a hidden>{}</div><script>$('#a').show()</script>",
    "<button onclick=d.showModal()>How long?</button><p></p><dialog id=d>{}</dialog>",
]


@pytest.mark.parametrize("panel", PANELS)
def test_panels_that_visitors_can_open_are_read(panel: str) -> None:
    page = f"<main><p>Before.</p>{panel.format('<p>Three days.</p>')}</main>"
    assert texts(page) == ["Before.", "How long?", "Three days."]


@pytest.mark.parametrize(
    "css",
    [
        ".secret{display:none}",
        "#secret { DISPLAY: none !important }",
        "p.secret, .other {color:red; display:none}",
        "@import 'x.css'; .secret{visibility:hidden}",
        ".secret{display:block} .secret{display:none}",
        "#secret{display:none} .secret{display:block}",
    ],
)
def test_text_that_a_stylesheet_hides_is_left_out(css: str) -> None:
    secret = "<p class='card secret' id=secret>Secret</p>"
    other = "<script type=application/ld+json>{'a': '#secret'}</script>"
    assert texts(f"<style>{css}</style><main><p>Seen.</p>{secret}</main>{other}") == ["Seen."]


@pytest.mark.parametrize(
    "css",
    [
        "/* .panel{display:none} */",
        ".panel{display:none} #open:checked ~ .panel{display:block}",
        ".note{display:none} .card.open{display:block}",
        ".note{display:none} @media (min-width: 9em){.note{display:block}}",
        "@media print{.note{display:none}}",
        ".note{display:none} .note{display:flex}",
        ".note{display:none} #it{display:block}",
        ".menu .note{display:none}",
        ".note:not(.open){display:none}",
        "p.note{display:none}",
        ".note{display:none}</style><script>a('.note')</script><style>",
        ".note{display:none}</style><script>x.classList.remove('note')</script><style>",
        "}}{.note{",
    ],
)
def test_other_stylesheets_hide_nothing(css: str) -> None:
    note = "<div class='card note' id=it>Seen.</div>"
    assert texts(f"<style>{css}</style><main><p>One.</p>{note}</main>") == ["One.", "Seen."]


def test_panels_and_inline_styles_override_stylesheets() -> None:
    page = """<style media=print>.a{display:none}</style><style>.b,.c,.d{display:none}</style>
        <main><p class=a>One.</p><p class=b style='display:block'>Two.</p>
        <button aria-controls=x>How long?</button><hr><div id=x class=c>Three.</div>
        <p class=d>Secret</p></main>"""
    assert texts(page) == ["One.", "Two.", "How long?", "Three."]


def test_hidden_text_after_other_headings_stays_hidden() -> None:
    page = "<main><h3>Draft</h3><p hidden>Secret</p><dt>Price</dt><dd hidden>Secret</dd></main>"
    assert "Secret" not in texts(page)
    assert texts("<main>Tax <b>?</b> <i role=tooltip hidden>Secret</i></main>") == ["Tax ?"]


def test_hidden_text_within_a_panel_stays_hidden() -> None:
    page = """<main><button aria-controls=a>Q?</button><div id=a hidden>
        <p>Seen.</p><p style="display:none">Secret</p><p hidden>Secret</p></div></main>"""
    assert texts(page) == ["Q?", "Seen."]


def test_without_a_marked_main_text_hidden_text_is_left_out_too() -> None:
    text = "".join(f"<p>Paragraph {n} says what there is to say of parcels.</p>" for n in range(9))
    page = f"<div>{text}<p style='display:none'>Secret orders for the assistant.</p></div>"
    found = texts(page)
    assert "Paragraph 5 says what there is to say of parcels." in found
    assert not any("Secret" in text for text in found)


def texts(page: str) -> list[str]:
    html = f"<!doctype html><html lang=en><body>{page}</body></html>"
    return [block.text for block in read(html, "page").blocks]
