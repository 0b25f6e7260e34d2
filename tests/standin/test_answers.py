"""What the stand-in says where nothing is scripted."""

from __future__ import annotations

from typing import Any

from sitechat.standin.answers import NOTHING, default_answer

PAGE = (
    '<page url="/install/" title="Install">\n# Install\n\n'
    "Run `pip install django-sitechat` first. Then add the app to INSTALLED_APPS.\n"
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


def test_a_page_and_a_question_in_one_block_are_told_apart() -> None:
    assert said(ask(f"{PAGE}\n\nWhen are you open? Opening hours?")) == (
        "Opening hours are from nine to five."
    )


def test_it_opens_the_page_where_the_question_is_only_what_it_is_about() -> None:
    assert "pip install" in said(ask(PAGE, "What is this page about?"))


def test_it_knows_nothing_of_what_it_was_not_given() -> None:
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
    assert said(answer) == "A ticket costs nine euro."
    assert answer[0]["citations"] == [
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
    assert answer[0]["citations"][0]["search_result_index"] == 1


def test_it_does_not_cite_where_citations_are_not_enabled() -> None:
    answer = ask(found("Prices", "A ticket costs nine euro.", cited=False), "Ticket costs?")
    assert "citations" not in answer[0]


def test_it_searches_where_what_it_was_given_does_not_fit() -> None:
    assert ask(PAGE, "What does a ticket cost?", tools=[SEARCH]) == [
        {
            "type": "tool_use",
            "name": "search_site",
            "input": {"query": "What does a ticket cost?"},
        }
    ]


def test_it_does_not_search_where_the_page_fits() -> None:
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
    assert said(answer) == "A ticket costs nine euro."
    assert answer[0]["citations"][0]["title"] == "Prices"


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


def test_it_obeys_the_choice_of_tools() -> None:
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


def test_it_reads_languages_without_blanks_between_words() -> None:
    answer = said(ask(found("料金", "入場料は九ユーロです。動物園は九時に開きます。"), "入場料は?"))
    assert answer == "入場料は九ユーロです。"
