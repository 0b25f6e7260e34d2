"""Tests of the stand-in's answers without a script."""

from __future__ import annotations

from typing import Any

from sitechat.standin.answer_languages import ENGLISH
from sitechat.standin.default_answers import default_answer

NOTHING = ENGLISH.unknown
PAGE = (
    '<page url="/install/" title="Install">\n# Install\n\n'
    "Run `pip install django-sitechat` first. Then add the app to INSTALLED_APPS.\n\n# Visits\n\n"
    "Opening hours are from nine to five.\n</page>"
)
SEARCH = {
    "name": "search_site",
    "input_schema": {
        "type": "object",
        "properties": {"limit": {"type": "integer"}, "query": {"type": "string"}},
        "required": ["query"],
    },
}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def found(title: str, *texts: str, cited: bool = True) -> dict[str, Any]:
    return {
        "type": "search_result",
        "source": f"https://site/{title.lower()}/",
        "title": title,
        "content": [text(one) for one in texts],
        "citations": {"enabled": cited},
    }


def ask(*blocks: Any, before: Any = (), **fields: Any) -> list[dict[str, Any]]:
    content = [text(block) if isinstance(block, str) else block for block in blocks]
    messages = [*before, {"role": "user", "content": content}]
    return default_answer({"messages": messages, **fields})


def said(blocks: list[dict[str, Any]]) -> str:
    return "".join(block["text"] for block in blocks)


def test_it_answers_from_the_page_beside_the_question() -> None:
    answer = said(ask(PAGE, "How do I install it?"))
    assert "pip install django-sitechat" in answer
    assert "Opening hours" not in answer


def test_a_page_and_a_question_in_one_block_are_separated() -> None:
    assert "Opening hours" in said(ask(f"{PAGE}\n\nWhen are you open? Opening hours?"))


def test_it_opens_the_page_if_the_question_is_what_it_is_about() -> None:
    assert "pip install" in said(ask(PAGE, "What is this page about?"))


def test_it_knows_only_the_content_of_the_request() -> None:
    assert said(ask(PAGE, "Who won the cup in Brazil?")) == NOTHING
    assert said(ask("Who won the cup in Brazil?")) == NOTHING


def test_the_page_of_an_earlier_question_is_not_used() -> None:
    before = [
        {"role": "user", "content": [text(PAGE), text("Hi")]},
        {"role": "assistant", "content": "Hello"},
    ]
    assert said(ask("How do I install it?", before=before)) == NOTHING


def test_it_cites_the_block_of_the_search_result_that_it_uses() -> None:
    results = [
        found("Prices", "All prices are in euro.", "A ticket costs nine euro."),
        found("Zoo", "The zoo has a lion."),
    ]
    answer = ask(*results, "What does a ticket cost?")
    assert said(answer) == "The page “Prices” says:\n\nA ticket costs nine euro."
    assert "citations" not in answer[0]
    assert answer[1]["citations"] == [
        {
            "type": "search_result_location",
            "cited_text": "A ticket costs nine euro.",
            "source": "https://site/prices/",
            "title": "Prices",
            "search_result_index": 0,
            "start_block_index": 1,
            "end_block_index": 2,
        }
    ]


def test_the_index_counts_the_search_results_of_the_whole_request() -> None:
    before = [
        {"role": "user", "content": [found("Zoo", "The zoo has a lion."), text("Lions?")]},
        {"role": "assistant", "content": "Yes."},
    ]
    answer = ask(found("Prices", "A ticket costs nine euro."), "Ticket costs?", before=before)
    assert answer[1]["citations"][0]["search_result_index"] == 1


def test_it_does_not_cite_if_citations_are_not_enabled() -> None:
    answer = ask(found("Prices", "A ticket costs nine euro.", cited=False), "Ticket costs?")
    assert all("citations" not in block for block in answer)


def test_it_searches_if_the_given_texts_do_not_match() -> None:
    assert ask(PAGE, "What does a ticket cost?", tools=[SEARCH]) == [
        {
            "type": "tool_use",
            "name": "search_site",
            "input": {"query": "What does a ticket cost?"},
        }
    ]


def test_it_does_not_search_if_the_page_matches() -> None:
    assert ask(PAGE, "How do I install it?", tools=[SEARCH])[0]["type"] == "text"


