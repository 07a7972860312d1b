"""What clients send beside the plain question: JSON answers, prefill, tools, bias, batches, tokens, several models."""

import json

import openai
import pytest
import requests

import serve
from conftest import ROOT
from gpt import chat, checkpoints
from gpt.engine import Engine
from live import listening, running
from pipeline.config import load_config
from tiny import Parrot, tiny_checkpoint, tiny_model, tiny_tokenizer

ANSWER = "Zürich lies in Switzerland;\u2028 東京 is Tokyo. The end"
QUESTION = [{"role": "user", "content": "Where is Zürich?"}]


@pytest.fixture(scope="module")
def parrot(tmp_path_factory):
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")
    return Parrot(tokenizer, ANSWER), tokenizer


@pytest.fixture(scope="module")
def server(parrot):
    """A server whose model always answers ANSWER. -> URL, engine"""
    with running(tiny_model(block_size=512), parrot[1], parrot=parrot[0]) as (url, engine):
        yield url, engine


@pytest.fixture()
def client(server):
    return openai.OpenAI(base_url=server[0] + "/v1", api_key="none", max_retries=0, timeout=120)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A server of a model with random weights, which draws. -> client, tokenizer, URL"""
    model, tokenizer = checkpoints.load(tiny_checkpoint(tmp_path_factory.mktemp("tiny"), block_size=256))
    with running(model, tokenizer, "serve.name=tiny") as (url, _):
        yield openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0, timeout=120), tokenizer, url


@pytest.fixture()
def asked(server, parrot, monkeypatch):
    """The prompts that reach the model, as text with the special tokens spelled out."""
    texts, add = [], server[1].decoder.add

    def spy(requests, keys):
        texts.extend(parrot[1].hf.decode(r.prompt, skip_special_tokens=False) for r in requests)
        return add(requests, keys)

    monkeypatch.setattr(server[1].decoder, "add", spy)
    return texts


# ---- what nobody is expected to send


def saying(*messages, **more) -> dict:
    return {"messages": list(messages)} | more


CALLS = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}
DEEP = "[" * 900 + "]" * 900  # orjson reads no more than 1,024
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
# fmt: off
STRANGE = [  # path, body, status, the field that an error names; a body that is text goes out as it is
    (CHAT, "", 400, None),
    (CHAT, "null", 400, None),
    (CHAT, '{"messages": [], "temperature": NaN}', 400, None),
    (CHAT, '{"messages": [], "temperature": 1e999}', 400, None),
    (CHAT, '{"messages": [], "seed": ' + "9" * 5000 + "}", 400, None),
    (CHAT, '{"messages": [{"role": "user", "content": "\\ud800"}]}', 400, None),
    (CHAT, '{"messages": [{"role": "user", "content": "x"}], "n": 1, "n": "x"}', 400, "n"),
    (CHAT, '{"messages": [{"role": "user", "content": "x"}], "other": ' + DEEP + "}", 200, None),
    (CHAT, '{"messages": [{"role": "user", "content": "x"}], "tool_choice": ' + DEEP + "}", 400, "tool_choice"),
    (CHAT, '{"messages": [{"role": "user", "content": "x"}], "best_of": ' + DEEP + "}", 400, "best_of"),
    (TEXT, '{"prompt": ' + DEEP + "}", 400, "prompt"),
    (CHAT, saying(*QUESTION, temperature=True), 400, "temperature"),
    (CHAT, saying(*QUESTION, max_tokens=True), 400, "max_tokens"),
    (CHAT, saying(*QUESTION, max_tokens=2**63), 200, None),
    (CHAT, saying(*QUESTION, top_k=2**63), 200, None),
    (CHAT, saying(*QUESTION, seed=-1), 200, None),
    (CHAT, saying(*QUESTION, seed=2**64 - 1), 200, None),
    (CHAT, saying(*QUESTION, stream_options="usage"), 400, "stream_options"),
    (CHAT, saying(*QUESTION, top_logprobs=5), 400, "top_logprobs"),
    (CHAT, saying(*QUESTION, logit_bias={"9" * 5000: 1}), 400, "logit_bias"),
    (CHAT, saying(*QUESTION, logit_bias={"-1": 1}), 400, "logit_bias"),
    (CHAT, saying(*QUESTION, logit_bias={"5": "10"}), 400, "logit_bias.5"),
    (CHAT, saying(*QUESTION, stop_token_ids=[2**70]), 400, "stop_token_ids.0"),
    (CHAT, saying(*QUESTION, stop=[None]), 400, "stop"),
    (CHAT, saying(*QUESTION, response_format="json"), 400, "response_format"),
    (CHAT, saying(*QUESTION, response_format={}), 400, "response_format.type"),
    (CHAT, saying(*QUESTION, lookup="auto"), 400, "lookup"),
    (CHAT, saying(*QUESTION, model="a/b/../c"), 404, "model"),
    (CHAT, saying(*QUESTION, model="a\nb"), 404, "model"),
    (CHAT, saying(*QUESTION, model="x" * 100_000), 404, "model"),
    (CHAT, saying({"role": "function", "content": "x"}), 400, "messages.0.role"),
    (CHAT, saying({"role": ["user"], "content": "x"}), 400, "messages.0.role"),
    (CHAT, saying(None), 400, "messages.0"),
    (CHAT, saying({"role": "user", "content": {}}), 400, "messages.0.content"),
    (CHAT, saying({"role": "user", "content": ["x"]}), 400, "messages.0.content"),
    (CHAT, saying({"role": "user", "content": ""}), 200, None),
    (CHAT, saying({"role": "user", "content": []}), 200, None),
    (CHAT, saying({"role": "user", "content": "a\0b"}), 200, None),
    (CHAT, saying({"role": "tool", "content": "x", "tool_call_id": "1"}), 200, None),
    (CHAT, saying(CALLS), 400, "messages"),
    (CHAT, saying(CALLS, continue_final_message=True), 400, "messages"),
    ("/chat", saying({"role": "system", "content": "Be brief."}), 200, None),
    ("/tokenize", saying(CALLS), 400, "messages"),
    ("/tokenize", {}, 400, "prompt"),
    ("/detokenize", {"tokens": [-1]}, 400, "tokens"),
    ("/detokenize", {"tokens": [True]}, 400, "tokens.0"),
    (TEXT, {"prompt": [[]]}, 200, None),
    (TEXT, {"prompt": ["a", [5]]}, 200, None),
    (TEXT, {"prompt": [5, "a"]}, 400, "prompt"),
    (TEXT, {"prompt": [1.0]}, 400, "prompt"),
    (TEXT, {"prompt": [2**70]}, 400, "prompt"),
    (TEXT, {"prompt": ["x"] * 40, "n": 40}, 400, "n"),
    (TEXT, {"prompt": "x", "n": 10**9}, 400, "n"),
]
# fmt: on


@pytest.mark.parametrize("path, body, status, param", STRANGE, ids=map(str, range(len(STRANGE))))
def test_strange_requests_are_answered_or_refused_in_one_line(server, path, body, status, param):
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    response = requests.post(server[0] + path, data=data, timeout=120)
    assert response.status_code == status, response.text
    if status != 200:
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"} and error["param"] == param
        assert len(error["message"].splitlines()) == 1 and len(error["message"]) < 500
        assert str(ROOT) not in response.text
    assert requests.get(server[0] + "/health", timeout=60).json()["decoding"] == 0


# ---- answers that are JSON


SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Zürich"]}, "size": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["city", "size"],
    "additionalProperties": False,
}


def test_an_answer_by_a_schema(tiny):
    client, _, _ = tiny
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    for seed in range(5):
        done = client.chat.completions.create(
            model="tiny", messages=QUESTION, response_format=wanted, temperature=2, seed=seed, max_tokens=100
        )
        value = json.loads(done.choices[0].message.content)
        assert done.choices[0].finish_reason == "stop"
        assert set(value) == {"city", "size"} and value["city"] in ("Paris", "Zürich") and 0 <= value["size"] <= 9


def test_an_answer_that_is_some_json_object(tiny):
    client, tokenizer, _ = tiny
    brackets = {str(tokenizer.encode(c)[0]): 100 for c in "}"}  # or random weights would write on for ever
    done = client.chat.completions.create(
        model="tiny", messages=QUESTION, response_format={"type": "json_object"}, seed=1, logit_bias=brackets
    )
    assert json.loads(done.choices[0].message.content) == {}
    cut = client.chat.completions.create(
        model="tiny", messages=QUESTION, response_format={"type": "json_object"}, seed=1, max_tokens=4
    )
    assert cut.choices[0].finish_reason == "length" and cut.choices[0].message.content.startswith("{")


def test_json_that_cannot_go_on_is_the_clients_error_whole_and_streamed(tiny):
    client, _, url = tiny
    many = {"type": "object", "properties": {f"k{i}": {"type": "string"} for i in range(500)}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": many}}
    with pytest.raises(openai.BadRequestError, match="response_format: the schema cannot be followed"):
        client.chat.completions.create(model="tiny", messages=QUESTION, response_format=wanted)
    body = {"messages": QUESTION, "response_format": wanted, "stream": True}
    last = requests.post(url + "/v1/chat/completions", json=body, timeout=120).text.strip().split("\n\n")[-1]
    assert json.loads(last[6:])["error"]["param"] == "response_format"


@pytest.mark.parametrize("more", [{"n": 4}, {"stop": "ü"}, {"min_tokens": 50}, {"ignore_eos": True}])
def test_json_beside_other_wishes(tiny, more):
    body = {"messages": QUESTION, "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}
    done = requests.post(tiny[2] + "/v1/chat/completions", json=body | {"seed": 1} | more, timeout=120).json()
    assert len(done["choices"]) == more.get("n", 1)
    for choice in done["choices"]:
        text = choice["message"]["content"]
        assert choice["finish_reason"] == "stop"
        assert text == '{"city": "Z' if "Z" in text and "stop" in more else json.loads(text)


def test_the_clients_own_parsing_of_a_schema(tiny):
    import pydantic

    class Place(pydantic.BaseModel):
        city: str = pydantic.Field(max_length=5)
        size: int = pydantic.Field(ge=0, le=9)

    done = tiny[0].chat.completions.parse(
        model="tiny", messages=QUESTION, response_format=Place, seed=3, max_tokens=200
    )
    assert isinstance(done.choices[0].message.parsed, Place)


# ---- messages


def test_a_last_message_of_the_assistant_is_gone_on_with(client, asked):
    begun = [*QUESTION, {"role": "assistant", "content": "It lies"}]
    client.chat.completions.create(model="wikigpt", messages=begun)
    client.chat.completions.create(model="wikigpt", messages=begun, extra_body={"continue_final_message": True})
    assert asked == ["<|user|>Where is Zürich?<|end|><|assistant|>It lies"] * 2


def test_what_a_tool_told_is_a_passage_before_its_question(client, asked):
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history = [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "Zürich: a city in Switzerland."},
    ]
    client.chat.completions.create(model="wikigpt", messages=history)
    later = [*history, {"role": "assistant", "content": "In Switzerland."}, {"role": "user", "content": "And Bern?"}]
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    client.chat.completions.create(model="wikigpt", messages=later, tools=tools, tool_choice="none")
    first = "<|user|>Zürich: a city in Switzerland.\n\nWhere is Zürich?<|end|><|assistant|>"
    assert asked == [first, first + "In Switzerland.<|end|><|user|>And Bern?<|end|><|assistant|>"]


def test_a_system_message_is_kept_wherever_it_stands(client, asked):
    brief = {"role": "system", "content": "Be brief."}
    for messages in ([brief, *QUESTION], [*QUESTION, brief], [brief]):
        client.chat.completions.create(model="wikigpt", messages=messages)
    assert asked == ["<|user|>Be brief.\n\nWhere is Zürich?<|end|><|assistant|>"] * 2 + [
        "<|user|>Be brief.<|end|><|assistant|>"
    ]


# ---- how it is drawn and where it ends


def test_parameters_of_vllm(client, parrot):
    tokenizer = parrot[1]
    first, second = tokenizer.encode(ANSWER)[:2]

    def ask(**body) -> tuple[str, str]:
        choice = client.chat.completions.create(model="wikigpt", messages=QUESTION, extra_body=body).choices[0]
        return choice.message.content, choice.finish_reason

    assert ask(top_k=-1) == (ANSWER, "stop")
    assert ask(stop_token_ids=[second]) == (tokenizer.decode([first]), "stop")
    assert ask(ignore_eos=True, max_tokens=60)[1] == "length"
    n = len(tokenizer.encode(ANSWER))
    done = client.chat.completions.create(model="wikigpt", messages=QUESTION, extra_body={"min_tokens": n + 5})
    assert done.usage.completion_tokens >= n + 5
    assert ask(logit_bias={str(first): -100}, temperature=0)[0] != ANSWER  # 100 is what the parrot's logits are
    assert ask(presence_penalty=2, frequency_penalty=-2, min_tokens=0, ignore_eos=False)[0] == ANSWER


# ---- streams


def test_ends_of_lines_within_an_answer_do_not_end_events(server):
    response = requests.post(
        server[0] + "/v1/chat/completions", json={"messages": QUESTION, "stream": True}, timeout=120
    )
    text = response.content.decode()
    assert "\u2028" not in text and "\\u2028" in text
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events) == ANSWER


def test_a_stream_of_several_prompts_and_one_of_no_tokens(tiny):
    client, _, _ = tiny
    texts = ["", "", "", ""]
    whole = client.completions.create(model="tiny", prompt=["Gold is", "P"], n=2, max_tokens=6, seed=5)
    for chunk in client.completions.create(
        model="tiny", prompt=["Gold is", "P"], n=2, max_tokens=6, seed=5, stream=True
    ):
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert texts == [c.text for c in whole.choices]
    chunks = list(client.completions.create(model="tiny", prompt="Gold is", max_tokens=0, stream=True, echo=True))
    assert "".join(c.choices[0].text for c in chunks) == "Gold is"
    assert [c.choices[0].finish_reason for c in chunks] == ["length"]


# ---- tokens


def test_tokenize_and_detokenize(tiny):
    _, tokenizer, url = tiny

    def post(path: str, body: dict) -> dict:
        response = requests.post(url + path, json=body, timeout=60)
        return response.json()

    ids = tokenizer.encode("Gold is 東京")
    assert post("/tokenize", {"prompt": "Gold is 東京"}) == {"count": len(ids), "max_model_len": 256, "tokens": ids}
    asked, _ = chat.encode(tokenizer, QUESTION, add_generation_prompt=True)
    assert post("/tokenize", {"messages": QUESTION})["tokens"] == asked
    assert post("/tokenize", {"messages": QUESTION, "add_generation_prompt": False})["tokens"] == asked[:-1]
    assert post("/detokenize", {"tokens": ids}) == {"prompt": "Gold is 東京"}
    assert post("/detokenize", {"tokens": []}) == {"prompt": ""}
    for path, body in (("/tokenize", {}), ("/detokenize", {"tokens": [999]}), ("/detokenize", {"tokens": ["x"]})):
        assert post(path, body)["error"]["type"] == "invalid_request_error"


# ---- several models


def test_the_model_field_chooses(parrot):
    other = Parrot(parrot[1], "I am the other.")
    settings = load_config("configs/base.yaml", ["serve.log_requests=false"]).serve
    engines = {}
    for name, bird in (("one", parrot[0]), ("two", other)):
        engines[name] = Engine(tiny_model(block_size=256), parrot[1], 2, 2)
        engines[name].decoder = bird.decoder(tiny_model(block_size=256), parrot[1])
    with listening(serve.create_app(engines, settings), engines.values()) as url:
        client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0, timeout=120)
        assert [m.id for m in client.models.list()] == ["one", "two"]
        said = [
            client.chat.completions.create(model=name, messages=QUESTION).choices[0].message.content
            for name in ("one", "two")
        ]
        assert said == [ANSWER, "I am the other."]
        lines = requests.post(url + "/chat", json={"messages": QUESTION, "model": "two"}, timeout=60).text.splitlines()
        assert "".join(json.loads(line[6:]).get("text", "") for line in lines if line) == "I am the other."
        health = requests.get(url + "/health", timeout=60).json()
        assert (health["model"], health["models"]) == ("one", ["one", "two"])
