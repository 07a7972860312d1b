"""The decoding thread: places and waiting for them, leaving, draining, and what hostile bodies cost everybody else."""

import asyncio
import json
import sys
import threading
import types

import openai
import orjson
import pytest
import requests

import serve
from gpt import api_answers, api_requests
from gpt.decoder import Request
from gpt.engine import CHUNK, Engine, QueueFull, Stopping
from gpt.network import Server
from gpt.sampling import Sampling
from gpt.tokenizer import Tokenizer
from live import listening, running
from pipeline.config import load_config
from tiny import Parrot, tiny_model, tiny_tokenizer

ANSWER = "Gold is a chemical element."
QUESTION = [{"role": "user", "content": "What is gold?"}]
HOT = Sampling(temperature=2.0)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")


@pytest.fixture()
def engine(tokenizer):
    """2 rows, 1 place in the queue, half a second's patience; its parrot says ANSWER."""
    engine = Engine(tiny_model(), tokenizer, 2, 1, patience=0.5)
    parrot = Parrot(tokenizer, ANSWER, delay=0.01)
    engine.decoder = parrot.decoder(tiny_model(), tokenizer)
    engine.parrot = parrot
    yield engine
    engine.close()


def request(n: int = 50) -> Request:
    return Request([5, 6, 7], n, HOT, 0)


async def answer(engine: Engine, count: int = 1) -> str:
    jobs = await engine.submit([request() for _ in range(count)])
    left = count
    while left:
        _, _, _, finish, error = await jobs[0].events.get()
        if error:
            engine.give(jobs)
            raise error
        left -= finish is not None
    engine.give(jobs)
    return jobs[0].completion.text


def test_all_who_come_at_once_are_answered_in_turn(engine):
    engine.parrot.delay, engine.patience = 0.0, 120

    async def all_of_them():
        return await asyncio.gather(*(answer(engine) for _ in range(25)))

    assert asyncio.run(all_of_them()) == [ANSWER] * 25
    assert engine.free == 3 and not engine.outside