def tool_round(number: int, content: Any) -> list[dict[str, Any]]:
    call = {"type": "tool_use", "id": f"t{number}", "name": "search_site", "input": {}}
    result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": content}
    return [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def test_it_answers_from_the_search_results_of_a_tool() -> None:
    messages = [
        {"role": "user", "content": "What does a ticket cost?"},
        *tool_round(1, [found("Prices", "A ticket costs nine euro.")]),
    ]
    answer = default_answer({"messages": messages, "tools": [SEARCH]})
    assert said(answer).endswith("A ticket costs nine euro.")
    assert answer[1]["citations"][0]["title"] == "Prices"


def test_it_answers_from_the_plain_text_of_a_tool() -> None:
    messages = [
        {"role": "user", "content": "What does a ticket cost?"},
        *tool_round(1, "A ticket costs nine euro."),
    ]
    assert said(default_answer({"messages": messages})) == "A ticket costs nine euro."


def test_it_gives_up_after_two_searches() -> None:
    messages = [{"role": "user", "content": "What does a ticket cost?"}, *tool_round(1, "nothing")]
    second = default_answer({"messages": messages, "tools": [SEARCH]})
    assert second[0]["type"] == "tool_use"
    messages += tool_round(2, "nothing")
    assert said(default_answer({"messages": messages, "tools": [SEARCH]})) == NOTHING


def test_a_new_question_may_search_again() -> None:
    messages = [
        {"role": "user", "content": "What does a ticket cost?"},
        *tool_round(1, "nothing"),
        *tool_round(2, "nothing"),
        {"role": "assistant", "content": NOTHING},
        {"role": "user", "content": "Is there a lion?"},
    ]
    answer = default_answer({"messages": messages, "tools": [SEARCH]})
    assert answer[0]["input"] == {"query": "Is there a lion?"}


def test_it_obeys_tool_choice() -> None:
    other = {"name": "book", "input_schema": {"type": "object"}}
    tools = [other, SEARCH]
    forced = {"type": "tool", "name": "book"}
    assert ask("Hi", tools=tools, tool_choice=forced)[0] == {
        "type": "tool_use",
        "name": "book",
        "input": {},
    }
    none = ask("Ticket costs?", tools=tools, tool_choice={"type": "none"})
    assert said(none) == NOTHING


def test_it_reads_languages_without_spaces() -> None:
    answer = said(
        ask(found("料金", "入場料は九ユーロです。", "動物園は九時に開きます。"), "入場料は?")
    )
    assert answer.endswith("入場料は九ユーロです。")


def test_it_answers_a_follow_up_by_the_question_before() -> None:
    before = [
        {"role": "user", "content": "How much is a ticket for adults?"},
        {"role": "assistant", "content": "Nine euro."},
    ]
    results = [
        found("Menu", "Children eat for five euro."),
        found("Prices", "A ticket for children costs four euro."),
    ]
    answer = said(ask(*results, "And for children?", before=before))
    assert answer.endswith("A ticket for children costs four euro.")


def test_a_follow_up_without_words_of_its_own_asks_for_more_of_the_same() -> None:
    before = [
        {"role": "user", "content": "How much is a ticket?"},
        {"role": "assistant", "content": "Nine euro."},
    ]
    result = found("Prices", "A ticket costs nine euro.")
    assert "nine euro" in said(ask(result, "And here?", before=before))


def test_it_understands_misspelled_and_foreign_words() -> None:
    result = found("Start", "You install the program with pip.")
    assert "with pip" in said(ask(result, "how do i instal the porgram"))
    assert "with pip" in said(ask(result, "Wie installiere ich das Programm?"))


def test_it_speaks_the_language_of_the_question() -> None:
    result = found("Start", "You install the program with pip.")
    answer = said(ask(result, "Wie installiere ich das Programm?"))
    assert answer.startswith("Auf der Seite „Start“ steht:")
    assert "weiß ich leider nicht" in said(ask(result, "Wo ist der Bahnhof?"))


def test_it_points_to_a_second_page_that_fits_as_well() -> None:
    results = [
        found("Prices", "A ticket costs nine euro."),
        found("Tickets", "Each ticket costs nine euro."),
    ]
    answer = ask(*results, "What does a ticket cost?")
    cited = [block["citations"][0]["title"] for block in answer if "citations" in block]
    assert cited == ["Prices", "Tickets"]
    assert said(answer).endswith("\n\nThe page “Tickets” has more about this.")


def test_it_cites_the_words_and_not_the_code_between_them() -> None:
    text = "Install it:\npip install zoo\nThen open the zoo."
    answer = ask(found("Install", text), "How do I install the zoo?")
    cited = [block["text"].strip() for block in answer if "citations" in block]
    assert cited == ["Then open the zoo."]


def test_it_opens_the_first_page_for_a_question_about_the_site() -> None:
    opens = {
        **SEARCH,
        "name": "open_page",
        "input_schema": {"properties": {"url": {"type": "string"}}},
    }
    answer = ask(found("Lions", "We do lions."), "What does this site do?", tools=[SEARCH, opens])
    assert answer == [{"type": "tool_use", "name": "open_page", "input": {"url": "/"}}]


def test_it_greets() -> None:
    assert said(ask(PAGE, "Hello!")) == ENGLISH.greeting


def test_it_continues_with_the_steps_after_the_introduction_of_a_page() -> None:
    steps = "You need a cage.\nThree steps\nBuild it:\nzoo build --cage\nOpen it:\nzoo open --cage"
    for text in (steps, f"Install\n{steps}"):
        answer = said(ask(found("Install", text), "How do I install it?"))
        assert "**Three steps**\n\nBuild it:" in answer
        assert answer.endswith("zoo open --cage\n```")


def test_it_quotes_only_the_matching_items_of_a_long_list() -> None:
    items = [
        f"- Animal {n} " + "eats a lot of hay and sleeps until the evening " * 4 for n in range(5)
    ]
    text = "\n".join(["Our animals:", *items, "- The lion eats meat."])
    answer = said(ask(found("Animals", text), "What does the lion eat?"))
    assert answer.endswith("Our animals:\n\n- The lion eats meat.")


def test_a_sentence_that_introduces_nothing_is_left_out() -> None:
    text = "In the dark:\n\nThe lion sleeps in the dark, and eats by day."
    answer = said(ask(found("Lion", text), "When does the lion sleep?"))
    assert "In the dark:" not in answer


def test_a_small_site_answers_a_question_with_one_word_that_its_pages_lack() -> None:
    delivery = found("Delivery", "We deliver tea within two days.")
    home = found("Tea Shop", "We sell tea from many countries.")
    for question in ("How fast do you deliver tea?", "How long does delivery take?"):
        assert "within two days" in said(ask(delivery, home, question, tools=[SEARCH])), question
    assert said(ask(delivery, home, "Is there caffeine in the tea?")) == NOTHING
