"""One prompt to a server that fails in every way that servers do; and a table of all faults in all phases of a run."""

import contextlib
import json
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
import requests

from conftest import ROOT
from fake_teacher import FakeTeacher, serving
from pipeline.config import InputError, Teacher
from teacher import server as module
from teacher.client import OpenAIBackend, ratings_of
from teacher.prompts import passage_schema, rating_schema
from teacher.reading import Task
from teacher.server import LADDER, Refused, Server, TooLong, normal, retry_after
from tiny import tiny_checkpoint

SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}, "required": ["a"]}
MESSAGES = [{"role": "user", "content": "Say a."}]


@pytest.fixture
def no_waiting(monkeypatch):
    """Pauses between tries are counted, not slept."""
    pauses = []
    monkeypatch.setattr(module.threading.Event, "wait", lambda self, seconds=None: pauses.append(seconds) and False)
    return pauses


def settings(url, **changes):
    given = {
        "backend": "openai",
        "base_url": url,
        "model": "m",
        "api_key_env": "WIKILLM_TEST_KEY",
        "concurrency": 4,
        "timeout": 60.0,
        "retries": 3,
        "temperature": 0.5,
        "answers": "unused",
    }
    return Teacher(**given | changes)


def completed(plan, **changes):
    fake = FakeTeacher(plan)
    with serving(fake) as url:
        return fake, Server(settings(url, **changes)).complete(MESSAGES, SCHEMA, 0.5)


def test_the_key_goes_out_and_only_if_there_is_one(monkeypatch, no_waiting):
    monkeypatch.setenv("WIKILLM_TEST_KEY", "sk-secret")
    fake, _ = completed(lambda n, body: "a")
    assert fake.headers[0]["Authorization"] == "Bearer sk-secret"
    monkeypatch.delenv("WIKILLM_TEST_KEY")
    fake, _ = completed(lambda n, body: "a")
    assert "Authorization" not in fake.headers[0]


@pytest.mark.parametrize(
    "trouble",
    [{"status": 429}, {"status": 502}, {"status": 503, "raw": b"<html>busy</html>"}, {"drop": True}, {"status": 408}],
)
def test_troubles_that_pass_are_waited_out(trouble, no_waiting):
    fake, answer = completed(lambda n, body: trouble if n < 3 else "fine")
    assert answer == ("fine", False) and len(fake.bodies()) == 4
    assert len([p for p in no_waiting if p]) >= 3


def test_the_server_says_how_long_to_wait(no_waiting):
    completed(lambda n, body: {"status": 429, "headers": {"Retry-After": "17"}} if n == 0 else "a")
    assert 17.0 in no_waiting
    completed(lambda n, body: {"status": 503, "headers": {"Retry-After": "23"}} if n == 0 else "a")
    assert 23.0 in no_waiting


def test_retry_after_as_a_date():
    class Response:
        headers = {"Retry-After": formatdate(time.time() + 30, usegmt=True)}

    assert 0 < retry_after(Response) < 31
    Response.headers = {"Retry-After": "soon"}
    assert retry_after(Response) is None
    Response.headers = {}
    assert retry_after(Response) is None


def test_pauses_grow(no_waiting):
    completed(lambda n, body: {"status": 502} if n < 3 else "a")
    pauses = [p for p in no_waiting if p][:3]
    assert 0.25 <= pauses[0] <= 0.75 and 0.5 <= pauses[1] <= 1.5 and 1 <= pauses[2] <= 3


def test_too_many_requests_at_two_a_second_finish_slowly():
    """A server that answers 429 without Retry-After above a rate: 24 jobs at 16 a second, many in flight, all done."""
    times = []

    def plan(n, body):
        now = time.monotonic()
        if 8 <= n < 24 or len([t for t in times if now - t < 0.5]) >= 8:  # all come at once, on a slow machine too
            return {"status": 429}
        times.append(now)
        return json.dumps({"reason": "r", "verdict": "A"})

    fake = FakeTeacher(plan)
    job = {"question": "q", "article": "", "reference": "r", "first": "a", "second": "b"}
    with serving(fake) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenAIBackend, "kept", lambda self, task: NothingKept())
        backend = OpenAIBackend(settings(url, concurrency=24, retries=0), None)
        results = dict(backend.map("judge", (job for _ in range(24))))
    assert len(results) == 24 and not [r for r in results.values() if isinstance(r, Refused)]
    assert len(fake.bodies()) >= 24 + 16  # some were turned away


class NothingKept:
    def get(self, key):
        return None

    def put(self, key, text):
        pass