def test_who_waits_too_long_is_told_so_and_leaves_no_trace(engine):
    engine.parrot.delay = 0.5  # 8 s an answer, until they need not wait any more

    async def crowd():
        first = [asyncio.create_task(answer(engine)) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(QueueFull):
            await answer(engine)
        leaver = asyncio.create_task(answer(engine))
        await asyncio.sleep(0.05)
        leaver.cancel()
        engine.parrot.delay = 0.0
        return await asyncio.gather(*first)

    assert asyncio.run(crowd()) == [ANSWER] * 3
    assert engine.free == 3 and not engine.outside


def test_one_who_wants_many_places_waits_for_them_and_is_not_overtaken(engine):
    engine.parrot.delay, engine.patience, order = 0.01, 120, []

    async def ask(name: str, count: int) -> None:
        await answer(engine, count)
        order.append(name)

    async def crowd():
        tasks = [asyncio.create_task(ask(name, n)) for name, n in (("a", 1), ("b", 1), ("all", 3), ("c", 1))]
        await asyncio.gather(*tasks)

    asyncio.run(crowd())
    assert order.index("all") < order.index("c") and engine.free == 3


def test_draining_lets_short_answers_end_and_fails_the_others(engine, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("gpt.engine.time", types.SimpleNamespace(monotonic=lambda: clock[0]))
    engine.patience = 120

    async def stop():
        with engine.parrot.silent():
            running = [asyncio.create_task(answer(engine)) for _ in range(5)]  # 2 decoded, 1 in the queue, 2 outside
            while engine.decoder.size + len(engine.waiting) < 3:
                await asyncio.sleep(0.01)
            engine.drain(1.0)
        short = await asyncio.gather(*running[:2])
        engine.parrot.delay, clock[0] = 0.0, 101.5
        others = await asyncio.gather(*running[2:], return_exceptions=True)
        with pytest.raises(Stopping):
            await answer(engine)
        return short, others

    short, others = asyncio.run(stop())
    assert short == [ANSWER] * 2 and all(isinstance(other, Stopping) for other in others[1:])  # one may just be through
    assert not engine.well


# ---- the gap between two tokens, in steps


JOINING = {  # lengths of prompts that come while 16 rows are answered
    "one long": [900],
    "forty short": [20] * 40,
    "of all lengths": [1, 2, 33, 64, 300],
}


@pytest.mark.parametrize("name", [*JOINING, "one long, scored"])
def test_every_row_gets_a_token_every_step_whatever_joins(tokenizer, name):
    """Between two tokens of a row stands at most one chunk of prompts, which costs about a step of 16 rows."""
    engine = Engine(tiny_model(block_size=1024), tokenizer, max_batch=64, queue=0)
    decoder, read, work = engine.decoder, engine.decoder.read, []
    engine.close()  # its thread; the steps are made here

    def counted(ids, cache):
        work.append(ids.numel())
        return read(ids, cache)

    decoder.read = counted
    decoder.add([Request([5, 6 + n], 400, HOT, n, ignore_end=True) for n in range(16)], list(range(16)))
    decoder.step()
    assert len(decoder.rows) == 16
    lengths, told = JOINING[name.removesuffix(", scored")], 1 if name.endswith("scored") else None
    joining = [Request([5 + i % 200 for i in range(n)], 1, HOT, n, prompt_logprobs=told) for n in lengths]
    decoder.add(joining, ["joins"] * len(joining))
    joined = steps = 0
    while joined < len(joining):
        work.clear()
        keys = [row.key for row, _ in decoder.step()]
        assert keys[:16] == list(range(16)) and sum(work) <= CHUNK["cpu"]
        joined, steps = joined + keys.count("joins"), steps + 1
    assert steps >= (sum(lengths) - len(lengths)) / CHUNK["cpu"]


# ---- over HTTP


@pytest.fixture(scope="module")
def server(tokenizer):
    parrot = Parrot(tokenizer, ANSWER)
    places = ("serve.max_batch=4", "serve.queue=4", "serve.queue_seconds=600")
    with running(tiny_model(block_size=256), tokenizer, *places, parrot=parrot) as (url, e):
        yield url, e, parrot


def turns(n: int) -> list[dict]:
    return [{"role": role, "content": f"Nr {i} of many."} for i in range(n // 2) for role in ("user", "assistant")]


HOSTILE = {
    "3,000 short turns": ("/chat", {"messages": turns(3000) + QUESTION}, 200),
    "a message of 900 KB": ("/chat", {"messages": [{"role": "user", "content": "gold " * 180_000}]}, 400),
    "one long word": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a" * 900_000}]}, 400),
    "a prompt of 900 KB": ("/v1/completions", {"prompt": "gold " * 180_000}, 400),
    "300,000 ids": ("/v1/completions", {"prompt": [5] * 300_000}, 400),
    "100,000 prompts": ("/v1/completions", {"prompt": ["x"] * 100_000}, 400),
    "a stop of 120,000 characters": ("/v1/completions", {"prompt": "x", "stop": "x" * 120_000}, 400),
    "100,000 stops": ("/v1/completions", {"prompt": "x", "stop": ["x"] * 100_000}, 400),
    "30,000 parts": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 30_000}]},
        400,
    ),
    "60,000 biases": ("/v1/completions", {"prompt": "x", "logit_bias": {str(i): 1 for i in range(60_000)}}, 400),
    "60,000 unknown fields": ("/v1/completions", {"prompt": "x"} | {f"f{i}": 1 for i in range(60_000)}, 200),
    "deep nesting": ("/v1/completions", '{"prompt": ' + "[" * 100_000 + "]" * 100_000 + "}", 400),
    "2 MB": ("/v1/completions", {"prompt": "x" * (2 << 20)}, 413),
}


LARGE_ANSWERS = {
    "answers with log-probabilities": (
        "/v1/chat/completions",
        {"messages": QUESTION, "n": 4, "max_tokens": 30, "ignore_eos": True, "logprobs": True, "top_logprobs": 20},
        200,
    ),
    "prompts scored": (
        "/v1/completions",
        {"prompt": [[5] * 250] * 4, "max_tokens": 0, "echo": True, "logprobs": 20},
        200,
    ),
    "prompts scored in a stream": (
        "/v1/completions",
        {"prompt": [[5] * 250] * 4, "max_tokens": 1, "echo": True, "logprobs": 20, "stream": True},
        200,
    ),
    "ids of a long text": ("/tokenize", {"prompt": "gold " * 100_000}, 200),
    "text of many ids": ("/detokenize", {"tokens": [70] * 130_000}, 200),
    "a schema": (
        "/v1/chat/completions",
        {
            "messages": QUESTION,
            "max_tokens": 8,
            "response_format": {"type": "json_schema", "json_schema": {"schema": {"enum": list(range(9000))}}},
        },
        200,
    ),
}


