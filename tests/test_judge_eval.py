"""judge_eval.py: verdicts put together by hand, and whole runs of models whose answers are known."""

import json

import numpy as np
import pytest

import judge_eval
from deduped_folder import countries, deduped
from fake_teacher import FakeTeacher, serving
from gpt import decoder
from gpt.decoder import Completion
from judge_eval import at_equal_length, plain, wilson
from pipeline.config import InputError, load_config
from pipeline.files import dump_line
from teacher.questions import Question
from tiny import tiny_checkpoint

QUESTIONS = [Question([{"role": "user", "content": f"q{i}"}], "r", i, "fact") for i in range(6)]


def compare(first, second, questions, verdicts, lengths=((5, 5),) * 6):
    answers = {name: [{"text": "x" * pair[side]} for pair in lengths] for side, name in enumerate((first, second))}
    return judge_eval.compare(first, second, questions, answers, verdicts)


def verdicts(*pairs):
    """{name: verdict} of the two orders of each question; None is an answer that was not usable."""
    return {
        f"a|b|{i}|{order}": ({"verdict": v, "reason": ""} if v else {"invalid": "wrong JSON"})
        for i, pair in enumerate(pairs)
        for order, v in zip(("forward", "back"), pair)
    }


def test_both_orders_are_put_together():
    # In the forward order A is the first model's answer, in the other order B is.
    result = compare(
        "a", "b", QUESTIONS, verdicts(("A", "B"), ("B", "A"), ("A", "A"), ("tie", "tie"), ("A", None), ("A", "tie"))
    )
    assert (result["wins"], result["losses"], result["ties"]) == (
        1,
        1,
        3,
    )  # question 2: always slot A, so a tie; question 5: disagreement
    assert result["questions"] == 5 and result["invalid"] == 1 and result["inconsistent"] == 2
    assert result["win_rate"] == pytest.approx((1 + 0 + 0.5 + 0.5 + 0.5) / 5)
    assert result["first_slot_rate"] == pytest.approx(
        6 / 8
    )  # A B, B A, A A, A, A: six times slot A of eight verdicts that are not ties


def test_a_judge_that_always_takes_the_first_slot_decides_nothing():
    result = compare("a", "b", QUESTIONS, verdicts(*[("A", "A")] * 6))
    assert (
        result["win_rate"] == 0.5
        and result["ties"] == 6
        and result["first_slot_rate"] == 1.0
        and result["interval"] == [pytest.approx(0.1876, abs=1e-4), pytest.approx(0.8124, abs=1e-4)]
    )


def test_nothing_usable():
    result = compare("a", "b", QUESTIONS, verdicts(*[(None, None)] * 6))
    assert (
        result["questions"] == 0
        and result["invalid"] == 12
        and result["interval"] == [0.0, 1.0]
        and result["first_slot_rate"] is None
    )


@pytest.mark.parametrize(
    "share, count, low, high",
    [(1.0, 5, 0.5655, 1.0), (0.0, 5, 0.0, 0.4345), (0.5, 10, 0.2366, 0.7634), (0.61, 200, 0.5409, 0.6749)],
)
def test_the_interval_is_wilsons(share, count, low, high):
    """Values of the formula in Wilson (1927), worked out by hand."""
    assert wilson(share, count) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_no_question_no_knowledge():
    assert wilson(0.5, 0) == (0.0, 1.0) and at_equal_length([], []) is None


def test_the_longer_answer_does_not_win_by_its_length():
    random = np.random.default_rng(1)
    longer = random.uniform(-0.8, 0.8, 4000)

    def won(at_zero):
        chance = 1 / (1 + np.exp(-(np.log(at_zero / (1 - at_zero)) + 3 * longer)))
        return [float(x) for x in random.uniform(size=len(longer)) < chance]

    assert at_equal_length(won(0.5), list(longer)) == pytest.approx(0.5, abs=0.03)
    assert at_equal_length(won(0.7), list(longer)) == pytest.approx(0.7, abs=0.03)
    always_longer = [0.5] * 100
    assert 0.5 < at_equal_length([1.0] * 100, always_longer) <= 1.0  # nothing tells length from worth
    assert at_equal_length([1.0, 0.0] * 50, [0.0] * 100) == pytest.approx(0.5)


def test_a_base_model_is_asked_in_plain_text():
    asked = [{"role": "user", "content": "Where is\nLima?"}, {"role": "assistant", "content": "In Peru."}]
    question = Question([*asked, {"role": "user", "content": "And Rome?"}], "r", 1, "fact")
    assert plain(question.prompt) == "Question: Where is Lima?\nAnswer: In Peru.\nQuestion: And Rome?\nAnswer:"


