"""The openai teacher: its three tasks, many jobs at a time, answers that it keeps and those that it cannot use."""

import json
import socket
import threading

import pytest

from fake_teacher import FakeTeacher, serving
from pipeline.config import InputError, Teacher
from teacher import client as module
from teacher import server as server_module
from teacher.client import OpenAIBackend, Refused, conversations_of, parse_json, shortened

VERDICT = json.dumps({"reason": "It is true.", "verdict": "A"})
JOB = {
    "question": "What is gold?",
    "article": "Gold is a metal.",
    "reference": "A metal.",
    "first": "A metal.",
    "second": "A gas.",
}
GOLD = {"id": 1, "title": "Gold", "text": "Gold is a metal."}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Pauses between tries are not slept."""
    monkeypatch.setattr(server_module.threading.Event, "wait", lambda self, seconds=None: False)


@pytest.fixture
def backend(tmp_path):
    def make(url, **changes):
        settings = {
            "backend": "openai",
            "base_url": url,
            "model": "m",
            "api_key_env": "WIKILLM_TEST_KEY",
            "concurrency": 4,
            "timeout": 60.0,
            "retries": 3,
            "temperature": 0.5,
            "answers": str(tmp_path / "answers"),
        } | changes
        return OpenAIBackend(Teacher(**settings), tmp_path / settings["answers"])

    return make


def test_a_good_answer_and_what_is_asked(backend):
    fake = FakeTeacher(lambda n, body: VERDICT)
    with serving(fake) as url:
        assert backend(url).judge(**JOB) == ("A", "It is true.")
    body = fake.bodies()[0]
    assert body["model"] == "m" and body["temperature"] == 0.0
    text = body["messages"][0]["content"]
    # The article first: a server that keeps the prefix reads it once.
    assert text.index("Gold is a metal.") < text.index("What is gold?") < text.index("A gas.")


def test_no_prompt_has_three_dots_to_copy(backend):
    """A weak teacher copies what stands in the prompt as an example."""
    good = {"conversations": [{"kind": "fact", "turns": [{"question": "What is gold?", "answer": "A metal."}]}]}
    rated = {"ratings": [{"reason": "r", "score": 10}]}
    answers = iter([json.dumps(good), json.dumps(rated), VERDICT])
    with serving(fake := FakeTeacher(lambda n, body: next(answers))) as url:
        teacher = backend(url)
        teacher.conversations(GOLD, 3, 2)
        teacher.rate("q", "a", "r", ["x"])
        teacher.judge(**JOB)
    assert len(fake.bodies()) == 3
    assert not [b for b in fake.bodies() if "..." in b["messages"][0]["content"] or "…" in b["messages"][0]["content"]]


def test_the_schemas_say_how_many_and_how_long(backend):
    good = {"conversations": [{"kind": "fact", "turns": [{"question": "What is gold?", "answer": "A metal."}]}]}
    with serving(fake := FakeTeacher(lambda n, body: json.dumps(good))) as url:
        backend(url).conversations(GOLD, 3, 2)
    schema = fake.bodies()[0]["response_format"]["json_schema"]["schema"]
    listed = schema["properties"]["conversations"]
    turns = listed["items"]["properties"]["turns"]
    assert (listed["minItems"], listed["maxItems"], turns["minItems"], turns["maxItems"]) == (3, 3, 1, 2)
    assert turns["items"]["properties"]["question"]["maxLength"] < turns["items"]["properties"]["answer"]["maxLength"]
    assert turns["items"]["required"] == ["question", "answer"]


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
def test_answers_that_cannot_be_used(answer, reason, backend):
    with serving(FakeTeacher(lambda n, body: answer)) as url, pytest.raises(Refused, match=reason):
        backend(url).judge(**JOB)


def rated(*scores):
    return json.dumps({"ratings": [{"reason": "r", "score": score} for score in scores]})


@pytest.mark.parametrize(
    "scores, result",
    [
        ((10, 3), [1.0, 0.3]),
        ((0, 0), [0.0, 0.0]),
        ((1, 0), [0.1, 0.0]),
        ((85, 20), "scale from 0 to 10"),
        ((10, 11), "scale from 0 to 10"),
        ((-1, 5), "scale from 0 to 10"),
        ((0.85, 0.2), "scale from 0 to 1"),
        ((7,), "number of ratings"),
        (("high", "low"), "wrong JSON"),
    ],
)
def test_ratings_and_their_scale(scores, result, backend):
    job = {"question": "q", "article": "a", "reference": "r", "answers": ["x", "y"]}
    with serving(fake := FakeTeacher(lambda n, body: rated(*scores))) as url:
        if isinstance(result, str):
            with pytest.raises(Refused, match=result):
                backend(url).rate(**job)
        else:
            assert backend(url).rate(**job) == result
    assert fake.bodies()[0]["temperature"] == 0.0


def test_nothing_to_rate_asks_nothing(backend):
    with serving(fake := FakeTeacher(lambda n, body: rated())) as url:
        assert backend(url).rate("q", "a", "r", []) == []
    assert not fake.bodies()


def turn(question, answer):
    return {"question": question, "answer": answer}


ONE = {"kind": "fact", "turns": [turn(" What is gold? ", "A metal.")]}
AS_ROW = {
    "kind": "fact",
    "messages": [{"role": "user", "content": "What is gold?"}, {"role": "assistant", "content": "A metal."}],
}
SPOILT = {"kind": "malformed", "messages": []}


@pytest.mark.parametrize(
    "listed",
    [
        [ONE, {"kind": "fact"}],
        [ONE, {"turns": [turn("a", "b")]}],
        [ONE, {"kind": "fact", "turns": []}],
        [ONE, {"kind": "fact", "turns": [{"question": "a"}]}],
        [ONE, {"kind": "fact", "turns": [turn("a", None)]}],
        [ONE, {"kind": "fact", "turns": [turn("a", {"text": "b"})]}],
        [ONE, "and so on"],
        [ONE, None],
    ],
)
def test_one_malformed_conversation_costs_itself_alone(listed):
    assert conversations_of(json.dumps({"conversations": listed})) == [AS_ROW, SPOILT]
    assert conversations_of(json.dumps(listed)) == [AS_ROW, SPOILT]  # without the object around them


def test_of_an_answer_that_was_cut_off_the_whole_conversations_are_kept():
    text = json.dumps({"conversations": [ONE, ONE, ONE]})
    assert conversations_of(text[:-30]) == [AS_ROW, AS_ROW]
    assert conversations_of("Sure!\n" + text[:-30]) == [AS_ROW, AS_ROW]


@pytest.mark.parametrize("bad", [{"conversations": [{"kind": "fact"}]}, {"conversations": "x"}, [], {"other": 1}, 3])
def test_nothing_usable_is_refused(bad, backend):
    with serving(FakeTeacher(lambda n, body: json.dumps(bad))) as url, pytest.raises(Refused, match="wrong JSON"):
        backend(url).conversations(GOLD, 3, 2)


# kept answers


def test_an_answer_is_asked_for_once_whatever_the_run(backend):
    with serving(fake := FakeTeacher(lambda n, body: VERDICT)) as url:
        for _ in range(3):
            assert backend(url).judge(**JOB) == ("A", "It is true.")
        assert len(fake.bodies()) == 1
        backend(url).judge(**JOB | {"first": "Another metal."})
        backend(url, model="better").judge(**JOB)
    assert len(fake.bodies()) == 3


def test_what_was_refused_is_not_kept(backend):
    answers = iter(["no JSON", VERDICT])
    with serving(FakeTeacher(lambda n, body: next(answers))) as url:
        with pytest.raises(Refused):
            backend(url).judge(**JOB)
        assert backend(url).judge(**JOB)[0] == "A"


def test_a_text_that_is_too_long_is_shortened_by_sections(backend):
    sections = "\n".join(f"## Section {i}\n" + f"Fact {i} of gold. " * 30 for i in range(8))
    article = {"id": 1, "title": "Gold", "text": "Gold is a metal. " * 20 + "\n" + sections}

    def plan(n, body):
        if len(body["messages"][0]["content"]) > 2500:
            return {"status": 400, "text": "This model's maximum context length is 1024 tokens"}
        return json.dumps({"conversations": [ONE]})

    with serving(fake := FakeTeacher(plan)) as url:
        assert backend(url).conversations(article, 3, 2) == [AS_ROW]
        asked = len(fake.bodies())
        assert backend(url).conversations(article, 3, 2) == [AS_ROW]
    assert asked == len(fake.bodies()) == 3
    shown = fake.bodies()[-1]["messages"][0]["content"]
    assert "Section 0" in shown and "Section 7" not in shown
    with serving(FakeTeacher(lambda n, body: {"status": 400, "text": "prompt is too long"})) as url:
        with pytest.raises(Refused, match="too long"):
            backend(url).conversations(article | {"title": "Silver"}, 3, 2)


def test_shortened_ends_where_a_section_or_a_paragraph_does():
    assert shortened("A first.\n## B\nB one.\n## C\nC one and more of it here.") == "A first.\n## B\nB one."
    assert shortened("One.\nTwo two two.\nThree three three three three.") == "One.\nTwo two two."
    assert shortened("One is here. Two is there. Three is nowhere at all.") == "One is here."
    assert shortened("x" * 100) == "x" * 50


# many jobs


def test_many_at_a_time_and_every_job_once(backend):
    two = threading.Barrier(2)

    def plan(n, body):
        if n < 2:
            two.wait(60)  # the first is answered when the second is there
        asked = body["messages"][0]["content"].split("Question:\n")[1].split("\n")[0]
        return {"text": json.dumps({"reason": asked, "verdict": "A"}), "sleep": 0.03}

    fake = FakeTeacher(plan)
    with serving(fake) as url:
        found = dict(backend(url).map("judge", ({**JOB, "question": f"q{i}"} for i in range(20))))
    assert {i: result[1] for i, result in found.items()} == {i: f"q{i}" for i in range(20)}
    assert 2 <= fake.most <= 4


def jobs(count):
    return ({**JOB, "question": f"q{i}"} for i in range(count))


def test_map_yields_refusals_and_stops_when_the_server_is_gone(backend):
    def plan(n, body):
        return "no JSON" if n == 0 else VERDICT if n < 4 else {"gone": True}

    with serving(FakeTeacher(plan)) as url:
        found = []
        with pytest.raises(InputError, match="cannot be reached"):
            for index, result in backend(url, concurrency=1).map("judge", jobs(10)):
                found.append((index, type(result).__name__))
    assert found == [(0, "Refused"), (1, "tuple"), (2, "tuple"), (3, "tuple")]


def test_a_server_that_gives_nothing_usable_stops_the_run_and_does_not_spoil_the_next(backend):
    with serving(fake := FakeTeacher(lambda n, body: {"status": 400, "text": f"model {n}00 is not loaded"})) as url:
        with pytest.raises(
            InputError, match=r"20 requests in a row .* status 400: model N is not loaded \(20\)"
        ) as error:
            list(backend(url).map("judge", jobs(500)))
        assert "\n" not in str(error.value) and module.MOST_ERRORS <= len(fake.bodies()) <= module.MOST_ERRORS + 8
        fake.plan = lambda n, body: VERDICT
        assert len(list(backend(url).map("judge", jobs(30)))) == 30


def test_now_and_then_an_error_stops_nothing(backend):
    with serving(FakeTeacher(lambda n, body: VERDICT if n % 15 == 0 else "no JSON")) as url:
        found = dict(backend(url, concurrency=1).map("judge", jobs(40)))
    assert sum(isinstance(result, Refused) for result in found.values()) == 37


def test_check_before_work(backend):
    with socket.socket() as nobody:  # has the port and does not listen
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(InputError, match=r"cannot be reached; start the server \(bash scripts/serve_teacher.sh\)"):
            backend(f"http://127.0.0.1:{nobody.getsockname()[1]}/v1").server.check()
    with serving(FakeTeacher(lambda n, body: VERDICT, models=["other", "more"])) as url:
        with pytest.raises(InputError, match="teacher.model m: the server at .* has other, more"):
            backend(url).server.check()
        backend(url, model="more").server.check()


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', '```json\n{"a": 1}\n```', 'Sure! {"a": 1} Bye.', '<think>{"b": 2}</think>\n{"a": 1}', ' \n{"a": 1}\n'],
)
def test_json_is_found(text):
    assert parse_json(text) == {"a": 1}
