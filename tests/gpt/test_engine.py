"""The decoding thread: places and waiting for them, leaving, draining, and what hostile bodies cost everybody else."""

import asyncio
import json
import threading
import time

import openai
import pytest
import requests

from gpt.decoder import Request
from gpt.engine import Engine, QueueFull, Stopping
from gpt.sampling import Sampling
from live import running
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
    engine.parrot.delay, engine.patience = 0.0, 20

    async def all_of_them():
        return await asyncio.gather(*(answer(engine) for _ in range(25)))

    assert asyncio.run(all_of_them()) == [ANSWER] * 25
    assert engine.free == 3 and not engine.outside


def test_who_waits_too_long_is_told_so_and_leaves_no_trace(engine):
    engine.parrot.delay = 0.1

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
    engine.parrot.delay, engine.patience, order = 0.01, 20, []

    async def ask(name: str, count: int) -> None:
        await answer(engine, count)
        order.append(name)

    async def crowd():
        tasks = [asyncio.create_task(ask(name, n)) for name, n in (("a", 1), ("b", 1), ("all", 3), ("c", 1))]
        await asyncio.gather(*tasks)

    asyncio.run(crowd())
    assert order.index("all") < order.index("c") and engine.free == 3


def test_draining_lets_short_answers_end_and_fails_the_others(engine):
    engine.parrot.delay, engine.patience = 0.04, 20

    async def stop():
        running = [asyncio.create_task(answer(engine)) for _ in range(5)]  # 2 decoded, 1 in the queue, 2 outside
        await asyncio.sleep(0.2)
        began = time.monotonic()
        engine.drain(1.0)
        done = await asyncio.gather(*running, return_exceptions=True)
        assert time.monotonic() - began < 2
        with pytest.raises(Stopping):
            await answer(engine)
        return done

    done = asyncio.run(stop())
    assert done[:2] == [ANSWER] * 2 and all(isinstance(d, Stopping) for d in done[3:])
    assert not engine.well


# ---- over HTTP


@pytest.fixture(scope="module")
def server(tokenizer):
    parrot = Parrot(tokenizer, ANSWER)
    with running(tiny_model(block_size=256), tokenizer, "serve.max_batch=4", "serve.queue=4", parrot=parrot) as (
        url,
        e,
    ):
        yield url, e, parrot


def longest_silence(url: str, during) -> tuple[float, list]:
    """-> (the longest that /health took while during() ran, seconds; what it returned)"""
    result: list = []
    worker = threading.Thread(target=lambda: result.append(during()))
    worker.start()
    worst, session = 0.0, requests.Session()
    while worker.is_alive():
        began = time.monotonic()
        assert session.get(url + "/health", timeout=30).ok
        worst = max(worst, time.monotonic() - began)
        time.sleep(0.01)
    return worst, result


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


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_answered_soon_and_nobody_waits_for_it(server, name):
    url, _, parrot = server
    path, body, status = HOSTILE[name]
    parrot.delay = 0.0
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    began = time.monotonic()
    worst, (got,) = longest_silence(url, lambda: requests.post(url + path, data=data, timeout=60).status_code)
    assert got == status and time.monotonic() - began < 10
    assert worst < 3.0  # seconds, on a machine that does other things too; it was 12 to 92


def test_200_at_once_with_the_clients_own_retries(server):
    url, _, parrot = server
    parrot.delay = 0.0

    async def crowd() -> list[str]:
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="none", timeout=120) as client:
            done = await asyncio.gather(
                *(client.chat.completions.create(model="wikigpt", messages=QUESTION) for _ in range(200))
            )
            return [d.choices[0].message.content for d in done]

    assert asyncio.run(crowd()) == [ANSWER] * 200
    health = requests.get(url + "/health", timeout=5).json()
    assert (health["decoding"], health["waiting"]) == (0, 0) and server[1].free == 8
