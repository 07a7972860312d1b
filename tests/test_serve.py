"""The API as OpenAI's own client sees it, and as curl, lm-eval and a process manager do."""

import concurrent.futures
import http.client
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading

import openai
import pytest
import requests
import torch

import serve
from conftest import ROOT
from gpt import chat, checkpoints
from live import running, wait_for
from pipeline.config import InputError, load_config
from tiny import Parrot, tiny_checkpoint, tiny_model, tiny_tokenizer

ANSWER = "Zürich lies in Switzerland; 東京 is Tokyo. 🏔 The end"
QUESTION = [{"role": "user", "content": "Where is Zürich?"}]


@pytest.fixture(scope="module")
def parrot(tmp_path_factory):
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")
    return Parrot(tokenizer, ANSWER), tokenizer


@pytest.fixture(scope="module")
def server(parrot):
    """A server whose model always answers ANSWER; 2 rows side by side, 3 may wait."""
    with running(
        tiny_model(block_size=256),
        parrot[1],
        "serve.max_batch=2",
        "serve.queue=3",
        "serve.queue_seconds=0.5",
        parrot=parrot[0],
    ) as (url, engine):
        yield url, engine


@pytest.fixture()
def client(server, parrot):
    parrot[0].delay = 0.0
    return openai.OpenAI(base_url=server[0] + "/v1", api_key="none", max_retries=0, timeout=120)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A server of a model with random weights, which draws. -> client, model, tokenizer"""
    model, tokenizer = checkpoints.load(tiny_checkpoint(tmp_path_factory.mktemp("tiny"), block_size=128))
    with running(model, tokenizer, "serve.name=tiny") as (url, _):
        yield openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0, timeout=120), model, tokenizer


# ---- chat completions


def test_chat(client, parrot):
    done = client.chat.completions.create(model="wikigpt", messages=QUESTION, max_tokens=200)
    assert done.choices[0].message.content == ANSWER and done.choices[0].message.role == "assistant"
    assert (
        done.choices[0].finish_reason == "stop" and done.object == "chat.completion" and done.id.startswith("chatcmpl-")
    )
    prompt, _ = chat.encode(parrot[1], QUESTION, add_generation_prompt=True)
    said = len(parrot[1].encode(ANSWER)) + 1  # <|end|>
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (
        len(prompt),
        said,
        len(prompt) + said,
    )


def test_chat_stream_adds_up_and_ends_as_it_should(client):
    chunks = list(
        client.chat.completions.create(
            model="wikigpt", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(pieces) == ANSWER and "\ufffd" not in "".join(pieces) and len(pieces) > 20
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 20
    assert len({c.id for c in chunks}) == 1


def test_raw_stream_is_sse_and_ends_with_done(server):
    response = requests.post(
        server[0] + "/v1/chat/completions", json={"messages": QUESTION, "stream": True}, timeout=120
    )
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in response.content.decode().split("\n\n") if line]
    assert lines[-1] == "data: [DONE]" and all(line.startswith("data: {") for line in lines[:-1])
    assert "usage" not in json.loads(lines[0][6:])


@pytest.mark.parametrize(
    "stop, text",
    [
        ("Tokyo", "Zürich lies in Switzerland; 東京 is "),
        (["?", "; 東"], "Zürich lies in Switzerland"),
        ("Z", ""),
        ("nowhere", ANSWER),
        ([], ANSWER),
        (None, ANSWER),
    ],
)
def test_stop_strings_are_cut_out(client, stop, text):
    done = client.chat.completions.create(model="wikigpt", messages=QUESTION, stop=stop)
    assert (done.choices[0].message.content, done.choices[0].finish_reason) == (text, "stop")
    stream = client.chat.completions.create(model="wikigpt", messages=QUESTION, stop=stop, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream) == text


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_length_limit(client, name):
    done = client.chat.completions.create(model="wikigpt", messages=QUESTION, **{name: 4})
    assert (done.choices[0].finish_reason, done.usage.completion_tokens) == ("length", 4)
    assert ANSWER.startswith(done.choices[0].message.content)


def test_n_answers_streamed_and_not(client):
    done = client.chat.completions.create(model="wikigpt", messages=QUESTION, n=4)  # more than run side by side
    assert [c.message.content for c in done.choices] == [ANSWER] * 4 and [c.index for c in done.choices] == [0, 1, 2, 3]
    texts = ["", "", ""]
    for chunk in client.chat.completions.create(model="wikigpt", messages=QUESTION, n=3, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == [ANSWER] * 3


def test_content_parts_null_fields_and_unknown_fields_are_accepted(client):
    done = client.chat.completions.create(
        model="wikigpt",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Where is Zürich?"}], "name": "Ann"},
        ],
        temperature=None,
        top_p=None,
        presence_penalty=0,
        frequency_penalty=0.0,
        logit_bias={},
        user="ann",
        stop=None,
        seed=None,
        response_format={"type": "text"},
        extra_body={"something": {"of": "tomorrow"}, "min_p": 0.1, "top_k": 5},
    )
    assert done.choices[0].message.content == ANSWER


def test_the_seed_decides_alone_and_in_company(tiny):
    client = tiny[0]

    def ask(seed: int, n: int = 1) -> list[str]:
        done = client.chat.completions.create(
            model="tiny", messages=QUESTION, seed=seed, temperature=2.0, top_p=1.0, max_tokens=25, n=n
        )
        return [c.message.content for c in done.choices]

    alone = [ask(seed) for seed in range(8)]
    assert len({a[0] for a in alone}) == 8
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == alone
    assert ask(0, n=3) == alone[0] + alone[1] + alone[2]  # the answers of one request have seeds in a row
    assert ask(None) != ask(None)


def test_temperature_zero_is_the_likeliest(tiny):
    client, model, tokenizer = tiny
    done = client.chat.completions.create(
        model="tiny", messages=QUESTION, temperature=0, max_tokens=5, logprobs=True, top_logprobs=3
    )
    ids, _ = chat.encode(tokenizer, QUESTION, add_generation_prompt=True)
    for entry in done.choices[0].logprobs.content:
        row = model(torch.tensor([ids]))[0, -1].log_softmax(-1)
        assert [t.logprob for t in entry.top_logprobs] == pytest.approx(row.topk(3).values.tolist(), abs=1e-4)
        row[[tokenizer.user_id, tokenizer.assistant_id, tokenizer.pad_id]] = -math.inf
        ids.append(row.argmax().item())
        assert entry.logprob == pytest.approx(row.max().item(), abs=1e-4)
        assert bytes(entry.bytes).decode(errors="replace") == tokenizer.decode([ids[-1]])


# ---- errors


def refused(client, status: int, param: str | None = None, **body) -> dict:
    body = {"model": "wikigpt", "messages": QUESTION} | body
    with pytest.raises(openai.APIStatusError) as caught:
        client.post("/chat/completions", body=body, cast_to=object)
    error = caught.value.response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    assert (caught.value.status_code, error["param"]) == (status, param)
    return error


@pytest.mark.parametrize(
    "body, param",
    [
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 100}, "n"),
        ({"stop": 5}, "stop"),
        ({"stop": [5]}, "stop"),
        ({"seed": "x"}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages.0.content"),
        ({"presence_penalty": 2.5}, "presence_penalty"),
        ({"frequency_penalty": "much"}, "frequency_penalty"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "x"}}}}, "response_format"),
        ({"logit_bias": {"gold": 1}}, "logit_bias"),
        ({"logit_bias": {"5": 101}}, "logit_bias.5"),
        ({"logit_bias": {"99999": 1}}, "logit_bias"),
        ({"stop_token_ids": [99999]}, "stop_token_ids"),
        ({"stop": ["x"] * 5}, "stop"),
        ({"stop": "x" * 257}, "stop"),
        ({"top_k": -2}, "top_k"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"guided_json": {}}, "guided_json"),
        ({"best_of": 2}, "best_of"),
        ({"continue_final_message": True}, "messages"),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x"}] * 5000}, "messages"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs"),
    ],
)
def test_bad_values_are_400_and_name_the_field(client, body, param):
    error = refused(client, 400, param, **body)
    assert error["type"] == "invalid_request_error" and error["message"].startswith(param)


def test_unknown_model_is_404(client):
    assert refused(client, 404, "model", model="gpt-4o")["code"] == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_overlong_prompt_is_400_and_a_long_limit_is_not(client):
    long = [{"role": "user", "content": "Zürich " * 200}]
    assert refused(client, 400, "messages", messages=long)["code"] == "context_length_exceeded"
    done = client.chat.completions.create(model="wikigpt", messages=QUESTION, max_tokens=100_000)
    assert done.choices[0].message.content == ANSWER


def test_broken_json_wrong_path_wrong_method_and_huge_body(server):
    url = server[0]
    for response, status in (
        (requests.post(url + "/v1/chat/completions", data=b"{nope"), 400),
        (requests.post(url + "/v1/chat/completions", data=b"[]"), 400),
        (requests.post(url + "/v1/chat/completions", data=b'{"messages": "\xff"}'), 400),
        (requests.get(url + "/v1/nothing"), 404),
        (requests.get(url + "/v1/chat/completions"), 405),
        (requests.post(url + "/v1/completions", data=b'{"prompt": "' + b"x" * (5 << 20) + b'"}'), 413),
    ):
        assert response.status_code == status
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_a_defect_is_a_500_in_the_same_shape_and_the_server_goes_on(server, client, parrot, monkeypatch, capfd):
    monkeypatch.setattr(parrot[0], "broken", "out of memory")
    with pytest.raises(openai.InternalServerError, match="out of memory"):
        client.chat.completions.create(model="wikigpt", messages=QUESTION)
    response = requests.post(
        server[0] + "/v1/chat/completions", json={"messages": QUESTION, "stream": True}, timeout=120
    )
    assert '"error"' in response.text and "out of memory" in response.text
    monkeypatch.undo()
    assert client.chat.completions.create(model="wikigpt", messages=QUESTION).choices[0].message.content == ANSWER


# ---- many at once


def under_way(url: str) -> int:
    """Requests that are decoded or have a place to wait, by /health, which answers whatever the model does."""
    health = requests.get(url + "/health", timeout=60).json()
    return health["decoding"] + health["waiting"]


def test_a_full_queue_is_429_and_health_answers_meanwhile(client, server, parrot):
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        with parrot[0].silent():
            running = [
                pool.submit(client.chat.completions.create, model="wikigpt", messages=QUESTION) for _ in range(5)
            ]  # 2 + 3
            wait_for(lambda: under_way(server[0]) == 5, "five requests under way")
            with pytest.raises(openai.RateLimitError) as caught:
                client.chat.completions.create(model="wikigpt", messages=QUESTION)
            assert caught.value.response.headers["retry-after"] == "1"
        assert [r.result().choices[0].message.content for r in running] == [ANSWER] * 5


def test_requests_run_side_by_side(client, server, parrot, monkeypatch):
    """The second joins the first in the midst of its answer: both take about as many steps as one."""
    rows, say = [], server[1].decoder.next
    monkeypatch.setattr(server[1].decoder, "next", lambda ids, cache: rows.append(len(ids)) or say(ids, cache))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with parrot[0].silent():
            running = [
                pool.submit(client.chat.completions.create, model="wikigpt", messages=QUESTION) for _ in range(2)
            ]
            wait_for(lambda: under_way(server[0]) == 2, "two requests under way")
        tokens = [r.result().usage.completion_tokens for r in running]
    assert sum(rows) == sum(tokens) and len(rows) < 1.2 * tokens[0]


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_decoding(server, parrot, stream, monkeypatch):
    url, engine = server
    monkeypatch.setattr(parrot[0], "delay", 0.3)  # the whole answer would take 13 s
    told = engine.answer_tokens
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    client.request("POST", "/v1/chat/completions", json.dumps({"messages": QUESTION, "stream": stream}))
    if stream:
        client.getresponse().read(10)
    wait_for(lambda: engine.decoder.rows, "it is decoded")
    client.close()
    wait_for(lambda: not engine.decoder.rows, "nobody's answer ends")
    assert engine.answer_tokens - told < len(parrot[1].encode(ANSWER)), "it went on for nobody"


# ---- completions


def test_completions_of_text_ids_and_lists(tiny):
    client, _, tokenizer = tiny
    one = client.completions.create(model="tiny", prompt="Gold is", temperature=0, max_tokens=6)
    assert (one.object, one.usage.completion_tokens, one.choices[0].finish_reason) == ("text_completion", 6, "length")
    same = client.completions.create(model="tiny", prompt=tokenizer.encode("Gold is"), temperature=0, max_tokens=6)
    many = client.completions.create(model="tiny", prompt=["P", "Gold is"], temperature=0, max_tokens=6, n=2)
    assert same.choices[0].text == many.choices[2].text == many.choices[3].text == one.choices[0].text
    assert [c.index for c in many.choices] == [0, 1, 2, 3]
    whole = client.completions.create(model="tiny", prompt="Gold is", extra_body={"ignore_eos": True})
    assert whole.usage.completion_tokens == 16  # OpenAI's default
    streamed = client.completions.create(model="tiny", prompt="Gold is", temperature=0, max_tokens=6, stream=True)
    assert "".join(c.choices[0].text for c in streamed) == one.choices[0].text
    assert (
        client.completions.create(model="tiny", prompt="", max_tokens=2).usage.prompt_tokens == 1
    )  # <|end|>: a document begins


@pytest.mark.parametrize("prompt", [[], [999], [-1], [[5], [300]], None, 7])
def test_bad_prompts(tiny, prompt):
    with pytest.raises(openai.BadRequestError) as caught:
        tiny[0].post("/completions", body={"model": "tiny", "prompt": prompt}, cast_to=object)
    assert caught.value.response.json()["error"]["param"] == "prompt"


def test_echo_and_logprobs_score_a_text_as_lm_eval_asks(tiny):
    """The call and the reading of the answer are those of lm-eval's local-completions."""
    client, model, tokenizer = tiny
    context, continuation = tokenizer.encode("Paris is the capital of"), tokenizer.encode(" France. 東")
    done = client.completions.create(
        model="tiny", prompt=[context + continuation], max_tokens=1, logprobs=1, echo=True, temperature=0, seed=1234
    )
    got = done.choices[0].logprobs
    with torch.no_grad():
        expected = model(torch.tensor([context + continuation])).log_softmax(-1)[0]
    n = len(context + continuation)
    assert len(got.tokens) == len(got.token_logprobs) == len(got.top_logprobs) == len(got.text_offset) == n + 1
    assert got.token_logprobs[0] is None and got.top_logprobs[0] is None
    scores = expected[:-1].gather(1, torch.tensor((context + continuation)[1:])[:, None])[:, 0]
    assert got.token_logprobs[1:-1] == pytest.approx(scores.tolist(), abs=1e-4)
    assert sum(got.token_logprobs[len(context) : -1]) == pytest.approx(
        scores[len(context) - 1 :].sum().item(), abs=1e-3
    )
    greedy = [own == max(top.values()) for own, top in zip(got.token_logprobs[1:-1], got.top_logprobs[1:-1])]
    assert greedy == (expected[:-1].argmax(-1) == torch.tensor((context + continuation)[1:])).tolist()
    text = done.choices[0].text
    assert text.startswith("Paris is the capital of France. 東")
    assert [text[o : o + len(t)] for o, t in zip(got.text_offset, got.tokens) if not t.startswith("bytes:")] == [
        t for t in got.tokens if not t.startswith("bytes:")
    ]