def test_nothing_but_429_for_ten_minutes_ends_in_one_line(no_waiting, monkeypatch):
    clock = iter(range(0, 10**6, 50))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(InputError, match="keeps answering 429 for 600 seconds; run the same command again later"):
        completed(lambda n, body: {"status": 429})


def test_a_server_that_hangs_is_given_up(no_waiting):
    with pytest.raises(Refused, match="no answer in time"):
        completed(lambda n, body: {"text": "a", "sleep": 30.0}, timeout=0.1, retries=1)


@pytest.mark.parametrize(
    "trouble, error, says",
    [
        ({"status": 502, "text": "bad gateway 17"}, Refused, "^status 502: bad gateway N$"),
        ({"drop": True}, Refused, "^connection dropped$"),
        ({"gone": True}, InputError, "cannot be reached"),
    ],
)
def test_troubles_that_stay(trouble, error, says, no_waiting):
    fake = FakeTeacher(lambda n, body: trouble)
    with serving(fake) as url, pytest.raises(error, match=says) as raised:
        server = Server(settings(url))
        server.rung = len(LADDER) - 1
        server.complete(MESSAGES, SCHEMA, 0.5)
    assert "\n" not in str(raised.value) and len(fake.bodies()) == 4


def test_a_refused_key_is_named_and_not_shown(monkeypatch):
    monkeypatch.setenv("WIKILLM_TEST_KEY", "sk-secret")
    fake = FakeTeacher(lambda n, body: {"status": 401})
    with serving(fake) as url, pytest.raises(InputError, match="401.*WIKILLM_TEST_KEY is not accepted") as error:
        Server(settings(url)).complete(MESSAGES, SCHEMA, 0.5)
    assert "sk-secret" not in str(error.value) and len(fake.bodies()) == 1


def test_content_as_a_list_of_parts():
    _, answer = completed(lambda n, body: {"text": "half and half", "parts": True})
    assert answer.text == "half and half"


# formats


def rungs(fake):
    """What each request asked for: lengths (a schema with lengths), schema, object, text."""
    found = []
    for body in fake.bodies():
        asked = body.get("response_format", {})
        if asked.get("type") == "json_schema":
            found.append("lengths" if "maxLength" in json.dumps(asked) else "schema")
        else:
            found.append("object" if asked.get("type") == "json_object" else "text")
    return found


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("knows", ["schema", "object", "text"])
def test_the_ladder_of_formats(status, knows, no_waiting):
    """What the server refuses is asked for in a simpler format; later requests start there."""
    order = ["lengths", "schema", "object", "text"]

    def plan(n, body):
        asked = rungs(type("One", (), {"bodies": lambda self: [body]})())[0]
        if order.index(asked) < order.index(knows):
            return {"status": status, "text": "Failed to parse grammar" if status == 500 else f"{asked} unsupported"}
        return "a"

    fake = FakeTeacher(plan)
    with serving(fake) as url:
        server = Server(settings(url))
        assert server.complete(MESSAGES, SCHEMA, 0.5).text == "a" and server.complete(MESSAGES, SCHEMA, 0.5).text == "a"
    seen = rungs(fake)
    assert seen[-2:] == [knows, knows] and sorted(seen, key=order.index) == seen
    assert list(dict.fromkeys(seen)) == order[: order.index(knows) + 1]


def test_an_error_500_now_and_then_changes_no_format(no_waiting):
    fake = FakeTeacher(lambda n, body: {"status": 500} if n in (1, 2) else "a")
    with serving(fake) as url:
        server = Server(settings(url))
        for _ in range(3):
            server.complete(MESSAGES, SCHEMA, 0.5)
    assert set(rungs(fake)) == {"lengths"}


@pytest.mark.parametrize(
    "text",
    [
        "maximum context length is 4096 tokens",
        "the request exceeds the available context size, try increasing it",
        "Input is too long for requested model",
        "prompt too long; exceeded max context length by 3 tokens",
    ],
)
def test_a_prompt_that_is_too_long_says_so_and_the_ladder_stays(text):
    fake = FakeTeacher(lambda n, body: {"status": 400, "text": text})
    with serving(fake) as url:
        server = Server(settings(url))
        with pytest.raises(TooLong):
            server.complete(MESSAGES, SCHEMA, 0.5)
        assert server.rung == 0 and len(fake.bodies()) == 1


def test_an_answer_that_had_no_room_left_means_a_prompt_that_is_too_long():
    usage = {"prompt_tokens": 1004, "completion_tokens": 20}
    with pytest.raises(TooLong, match="leaves no room"):
        completed(lambda n, body: {"text": '{"a', "finish_reason": "length", "usage": usage})
    _, answer = completed(
        lambda n, body: {"text": '{"a', "finish_reason": "length", "usage": {"completion_tokens": 900}}
    )
    assert answer.cut_off


