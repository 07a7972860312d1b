"""The openai teacher against a server that fails in every way that servers do."""

import json
import socket
import time
from email.utils import formatdate

import pytest

from fake_teacher import FakeTeacher, serving
from pipeline.config import InputError, Teacher
from teacher import client as module
from teacher.client import OpenAIBackend, Refused, parse_json, retry_after

VERDICT = json.dumps({"reason": "It is true.", "verdict": "A"})
JOB = {
    "question": "What is gold?",
    "article": "Gold is a metal.",
    "reference": "A metal.",
    "first": "A metal.",
    "second": "A gas.",
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Pauses between tries are counted, not slept."""
    pauses = []
    monkeypatch.setattr(module.threading.Event, "wait", lambda self, seconds=None: pauses.append(seconds) and False)
    return pauses


def backend(url, **changes):
    settings = {
        "backend": "openai",
        "base_url": url,
        "model": "m",
        "api_key_env": "WIKILLM_TEST_KEY",
        "concurrency": 4,
        "timeout": 5.0,
        "retries": 3,
        "temperature": 0.5,
    }
    return OpenAIBackend(Teacher(**settings | changes))


def judged(plan, **changes):
    fake = FakeTeacher(plan)
    with serving(fake) as url:
        return fake, backend(url, **changes).judge(**JOB)


def test_a_good_answer_and_what_is_asked(monkeypatch):
    monkeypatch.setenv("WIKILLM_TEST_KEY", "sk-secret")
    fake, result = judged(lambda n, body: VERDICT)
    assert result == ("A", "It is true.")
    body = fake.bodies()[0]
    assert body["model"] == "m" and body["temperature"] == 0.0
    assert body["response_format"]["type"] == "json_schema" and body["response_format"]["json_schema"]["schema"][
        "required"
    ] == ["reason", "verdict"]
    text = body["messages"][0]["content"]
    assert (
        text.index("Gold is a metal.") < text.index("What is gold?") < text.index("A gas.")
    )  # the article first: the prefix is shared
    assert fake.headers[0]["Authorization"] == "Bearer sk-secret"


def test_no_key_no_header(monkeypatch):
    monkeypatch.delenv("WIKILLM_TEST_KEY", raising=False)
    fake, _ = judged(lambda n, body: VERDICT)
    assert "Authorization" not in fake.headers[0]


@pytest.mark.parametrize(
    "trouble",
    [{"status": 429}, {"status": 500}, {"status": 503, "raw": b"<html>busy</html>"}, {"drop": True}, {"status": 408}],
)
def test_troubles_that_pass_are_waited_out(trouble, no_waiting):
    fake, result = judged(lambda n, body: trouble if n < 3 else VERDICT)
    assert result[0] == "A" and len(fake.bodies()) == 4
    assert len([p for p in no_waiting if p]) >= 3


def test_the_server_says_how_long_to_wait(no_waiting):
    judged(lambda n, body: {"status": 429, "headers": {"Retry-After": "17"}} if n == 0 else VERDICT)
    assert 17.0 in no_waiting


def test_retry_after_as_a_date():
    class Response:
        headers = {"Retry-After": formatdate(time.time() + 30, usegmt=True)}

    assert 25 < retry_after(Response) < 31
    Response.headers = {"Retry-After": "soon"}
    assert retry_after(Response) is None
    Response.headers = {}
    assert retry_after(Response) is None


def test_pauses_grow(no_waiting):
    judged(lambda n, body: {"status": 500} if n < 3 else VERDICT)
    pauses = [p for p in no_waiting if p][:3]
    assert 0.25 <= pauses[0] <= 0.75 and 0.5 <= pauses[1] <= 1.5 and 1 <= pauses[2] <= 3


def test_a_server_that_hangs_is_given_up():
    fake = FakeTeacher(lambda n, body: {"text": VERDICT, "sleep": 1.0})
    with serving(fake) as url, pytest.raises(InputError, match="does not answer in time.*goes on where it stopped"):
        backend(url, timeout=0.1, retries=1).judge(**JOB)
    assert len(fake.bodies()) == 2


@pytest.mark.parametrize(
    "trouble, says", [({"status": 500}, "keeps answering 500"), ({"drop": True}, "cannot be reached")]
)
def test_troubles_that_stay_end_in_one_line(trouble, says):
    fake = FakeTeacher(lambda n, body: trouble)
    with serving(fake) as url, pytest.raises(InputError) as error:
        backend(url).judge(**JOB)
    assert says in str(error.value) and "\n" not in str(error.value) and len(fake.bodies()) == 4


def test_a_refused_key_is_named_and_not_shown(monkeypatch):
    monkeypatch.setenv("WIKILLM_TEST_KEY", "sk-secret")
    fake = FakeTeacher(lambda n, body: {"status": 401})
    with serving(fake) as url, pytest.raises(InputError, match="401.*WIKILLM_TEST_KEY is not accepted") as error:
        backend(url).judge(**JOB)
    assert "sk-secret" not in str(error.value) and len(fake.bodies()) == 1


def test_the_ladder_of_formats():
    """A server that knows no JSON schema is asked for a JSON object, then for text; later requests start where the first ended."""

    def plan(n, body):
        kind = body.get("response_format", {}).get("type")
        return (
            {"status": 400, "text": f"response_format {kind} is not supported"}
            if kind
            else f"Here you are:\n```json\n{VERDICT}\n```"
        )

    fake = FakeTeacher(plan)
    with serving(fake) as url:
        client = backend(url)
        assert client.judge(**JOB)[0] == "A" and client.judge(**JOB)[0] == "A"
    assert [b.get("response_format", {}).get("type") for b in fake.bodies()] == [
        "json_schema",
        "json_object",
        None,
        None,
    ]


def test_a_prompt_that_is_too_long_is_refused_and_the_ladder_stays():
    fake = FakeTeacher(lambda n, body: {"status": 400, "text": "maximum context length is 4096 tokens"})
    with serving(fake) as url:
        client = backend(url)
        with pytest.raises(Refused, match="status 400: maximum context length"):
            client.judge(**JOB)
        assert client.rung == 0 and len(fake.bodies()) == 1


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("I think that A is better.", "wrong JSON"),
        (json.dumps({"verdict": "C"}), "wrong JSON"),
        (json.dumps(["A"]), "wrong JSON"),
        ("", "wrong JSON"),
        ({"text": VERDICT[:-5], "finish_reason": "length"}, "cut off at max_tokens"),
        ({"raw": b"nonsense"}, "not a chat completion"),
        ({"raw": b'{"choices": []}'}, "not a chat completion"),
    ],
)
def test_answers_that_cannot_be_used(answer, reason):
    fake = FakeTeacher(lambda n, body: answer)
    with serving(fake) as url, pytest.raises(Refused, match=reason):
        backend(url).judge(**JOB)


def test_ratings():
    good = json.dumps({"ratings": [{"reason": "r", "score": 10}, {"reason": "r", "score": 3}]})
    job = {"question": "q", "article": "a", "reference": "r", "answers": ["x", "y"]}
    with serving(FakeTeacher(lambda n, body: good)) as url:
        assert backend(url).rate(**job) == [1.0, 0.3]
        with pytest.raises(Refused, match="number of ratings"):
            backend(url).rate(**job | {"answers": ["x"]})


def test_conversations():
    good = {"conversations": [{"kind": "fact", "turns": [{"question": " What is gold? ", "answer": "A metal."}]}]}
    article = {"id": 1, "title": "Gold", "text": "Gold is a metal."}
    with serving(FakeTeacher(lambda n, body: json.dumps(good))) as url:
        assert backend(url).conversations(article, 3, 2) == [
            {
                "kind": "fact",
                "messages": [
                    {"role": "user", "content": "What is gold?"},
                    {"role": "assistant", "content": "A metal."},
                ],
            }
        ]
    for bad in ({"conversations": [{"kind": "fact"}]}, {"conversations": "x"}, [], {"other": 1}):
        with serving(FakeTeacher(lambda n, body: json.dumps(bad))) as url, pytest.raises(Refused, match="wrong JSON"):
            backend(url).conversations(article, 3, 2)


def test_many_at_a_time_and_every_job_once():
    fake = FakeTeacher(
        lambda n, body: {
            "text": json.dumps(
                {"reason": body["messages"][0]["content"].split("Question:\n")[1].split("\n")[0], "verdict": "A"}
            ),
            "sleep": 0.03,
        }
    )
    with serving(fake) as url:
        found = dict(backend(url).map("judge", ({**JOB, "question": f"q{i}"} for i in range(20))))
    assert {i: result[1] for i, result in found.items()} == {i: f"q{i}" for i in range(20)}
    assert 2 <= fake.most <= 4


def test_map_yields_refusals_and_stops_when_the_server_is_gone():
    def plan(n, body):
        return "no JSON" if n == 0 else VERDICT if n < 4 else {"drop": True}

    with serving(FakeTeacher(plan)) as url:
        found = []
        with pytest.raises(InputError, match="cannot be reached"):
            for index, result in backend(url, concurrency=1).map("judge", (JOB for _ in range(10))):
                found.append((index, type(result).__name__))
    assert found == [(0, "Refused"), (1, "tuple"), (2, "tuple"), (3, "tuple")]


def test_check_before_work():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        free = s.getsockname()[1]
    with pytest.raises(InputError, match=r"cannot be reached; start the server \(bash scripts/serve_teacher.sh\)"):
        backend(f"http://127.0.0.1:{free}/v1").check()
    with serving(FakeTeacher(lambda n, body: VERDICT, models=["other", "more"])) as url:
        with pytest.raises(InputError, match="teacher.model m: the server at .* has other, more"):
            backend(url).check()
        backend(url, model="more").check()


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', '```json\n{"a": 1}\n```', 'Sure! {"a": 1} Bye.', '<think>{"b": 2}</think>\n{"a": 1}', ' \n{"a": 1}\n'],
)
def test_json_is_found(text):
    assert parse_json(text) == {"a": 1}