def test_echo_alone_costs_no_token(tiny):
    done = tiny[0].completions.create(model="tiny", prompt="Gold is", max_tokens=0, logprobs=0, echo=True)
    assert (done.choices[0].text, done.usage.completion_tokens, len(done.choices[0].logprobs.tokens)) == (
        "Gold is",
        0,
        4,
    )


# ---- the rest


def test_models_and_health(client, server):
    assert [m.id for m in client.models.list()] == ["wikigpt"]
    assert client.models.retrieve("wikigpt").object == "model"
    health = requests.get(server[0] + "/health", timeout=60).json()
    assert health["status"] == "ok" and health["context"] == 256


def test_plain_chat_for_curl(server):
    sent = subprocess.run(
        ["curl", "-sN", server[0] + "/chat", "-d", json.dumps({"messages": QUESTION})], capture_output=True, timeout=120
    )
    events = [json.loads(line[6:]) for line in sent.stdout.decode().splitlines() if line.startswith("data: ")]
    assert "".join(e.get("text", "") for e in events) == ANSWER
    assert events[-1]["finish_reason"] == "stop" and events[-1]["tokens"] > 20


def test_plain_chat_leaves_out_the_oldest_turns(server):
    turns = [{"role": role, "content": "Zürich is here. " * 2} for _ in range(10) for role in ("user", "assistant")]
    response = requests.post(server[0] + "/chat", json={"messages": turns + QUESTION}, timeout=120)
    events = [json.loads(line[6:]) for line in response.content.decode().splitlines() if line.startswith("data: ")]
    assert events[0]["dropped"] % 2 == 0 and 0 < events[0]["dropped"] <= 20
    assert "".join(e.get("text", "") for e in events) == ANSWER
    assert (
        requests.post(
            server[0] + "/chat", json={"messages": [{"role": "user", "content": "x" * 3000}]}, timeout=120
        ).status_code
        == 400
    )


