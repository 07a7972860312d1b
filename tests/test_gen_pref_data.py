"""gen_pref_data.py: which pairs become of samples and ratings, small lies that are lies, and a kill that changes
nothing.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gen_pref_data
from deduped_folder import CAPITALS, countries, deduped
from fake_teacher import FakeTeacher, serving
from gen_pref_data import Corruption, another_number, own_pair, temperatures, unfit
from gpt import decoder
from pipeline import stage_output
from pipeline.config import ROOT, InputError, load_config
from pipeline.files import dump_line
from teacher.questions import Question, draw
from teacher.rules import judge
from tiny import tiny_checkpoint, tiny_tokenizer


def question(text, reference, article_id=1, kind="fact"):
    return Question([{"role": "user", "content": text}], reference, article_id, kind)


def capitals():
    return [
        question(f"What is the capital of {country}?", f"The capital of {country} is {capital}.", i)
        for i, (country, capital) in enumerate(CAPITALS.items())
    ]


# pairs


def test_the_best_own_answer_against_the_worst():
    q = question("What is the capital of Peru?", "The capital of Peru is Lima.")
    assert own_pair(q, ["It is Lima.", "It is Rome.", "Lima?"], [0.9, 0.1, 0.6]) == [
        ("own", "It is Lima.", "It is Rome.", "own answers, rated 0.90 and 0.10")
    ]


def test_own_answers_need_a_gap_and_the_worse_may_be_half_right():
    q = question("What is the capital of Peru?", "The capital of Peru is Lima.")
    assert own_pair(q, ["It is Lima.", "Lima, in Peru, in Chile."], [0.9, 0.6])[0][1:3] == (
        "It is Lima.",
        "Lima, in Peru, in Chile.",
    )
    assert own_pair(q, ["It is Lima.", "Lima"], [0.9, 0.7]) == []


def test_no_wrong_answer_is_chosen_by_the_rules():
    """Of samples that are all wrong in some way, none is good enough to be the better side."""
    cases = [
        (
            "Who wrote Hamlet?",
            "Hamlet was written by William Shakespeare.",
            "Hamlet was not written by William Shakespeare.",
        ),
        ("What is the capital of Peru?", "The capital of Peru is Lima.", "The capital of Peru is Lima in Chile."),
        ("When was Ada born?", "Ada was born in 1815.", "Ada was born in 1815 and 1816."),
        ("Who beat Napoleon?", "Wellington beat Napoleon.", "Napoleon beat Wellington."),
    ]
    for text, reference, wrong in cases:
        scores = [judge.score(text, reference, answer) for answer in (wrong, "No.")]
        pairs = own_pair(question(text, reference), [wrong, "No."], scores)
        assert all(chosen == reference for _, chosen, _, _ in pairs), (wrong, scores)


def test_samples_are_spread_over_temperatures():
    assert temperatures(4, 1.0, 0.6) == [0.7, 0.9, 1.1, 1.3]
    assert temperatures(1, 1.0, 0.6) == [1.0] and temperatures(2, 0.1, 0.6) == [0.0, 0.4]


def test_another_round_asks_other_questions(home, tmp_path):
    rounds = [run(home, tmp_path / f"round{n}", f"pref.round={n}", "pref.prompts=12") for n in (1, 2)]
    asked = [{json.dumps(r["prompt"]) for part in parts.values() for r in part} for parts in rounds]
    assert asked[0] and asked[1] and not asked[0] & asked[1]


def test_the_true_answer_where_all_own_ones_are_wrong():
    q = question("What is the capital of Peru?", "The capital of Peru is Lima.")
    assert own_pair(q, ["Rome.", "Oslo."], [0.2, 0.0]) == [
        ("teacher", "The capital of Peru is Lima.", "Oslo.", "the true answer against an own one rated 0.00")
    ]


@pytest.mark.parametrize(
    "answers, ratings",
    [
        (["Lima.", "It is Lima."], [1.0, 0.9]),
        ([], []),
        (["x"], "cut off at max_tokens"),
        (["Lima.", "It is Lima."], [0.9, 0.7]),
    ],
)
def test_no_pair_where_nothing_is_learned(answers, ratings):
    assert own_pair(question("q", "r"), answers, ratings) == []


def test_unfit_pairs():
    assert unfit("It is Lima.", "it is  lima", 2.0) == "both sides equal"
    assert unfit("a" * 100, "b" * 49, 2.0) == "lengths differ too much" and unfit("a" * 100, "b" * 50, 2.0) is None
    assert unfit("b" * 49, "a" * 100, 2.0) == "lengths differ too much"


# corruptions


def test_a_value_is_swapped_for_one_of_the_same_kind():
    questions = capitals() + [
        question(f"How large is {c}?", f"The area of {c} is {1000 + i} square kilometres.", i)
        for i, c in enumerate(CAPITALS)
    ]
    corruption = Corruption(questions)
    for chance, q in enumerate(capitals()):
        ((kind, chosen, rejected, reason),) = corruption.pair(q, chance)
        assert kind == "corrupted" and chosen == q.reference
        start = q.reference[: q.reference.rindex(" is ") + 4]
        assert rejected.startswith(start) and rejected[len(start) : -1] in set(CAPITALS.values()) - {
            q.reference[len(start) : -1]
        }
        assert reason == f"{q.reference[len(start) : -1]} became {rejected[len(start) : -1]}"


def test_a_number_is_changed():
    ((_, chosen, rejected, _),) = Corruption([question("When was Ada born?", "Ada was born in 1815.")]).pair(
        question("When was Ada born?", "Ada was born in 1815."), 5
    )
    assert (
        chosen == "Ada was born in 1815."
        and rejected != chosen
        and len(rejected) == len(chosen)
        and rejected.startswith("Ada was born in 1")
    )


@pytest.mark.parametrize(
    "reference, corrupted",
    [
        ("Yes. The capital of Peru is Lima.", "No. The capital of Peru is Lima."),
        ("No. It is Lima.", "Yes. It is Lima."),
    ],
)
def test_yes_becomes_no(reference, corrupted):
    ((_, _, rejected, _),) = Corruption([]).pair(question("Is it Lima?", reference), 3)
    assert rejected == corrupted


def test_a_name_of_two_words_is_swapped_whole():
    questions = capitals() + [
        question("What is the capital of Mexico?", "The capital of Mexico is Mexico City.", 90),
        question("What is the capital of El Salvador?", "The capital of El Salvador is San Salvador.", 91),
    ]
    for q in questions[-2:]:
        ((_, _, rejected, _),) = Corruption(questions).pair(q, 4)
        assert (
            rejected.rsplit(" is ", 1)[1][:-1] in CAPITALS.values()
            and rejected.rsplit(" is ", 1)[0] == q.reference.rsplit(" is ", 1)[0]
        )


def test_nothing_to_corrupt():
    assert Corruption([]).pair(question("Tell me about rain.", "Rain falls."), 1) == []


@given(
    st.one_of(
        st.integers(0, 10**7).map(str),
        st.integers(1000, 10**7).map("{:,}".format),
        st.floats(0, 1000).map("{:.2f}".format),
    ),
    st.integers(0, 2**64 - 1),
)
def test_another_number_differs_and_looks_alike(text, chance):
    other = another_number(text, chance)
    assert other != text and len(other) == len(text) and [c.isdigit() for c in other] == [c.isdigit() for c in text]
    assert float(other.replace(",", "")) != float(text.replace(",", ""))


# the stage


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """SFT data of 20 countries, two questions each, and a tiny model that knows nothing."""
    folder = tmp_path_factory.mktemp("pref")
    deduped(folder / "deduped", countries(20))
    lines = []
    for i, (country, capital) in enumerate(CAPITALS.items()):
        lines.append(
            {
                "messages": [
                    {"role": "user", "content": f"Capital of {country}?"},
                    {"role": "assistant", "content": f"It is {capital}."},
                ],
                "article_id": 10 + i,
                "kind": "fact",
            }
        )
        lines.append(
            {
                "messages": [
                    {"role": "user", "content": f"{country}?"},
                    {"role": "assistant", "content": "A country."},
                    {"role": "user", "content": "Its capital?"},
                    {"role": "assistant", "content": f"It is {capital}."},
                ],
                "article_id": 10 + i,
                "kind": "multi_turn",
            }
        )
    (folder / "sft").mkdir()
    for name in ("train", "val", "pref"):
        (folder / f"sft/{name}.jsonl").write_bytes(b"".join(dump_line(line) for line in lines))
    tiny_checkpoint(folder / "model", block_size=128)
    return folder


def overrides(home, out, *more):
    return [
        f"data.deduped_dir={home / 'deduped'}",
        f"sft.train_file={home / 'sft/train.jsonl'}",
        f"sft.val_file={home / 'sft/val.jsonl'}",
        f"pref.prompts_file={home / 'sft/pref.jsonl'}",
        f"teacher.answers={out / 'teacher'}",
        f"pref.train_file={out / 'train.jsonl'}",
        f"pref.val_file={out / 'val.jsonl'}",
        f"pref.checkpoint={home / 'model/latest'}",
        "pref.prompts=24",
        "pref.samples=3",
        "pref.max_new_tokens=24",
        "pref.batch_size=6",
        "pref.val_fraction=0.3",
        *more,
    ]


def run(home, out, *more):
    gen_pref_data.main(load_config("configs/demo.yaml", overrides(home, out, *more)))
    return {
        name: [json.loads(line) for line in (out / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("train", "val")
    }


def files(out):
    return [(out / name).read_bytes() for name in ("train.jsonl", "val.jsonl")]


def rater(number, body):
    """Rates the answers 9, 1, 1 ...: whatever they are, the first wins."""
    count = body["messages"][0]["content"].count("\nAnswer ")
    return json.dumps({"ratings": [{"reason": "r", "score": 9 if i == 0 else 1} for i in range(count)]})


def openai(url):
    return [
        "teacher.backend=openai",
        f"teacher.base_url={url}",
        "teacher.model=m",
        "teacher.concurrency=2",
        "teacher.retries=0",
    ]


def test_lines_and_manifest(home, tmp_path, capsys):
    parts = run(home, tmp_path / "pref")
    assert parts["train"] and parts["val"]
    assert not {r["article_id"] for r in parts["train"]} & {r["article_id"] for r in parts["val"]}
    for record in parts["train"] + parts["val"]:
        assert set(record) == {"prompt", "chosen", "rejected", "reason", "kind", "article_id"}
        assert record["prompt"][-1]["role"] == "user" and record["chosen"] != record["rejected"] and record["reason"]
        assert max(len(record["chosen"]), len(record["rejected"])) <= 2 * min(
            len(record["chosen"]), len(record["rejected"])
        )
    counts = json.loads((tmp_path / "pref/manifest.json").read_text())["counts"]
    assert counts["pairs"] == {"train": len(parts["train"]), "val": len(parts["val"])} and counts["questions"] == 24
    run(home, tmp_path / "pref")
    assert "is up to date" in capsys.readouterr().out


def test_what_was_sampled_is_kept_when_only_its_use_changes(home, tmp_path, monkeypatch):
    before = run(home, tmp_path / "pref")
    monkeypatch.setattr(stage_output, "code_of", lambda stage: {"gen_pref_data.py": "edited"})
    monkeypatch.setattr(decoder, "generate", lambda *_, **__: pytest.fail("sampled again"))
    assert run(home, tmp_path / "pref") == before
    assert run(home, tmp_path / "pref", "pref.val_fraction=0.6") != before


def test_a_model_rates(home, tmp_path):
    fake = FakeTeacher(rater)
    with serving(fake) as url:
        parts = run(home, tmp_path / "pref", *openai(url), "pref.max_length_ratio=9")
    assert (
        "Article:\n" in fake.bodies()[0]["messages"][0]["content"]
        and "A correct answer:" in fake.bodies()[0]["messages"][0]["content"]
    )
    own = [r for r in parts["train"] + parts["val"] if r["kind"] == "own"]
    assert all(r["reason"] == "own answers, rated 0.90 and 0.10" for r in own)


def test_killed_and_run_again_ends_with_the_same_bytes(home, tmp_path):
    run(home, tmp_path / "whole")
    command = [
        sys.executable,
        str(ROOT / "src/gen_pref_data.py"),
        "--config",
        "configs/demo.yaml",
        *overrides(home, tmp_path / "cut"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / "cut/samples.jsonl"
    for _ in range(12000):
        if journal.exists() and journal.read_bytes().count(b"\n") > 4 or process.poll() is not None:
            break
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    journal.write_bytes(journal.read_bytes()[:-20])  # and the last line torn
    run(home, tmp_path / "cut")
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_ratings_are_not_asked_twice(home, tmp_path):
    with serving(whole := FakeTeacher(rater)) as url:
        run(home, tmp_path / "whole", *openai(url))
    half = len(whole.bodies()) // 2
    with (
        serving(FakeTeacher(lambda n, body: rater(n, body) if n < half else {"gone": True})) as url,
        pytest.raises(InputError, match="goes on"),
    ):
        run(home, tmp_path / "cut", *openai(url))
    fake = FakeTeacher(rater)
    with serving(fake) as url:
        run(home, tmp_path / "cut", *openai(url))
    # A question none of whose samples ended asks nothing; two requests may be in flight when the server goes.
    assert half <= len(fake.bodies()) <= len(whole.bodies()) - half + 2
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


@pytest.mark.parametrize(
    "more, says",
    [
        (["pref.checkpoint=/nowhere"], "run python src/train_sft.py"),
        (["pref.prompts_file=/nowhere/pref.jsonl"], "run python src/gen_sft_data.py"),
        (["pref.round=9"], "besides the 192 of earlier rounds"),
        (["pref.max_new_tokens=120"], "leaves no room for a question in block_size 128"),
    ],
)
def test_one_line_for_the_user(home, tmp_path, more, says):
    with pytest.raises(InputError, match=says) as error:
        run(home, tmp_path / "pref", *more)
    assert "\n" not in str(error.value) and not (tmp_path / "pref/train.jsonl").exists()


# questions


def test_questions_are_drawn_by_hash_and_fit(home, tmp_path):
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer.json")
    source = home / "sft/train.jsonl"
    few, many = draw(source, 5, 1, tokenizer, 100), draw(source, 15, 1, tokenizer, 100)
    assert len(few) == 5 and len(many) == 15 and {q.text for q in few} <= {q.text for q in many}
    assert draw(source, 5, 1, tokenizer, 100) == few != draw(source, 5, 2, tokenizer, 100)
    for q in draw(source, 40, 1, tokenizer, 100):
        country = next(c for c in CAPITALS if c in q.text)
        assert q.reference in (f"It is {CAPITALS[country]}.", "A country.") and q.prompt[-1]["role"] == "user"
        assert (q.reference == "A country.") == (q.prompt[-1]["content"] == f"{country}?")
    assert any(len(q.prompt) == 3 and q.text.startswith("User: ") for q in draw(source, 40, 1, tokenizer, 100))
    with pytest.raises(InputError, match="holds no question of at most 3 tokens"):
        draw(source, 5, 1, tokenizer, 3)