class LoopWork:
    """What a server's event loop does in one go, counted: the most bytecodes of Python in one callback, and the most
    bytes or ids that were given to a library there."""

    def __init__(self, monkeypatch):
        self.thread, self.bytecodes, self.size = -1, 0, 0
        run = asyncio.Handle._run

        def counted(handle):
            if threading.get_ident() != self.thread:
                return run(handle)
            count = 0

            def trace(frame, event, _):
                nonlocal count
                frame.f_trace_opcodes = True
                count += event == "opcode"
                return trace

            sys.settrace(trace)
            try:
                run(handle)
            finally:
                sys.settrace(None)
            self.bytecodes = max(self.bytecodes, count)

        monkeypatch.setattr(asyncio.Handle, "_run", counted)
        for owner, name in ((Tokenizer, "encode"), (Tokenizer, "encode_batch"), (Tokenizer, "decode")):
            monkeypatch.setattr(owner, name, self.measured(getattr(owner, name), lambda _, text: size_of(text)))
        libraries = types.SimpleNamespace(
            loads=self.measured(orjson.loads, size_of), dumps=self.measured(orjson.dumps, lambda _: 0, size_of)
        )
        for module in (api_requests, api_answers):
            monkeypatch.setattr(module, "orjson", libraries)

    def measured(self, function, before, after=lambda _: 0):
        def call(*arguments):
            result = function(*arguments)
            if threading.get_ident() == self.thread:
                self.size = max(self.size, before(*arguments), after(result))
            return result

        return call


def size_of(value) -> int:
    return sum(map(size_of, value)) if isinstance(value, list) and value and type(value[0]) is str else len(value)


def test_what_the_loop_does_in_one_go_is_bounded_whatever_is_sent(tokenizer, monkeypatch):
    """So that /health need not wait. Reading 300,000 ids, or writing answers with their log-probabilities, are
    millions of bytecodes; it was 12 to 92 seconds."""
    work = LoopWork(monkeypatch)
    settings = load_config("configs/base.yaml", ["serve.max_batch=8", "serve.log_requests=false"]).serve
    engine = Engine(tiny_model(block_size=256), tokenizer, 8, 8)
    monkeypatch.setattr(threading.Thread, "run", work_of_loop(work, threading.Thread.run))
    most: dict[str, tuple[int, int]] = {}
    with listening(serve.create_app({"tiny": engine}, settings), [engine]) as url:
        for path in {path for path, *_ in (HOSTILE | LARGE_ANSWERS).values()}:
            requests.post(
                url + path, data=b"{}", timeout=120
            )  # FastAPI makes much of a path when it is first asked for
        for name, (path, body, status) in (HOSTILE | LARGE_ANSWERS).items():
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            work.bytecodes = work.size = 0
            response = requests.post(url + path, data=data, timeout=600)
            assert response.status_code == status, (name, response.text[:500])
            most[name] = work.bytecodes, work.size
    assert not {name: n for name, (n, _) in most.items() if n > 60_000}  # 3 ms
    assert not {name: size for name, (_, size) in most.items() if size > api_requests.LARGE}


def work_of_loop(work: LoopWork, run):
    """threading.Thread.run that notes which thread is the server's."""

    def noting(thread):
        if getattr(getattr(thread, "_target", None), "__self__", None).__class__ is Server:
            work.thread = threading.get_ident()
        run(thread)

    return noting


def test_200_at_once_with_the_clients_own_retries(server):
    url, _, parrot = server
    parrot.delay = 0.0

    async def crowd() -> list[str]:
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="none", timeout=600) as client:
            done = await asyncio.gather(
                *(client.chat.completions.create(model="wikigpt", messages=QUESTION) for _ in range(200))
            )
            return [d.choices[0].message.content for d in done]

    assert asyncio.run(crowd()) == [ANSWER] * 200
    health = requests.get(url + "/health", timeout=60).json()
    assert (health["decoding"], health["waiting"]) == (0, 0) and server[1].free == 8