# whole runs


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Two checkpoints: 'right' says Lima to everything, 'wrong' says Rome. All questions are about Peru."""
    lines = [
        {
            "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "It is Lima."}],
            "article_id": 12,
            "kind": "fact",
        }
        for text in ("Capital of Peru?", "Peru has which capital?", "Peru: capital?", "Where is the capital of Peru?")
    ]
    (tmp_path / "val.jsonl").write_bytes(b"".join(dump_line(line) for line in lines))
    deduped(tmp_path / "deduped", countries(20))
    said = {"right": "It is Lima.", "wrong": "It is Rome.", "other": "It is Lima."}
    for seed, name in enumerate(said):
        tiny_checkpoint(tmp_path / name, block_size=96, seed=seed)
    load = decoder.load

    def named(path):
        model, tokenizer = load(path)
        model.said = next(answer for name, answer in said.items() if f"/{name}/" in str(path))
        return model, tokenizer

    monkeypatch.setattr(decoder, "load", named)
    monkeypatch.setattr(
        decoder,
        "generate",
        lambda model, tokenizer, prompts, *rest, **more: [
            Completion(text=model.said, finish_reason="stop") for _ in prompts
        ],
    )
    return tmp_path


def run(home, names, *more):
    checkpoints = "{" + ", ".join(f"{name}: {home / name / 'latest'}" for name in names) + "}"
    judge_eval.main(
        load_config(
            "configs/demo.yaml",
            [
                f"judge.checkpoints={checkpoints}",
                f"judge.report={home / 'reports/judge'}",
                f"teacher.answers={home / 'teacher'}",
                f"sft.val_file={home / 'val.jsonl'}",
                f"data.deduped_dir={home / 'deduped'}",
                "judge.prompts=10",
                "judge.max_new_tokens=32",
                "judge.batch_size=3",
                *more,
            ],
        )
    )
    return json.loads((home / "reports/judge.json").read_text()), (home / "reports/judge.md").read_text()


def test_the_right_model_wins(home, capsys):
    result, text = run(home, ["right", "wrong"])
    (pair,) = result["pairs"]
    assert (pair["wins"], pair["losses"], pair["ties"], pair["win_rate"], pair["interval"]) == (
        4,
        0,
        0,
        1.0,
        [pytest.approx(0.5101, abs=1e-4), pytest.approx(1.0)],
    )
    assert pair["first_slot_rate"] == 0.5 and pair["inconsistent"] == pair["invalid"] == 0
    assert result["models"]["right"] == {
        "words": 3.0,
        "stopped": 1.0,
        "empty": 0,
        "repeats": 0.0,
        "agreement": 1.0,
        "right": 4,
    }
    assert result["models"]["wrong"]["agreement"] < 0.5
    assert "| right | wrong | 4 | 0 | 0 | 100.0% |" in text and "Wilson" in text and "It is Rome." in text
    assert "right 4 : 0 wrong" in capsys.readouterr().out
    again, _ = run(home, ["right", "wrong"])
    out = capsys.readouterr().out
    assert "is up to date" in out and "right 4 : 0 wrong" in out and again == result


def test_three_models_meet_in_pairs(home):
    result, _ = run(home, ["right", "wrong", "other"])
    assert [(p["first"], p["second"], p["win_rate"]) for p in result["pairs"]] == [
        ("right", "wrong", 1.0),
        ("right", "other", 0.5),
        ("wrong", "other", 0.0),
    ]


def judging(number, body):
    """Prefers the answer Lima, except that the question 'Peru: capital?' always goes to slot A."""
    text = body["messages"][0]["content"]
    first = text.split("Answer A:\n")[1].split("\n")[0]
    lima = "A" if first == "It is Lima." else "B"
    return json.dumps({"reason": "r", "verdict": "A" if "Peru: capital?" in text else lima})


def openai(url):
    return [
        "teacher.backend=openai",
        f"teacher.base_url={url}",
        "teacher.model=m",
        "teacher.retries=0",
        "teacher.concurrency=2",
    ]


def test_a_model_judges_in_both_orders_with_the_article(home):
    fake = FakeTeacher(judging)
    with serving(fake) as url:
        result, _ = run(home, ["right", "wrong"], *openai(url))
    (pair,) = result["pairs"]
    assert (pair["wins"], pair["ties"], pair["inconsistent"]) == (3, 1, 1) and pair["first_slot_rate"] == pytest.approx(
        5 / 8
    )
    texts = [b["messages"][0]["content"] for b in fake.bodies()]
    assert len(texts) == 8 and all(
        t.startswith("Article:\nPeru is a country.") and "A correct answer:\nIt is Lima." in t for t in texts
    )
    for question in ("Capital of Peru?", "Peru: capital?"):
        orders = [t.split("Answer A:\n")[1].split("\n")[0] for t in texts if f"Question:\n{question}" in t]
        assert sorted(orders) == ["It is Lima.", "It is Rome."]


def test_a_lost_judge_loses_nothing(home):
    with (
        serving(FakeTeacher(lambda n, body: judging(n, body) if n < 5 else {"gone": True})) as url,
        pytest.raises(InputError, match="goes on"),
    ):
        run(home, ["right", "wrong"], *openai(url))
    port = int(url.split(":")[2].split("/")[0])
    fake = FakeTeacher(judging)
    with serving(fake, port) as url:
        result, _ = run(home, ["right", "wrong"], *openai(url))
    assert len(fake.bodies()) <= 4 and result["pairs"][0]["wins"] == 3


def test_unusable_verdicts_are_counted(home):
    with serving(FakeTeacher(lambda n, body: "A is better" if n == 0 else judging(n, body))) as url:
        result, _ = run(home, ["right", "wrong"], *openai(url))
    assert result["pairs"][0]["invalid"] == 1 and result["pairs"][0]["questions"] == 3


@pytest.mark.parametrize(
    "more, says",
    [
        (["judge.checkpoints={a: /nowhere, b: /nowhere}"], "judge.checkpoints.a: /nowhere: no checkpoint there"),
        (["sft.val_file=/nowhere/val.jsonl"], "run python src/gen_sft_data.py"),
        (["judge.max_new_tokens=90"], "leaves no room for a question"),
        (["judge.checkpoints={a: x}"], "at least 2"),
    ],
)
def test_one_line_for_the_user(home, more, says):
    with pytest.raises(InputError, match=says) as error:
        run(home, ["right", "wrong"], *more)
    assert "\n" not in str(error.value)