def test_tokens_are_counted():
    with serving(
        FakeTeacher(lambda n, body: {"text": "a", "usage": {"prompt_tokens": 7, "completion_tokens": 2}})
    ) as url:
        server = Server(settings(url))
        for _ in range(3):
            server.complete(MESSAGES, SCHEMA, 0.5)
    assert server.tokens == {"prompt_tokens": 21, "completion_tokens": 6}


def test_refusals_that_differ_in_a_number_are_one_reason():
    same = {normal(f"status 400: you sent {n:,} tokens in request {n:08x}a1, at most 512") for n in range(400, 800)}
    assert same == {"status 400: you sent N tokens in request ID, at most N"}
    assert normal("status 404: no model m") != normal("status 400: no model m")


# all faults in all phases of a run

VERDICT = json.dumps({"reason": "It is true.", "verdict": "A"})
RATING = json.dumps({"ratings": [{"reason": "r", "score": 7}]})
TALK = json.dumps(
    {"conversations": [{"kind": "fact", "turns": [{"question": "What is gold?", "answer": "Gold is a metal."}]}]}
)
TASKS = {  # task -> (a job by its number, a good answer, the result)
    "conversations": (
        lambda n: {"article": {"id": n, "title": f"Gold {n}", "text": "Gold is a metal."}, "count": 1, "max_turns": 1},
        TALK,
    ),
    "rate": (lambda n: {"question": f"q{n}", "article": "", "reference": "r", "answers": ["a"]}, RATING),
    "judge": (lambda n: {"question": f"q{n}", "article": "", "reference": "r", "first": "a", "second": "b"}, VERDICT),
}
FAULTS = {  # name -> (what the server does, whether another try helps, the reason when it does not)
    "429": ({"status": 429}, True, "keeps answering 429"),
    "429, wait": ({"status": 429, "headers": {"Retry-After": "0.01"}}, True, "keeps answering 429"),
    "500": ({"status": 500, "text": "oh"}, True, "status 500: oh"),
    "503 in HTML": ({"status": 503, "raw": b"<html>busy</html>"}, True, "status 503"),
    "dropped": ({"drop": True}, True, "connection dropped"),
    "timeout": ({"text": "late", "sleep": 4.0}, True, "no answer in time"),
    "400": ({"status": 400, "text": "no"}, False, "status 400: no"),
    "404": ({"status": 404, "text": "no such route"}, False, "status 404: no such route"),
    "too long": ({"status": 400, "text": "maximum context length is 9"}, False, "prompt too long"),
    "no JSON": ({"text": "I would rather not."}, False, "wrong JSON"),
    "empty": ({"text": ""}, False, "wrong JSON"),
    "another shape": ({"text": '{"answer": 1}'}, False, "wrong JSON"),
    "cut off": ({"text": '{"rat', "finish_reason": "length"}, False, "cut off at max_tokens"),
    "no completion": ({"raw": b'{"object": "error"}'}, False, "not a chat completion"),
    "not HTTP's JSON": ({"raw": b"\x00\xff"}, False, "not a chat completion"),
}
JOBS = 6


