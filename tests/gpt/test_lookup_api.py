"""`lookup` in a request, `sources` in the answer: /v1/chat/completions, its stream, and /chat."""

import json

import pytest
import requests

from gpt.lookup import Reader
from live import running
from pipeline.config import InputError
from stub_search import StubSearch, passage
from tiny import Parrot, tiny_model, tiny_tokenizer

GOLD = passage("Gold", "Gold is a metal.", 0.9, "Uses", "https://x.org/gold")
ASK = [{"role": "user", "content": "What is gold?"}]


@pytest.fixture(scope="module")
def parrot(tmp_path_factory):
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")
    return Parrot(tokenizer, "It is a metal."), tokenizer


@pytest.fixture(scope="module")
def server(parrot):
    search = StubSearch(GOLD)
    with running(tiny_model(block_size=256), parrot[1], parrot=parrot[0], reader=Reader(search)) as (url, _):
        yield url, search


@pytest.fixture()
def ask(server):
    server[1].passages = [GOLD]

    def post(path="/v1/chat/completions", messages=ASK, **body) -> requests.Response:
        return requests.post(server[0] + path, json={"messages": messages, **body}, timeout=120)

    return post


def events(response) -> list[dict]:
    return [json.loads(line[6:]) for line in response.text.split("\n\n") if line.startswith("data: {")]


def test_from_memory_is_the_default_and_the_answer_has_no_sources(ask, server):
    before = len(server[1].calls)
    for body in ({}, {"lookup": None}, {"lookup": "off"}):
        said = ask(**body).json()
        assert said["choices"][0]["message"]["content"] == "It is a metal." and "sources" not in said
    assert len(server[1].calls) == before


def test_sources_stand_beside_the_choices(ask):
    said = ask(lookup="auto").json()
    assert said["sources"] == [GOLD] and said["left_out"] == {} and len(said["choices"]) == 1
    plain = ask().json()
    assert said["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"] + 5  # it has read the passage


def test_nothing_good_enough_is_an_empty_list_and_the_model_reads_that(ask, server, parrot):
    server[1].passages = [{**GOLD, "score": 0.1}]
    said, plain = ask(lookup="auto").json(), ask().json()
    told, asked = ("No article was found about this.\n\nWhat is gold?", "What is gold?")
    more = len(parrot[1].encode(told)) - len(parrot[1].encode(asked))
    assert said["sources"] == [] and said["usage"]["prompt_tokens"] - plain["usage"]["prompt_tokens"] == more > 10
    assert ask(lookup="always").json()["sources"] == [{**GOLD, "score": 0.1}]


def test_a_stream_begins_with_its_sources(ask):
    chunks = events(ask(lookup="auto", stream=True, n=2))
    assert chunks[0]["sources"] == [GOLD] and not any("sources" in chunk for chunk in chunks[1:])
    assert not any("sources" in chunk for chunk in events(ask(stream=True)))


def test_the_plain_chat_says_what_it_reads_first(ask):
    first, *rest = events(ask("/chat", lookup="auto"))
    assert first == {"sources": [GOLD], "sentences_left_out": 0}
    assert "".join(event.get("text", "") for event in rest) == "It is a metal."
    assert "sources" not in events(ask("/chat"))[0]


def test_what_was_left_out_is_said(ask, server):
    server[1].passages = [passage("Gold", "One sentence more of it. " * 60)]
    old = [{"role": "user", "content": "old " * 25}, {"role": "assistant", "content": "old " * 25}]
    said = ask(messages=old + ASK, lookup="auto", max_tokens=16).json()
    assert said["left_out"]["messages"] == 2 and 0 < said["left_out"]["sentences"] < 60
    told = events(ask("/chat", messages=old + ASK, lookup="auto", max_tokens=16))
    assert told[0] == {"dropped": 2} and told[1]["sentences_left_out"] == said["left_out"]["sentences"]


@pytest.mark.parametrize("wrong", ["yes", True, 1, "AUTO", ""])
def test_other_words_are_refused(ask, wrong):
    answer = ask(lookup=wrong)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "lookup"


def test_operators_quotes_and_markup_in_a_question_are_text(ask, server):
    question = '"; DROP TABLE x; -- NEAR( <img src=x> {title}:*'
    assert ask(messages=[{"role": "user", "content": question}], lookup="auto").status_code == 200
    assert server[1].calls[-1][0] == question


def test_a_huge_question_is_refused_at_once(ask):
    assert ask(messages=[{"role": "user", "content": "gold " * 800_000}], lookup="auto").status_code == 413
    answer = ask(messages=[{"role": "user", "content": "gold " * 100_000}], lookup="auto")
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "context_length_exceeded"


def test_an_index_that_breaks_is_the_servers_fault_and_names_no_path(ask, server, monkeypatch):
    def broken(*_, **__):
        raise InputError("/home/me/index.sqlite: is damaged")

    monkeypatch.setattr(StubSearch, "__call__", broken)
    answer = ask(lookup="auto")
    assert answer.status_code == 503 and "/home" not in answer.text
    assert ask().status_code == 200


def test_without_an_index_the_server_answers_from_memory_and_says_why_not(parrot):
    with running(tiny_model(block_size=256), parrot[1], "serve.lookup=auto", parrot=parrot[0]) as (url, _):
        health = requests.get(url + "/health", timeout=120).json()
        assert (health["lookup"], health["can_look_up"]) == ("off", False)
        assert requests.post(url + "/v1/chat/completions", json={"messages": ASK}, timeout=120).status_code == 200
        answer = requests.post(url + "/chat", json={"messages": ASK, "lookup": "auto"}, timeout=120)
        assert answer.status_code == 400 and "nothing can be looked up" in answer.json()["error"]["message"]


def test_the_configs_mode_is_for_requests_that_do_not_say(parrot):
    reader = Reader(StubSearch(GOLD), mode="auto")
    with running(tiny_model(block_size=256), parrot[1], parrot=parrot[0], reader=reader) as (url, _):
        assert requests.get(url + "/health", timeout=120).json()["lookup"] == "auto"
        said = requests.post(url + "/v1/chat/completions", json={"messages": ASK}, timeout=120).json()
        assert said["sources"] == [GOLD]
        said = requests.post(url + "/v1/chat/completions", json={"messages": ASK, "lookup": "off"}, timeout=120).json()
        assert "sources" not in said