def test_the_page_is_there_and_lets_nothing_in(server):
    response = requests.get(server[0] + "/", timeout=60)
    assert response.headers["content-type"].startswith("text/html") and "<title>wikillm</title>" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "innerHTML" not in response.text and not re.search(r'(src|href)="(?!data:)', response.text)


# ---- the process


def test_start_port_in_use_and_sigterm(tmp_path):
    checkpoint = tiny_checkpoint(tmp_path)
    process = subprocess.Popen(
        [sys.executable, ROOT / "src/serve.py", f"serve.checkpoint={checkpoint}", "serve.port=0"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    guard = threading.Timer(300, process.kill)
    guard.start()
    try:
        line = process.stdout.readline()
        url = re.fullmatch(rf"serving {checkpoint} on (http://127\.0\.0\.1:\d+)\n", line)[1]
        assert requests.get(url + "/health", timeout=60).ok
        cfg = load_config("configs/base.yaml", [f"serve.checkpoint={checkpoint}", f"serve.port={url.rsplit(':')[-1]}"])
        with pytest.raises(InputError, match="another program has it; .* serve.port"):
            serve.main(cfg)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0 and error.splitlines()[-1] == "stopped" and "lookup is off" in error
    finally:
        guard.cancel()
        process.kill()


def test_missing_checkpoint_is_one_line(tmp_path):
    with pytest.raises(InputError, match=f"^{tmp_path}/none: no checkpoint there.*$"):
        serve.main(load_config("configs/base.yaml", [f"serve.checkpoint={tmp_path}/none", "serve.port=0"]))
