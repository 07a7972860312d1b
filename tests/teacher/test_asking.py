"""A watched run: what it says as it goes, and when it stops before the money is gone."""

import json

import pytest

from fake_teacher import FakeTeacher, serving
from pipeline.config import InputError, load_config
from teacher import asking
from teacher.asking import Watch, ask_for_conversations
from teacher.client import Refused
from teacher.rules.teacher import RulesTeacher


def articles(count):
    return [{"id": n, "title": f"Town {n}", "text": f"Town {n} is a town in Peru."} for n in range(count)]


def talk(title, answer):
    turns = [{"question": f"Where is {title}?", "answer": answer}]
    return json.dumps({"conversations": [{"kind": "fact", "turns": turns}]})


def config(url, folder, *more):
    changes = [
        "teacher.backend=openai",
        f"teacher.base_url={url}",
        "teacher.model=m",
        "teacher.retries=0",
        "teacher.concurrency=4",
        f"teacher.answers={folder}",
    ]
    return load_config("configs/demo.yaml", [*changes, *more])


def ask(cfg, articles):
    return ask_for_conversations(cfg, articles, RulesTeacher(articles, cfg.sft.seed))


def title_of(body):
    return body["messages"][0]["content"].split("\n")[0].removeprefix("Article: ")


def test_a_barren_run_stops_after_the_first_fifty_with_reasons_and_examples(tmp_path):
    def plan(n, body):
        return talk(title_of(body), "It was founded in 1871.")  # in no article

    with serving(fake := FakeTeacher(plan)) as url, pytest.raises(InputError) as error:
        ask(config(url, tmp_path), articles(400))
    said = str(error.value)
    assert "50 of the first 50 articles gave no conversation that is kept: not grounded (50)" in said
    assert said.count("It was founded in 1871.") == asking.EXAMPLES == 3 and "\n" not in said
    assert 50 <= len(fake.bodies()) <= 60


def test_a_run_of_mixed_fortune_goes_on(tmp_path, capsys):
    def plan(n, body):
        number = int(title_of(body).split()[1])
        return talk(title_of(body), f"{title_of(body)} is in {'Peru' if number % 3 else 'Chile'}.")

    with serving(FakeTeacher(plan)) as url:
        found = ask(config(url, tmp_path), articles(90))
    assert len(found) == 90 and all("conversations" in answer for answer in found.values())
    assert "90 answers asked for now" in capsys.readouterr().out


def test_few_articles_are_never_too_few(tmp_path):
    with serving(FakeTeacher(lambda n, body: talk("x", "In 1871."))) as url:
        assert len(ask(config(url, tmp_path), articles(10))) == 10


def test_the_yield_and_what_is_left_in_hours_and_dollars(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(asking.time, "monotonic", lambda: clock[0])
    watch = Watch(total=100, price_per_hour=0.5)
    good = {"kind": "fact", "messages": [{"role": "user", "content": "Where is Town 1?"}]}
    good["messages"].append({"role": "assistant", "content": "Town 1 is in Peru."})
    bad = {"kind": "malformed", "messages": []}
    for n in range(10):
        watch.saw(articles(2)[1], Refused("wrong JSON") if n == 0 else [good, good, bad], 3)
    clock[0] = 3600.0
    # 18 kept of 18 + 9 malformed + 1 refused; ten articles took an hour, ninety take nine, at half a dollar each
    assert watch.note() == "kept 1.8 an article (64%), 9h00m, $4.50 left"
    assert watch.reasons() == "malformed (9), teacher: wrong JSON (1)"


def test_the_rules_are_not_watched(capsys):
    cfg = load_config("configs/demo.yaml", ["teacher.backend=rules"])
    assert len(ask(cfg, articles(60))) == 60