@pytest.fixture
def quick(monkeypatch):
    """Real HTTP, real threads, pauses of at most a hundredth of a second."""
    wait = module.threading.Event.wait
    monkeypatch.setattr(
        module.threading.Event,
        "wait",
        lambda self, seconds=None: wait(self, min(seconds, 0.01) if seconds else seconds),
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("phase", ["at first", "in the middle", "always"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_in_every_phase(fault, phase, task, tmp_path, quick, monkeypatch):
    """A passing fault changes nothing; a refusal costs its own jobs; nothing good is lost or asked for twice."""
    job, good = TASKS[task]
    trouble, helps, reason = FAULTS[fault]
    struck = {"at first": {0}, "in the middle": {3, 4}, "always": set(range(10**4))}[phase]
    fake = FakeTeacher(lambda n, body: trouble if n in struck else good)
    if phase == "always":
        monkeypatch.setattr(module, "PATIENCE", 0.5)  # seconds of 429; where they pass, they are never too many
    # Where nothing good comes, a short one will do; a good answer must come in time on a busy machine, too.
    late = {"always": 0.15}.get(phase, 1.0) if fault == "timeout" else 60.0

    def run(url, timeout):
        """-> ({job: result}, the error that ended the run)"""
        backend = OpenAIBackend(settings(url, concurrency=1, retries=2, timeout=timeout), tmp_path)
        found = {}
        try:
            for index, result in backend.map(task, (job(n) for n in range(JOBS))):
                found[index] = result
        except InputError as error:
            return found, str(error)
        return found, None

    with serving(fake) as url:
        found, error = run(url, late)
        usable = {n: r for n, r in found.items() if not isinstance(r, Refused)}
        refused = {str(r) for r in found.values() if isinstance(r, Refused)}
        if phase != "always" and (helps or fault == "too long"):
            assert len(usable) == JOBS and not error
        elif phase != "always":
            assert refused == {reason} and len(usable) == JOBS - len(struck) and not error
        else:
            assert not usable and (error or refused)
            assert all(reason in said and "\n" not in said for said in ([error] if error else refused))
        asked = len(fake.bodies())
        fake.plan = lambda n, body: good
        again, error = run(url, 60.0)
    assert not error and len(again) == JOBS and not any(isinstance(r, Refused) for r in again.values())
    assert len(fake.bodies()) == asked + JOBS - len(usable)
    assert all(again[n] == result for n, result in usable.items())


# what real servers take


def fields_of_vllm() -> dict[str, list[str]]:
    """{field: the values that it may have, none: any} of vllm_fields.txt"""
    lines = Path(__file__).with_name("vllm_fields.txt").read_text(encoding="utf-8").splitlines()
    split = [line.partition(" = ") for line in lines if not line.startswith("#")]
    return {name: values.split() for name, _, values in split}


def fields_in(body: dict, before: str = "") -> dict[str, object]:
    """{field: value} of a request, those of objects behind a dot; a schema is the server's, whatever is in it."""
    found: dict[str, object] = {}
    for name, value in body.items():
        found[before + name] = value
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and name != "schema":
                found |= fields_in(part, f"{before}{name}.")
    return found


@pytest.mark.parametrize("rung", range(len(LADDER)))
def test_every_field_that_is_sent_is_one_of_vllm(rung, no_waiting):
    """A guided_json that vLLM no longer knows would be ignored silently."""
    fake, _ = completed(lambda n, body: "a" if n >= rung else {"status": 400, "text": "unsupported response_format"})
    known, sent = fields_of_vllm(), fields_in(fake.bodies()[-1])
    assert len(fake.bodies()) == rung + 1 and {"messages.role", "messages.content", "max_tokens"} <= set(sent)
    for name, value in sent.items():
        assert name in known, f"{name} is no field of vLLM's request"
        assert not known[name] or value in known[name]


LLAMA_CPP = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.port, p.ui, p.use_jinja = sys.argv[1], 512, 0, False, True
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
time.sleep(600)
"""


def test_a_real_llama_cpp_server_is_a_teacher(tmp_path, monkeypatch):
    """A model of random weights behind llama.cpp: it takes our schemas with their lengths, and keeps to them."""
    pytest.importorskip("xllamacpp"), pytest.importorskip("gguf")
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    publish = pytest.importorskip("publish")
    publish.write_gguf(tiny_checkpoint(tmp_path / "random", block_size=512), tmp_path / "tiny.gguf", "tiny", "f16")
    command = [sys.executable, "-c", LLAMA_CPP, str(tmp_path / "tiny.gguf")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = process.stdout.readline().strip()
        model = requests.get(f"{url}/v1/models", timeout=60).json()["data"][0]["id"]
        server = Server(settings(f"{url}/v1", model=model, timeout=120.0))
        server.check()
        answer = server.complete(MESSAGES, SCHEMA, 0.0)
        assert server.rung == 0 and len(json.loads(answer.text)["a"]) <= 9 and not answer.cut_off
        schema = rating_schema(3)
        told = server.complete([{"role": "user", "content": "Rate."}], without_text(schema), 0.0)
        assert len(ratings_of(told.text, 3)) == 3
        with pytest.raises(TooLong):
            server.complete([{"role": "user", "content": "gold " * 600}], SCHEMA, 0.0)
        with contextlib.suppress(Refused):  # random weights go on until the context is full: 500, 'output that does not
            server.complete(MESSAGES, passage_schema([Task("title", "a title")], 2), 0.0)  # match the expected format'
        assert server.rung == 0, "that schema is taken too"
    finally:
        process.kill()


def without_text(schema: dict) -> dict:
    """The schema of ratings without reasons, which random weights make as long as they may be."""
    item = schema["properties"]["ratings"]["items"]
    short = item | {"required": ["score"], "properties": {"score": item["properties"]["score"]}}
    ratings = schema["properties"]["ratings"] | {"items": short}
    return schema | {"properties": {"ratings": ratings}}
