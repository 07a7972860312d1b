"""gen_sft_data.py: what it keeps apart, and that no kill or failure changes a byte of its files or asks twice."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

import gen_sft_data
from deduped_folder import CAPITALS, countries, deduped
from fake_teacher import FakeTeacher, serving
from pipeline.config import ROOT, InputError, load_config
from tiny import tiny_tokenizer


def overrides(folder, out="sft", *more):
    return [
        f"data.deduped_dir={folder / 'deduped'}",
        f"sft.train_file={folder / out / 'train.jsonl'}",
        f"sft.val_file={folder / out / 'val.jsonl'}",
        "sft.articles=100",
        "sft.conversations=30",
        "sft.val_fraction=0.2",
        f"teacher.answers={folder / out / 'teacher'}",
        f"pref.prompts_file={folder / out / 'pref.jsonl'}",
        "pref.held_out=0",
        f"tokenizer.path={folder / 'tokenizer.json'}",
        "sft.mix={memory: 1}",
        "sft.typing=0",
        "sft.passages=0",
        "sft.keep_out=[]",
        *more,
    ]


def run(folder, out="sft", *more):
    cfg = load_config("configs/demo.yaml", overrides(folder, out, *more))
    gen_sft_data.main(cfg)
    return read(folder, out)


def read(folder, out="sft"):
    return {
        name: [json.loads(line) for line in (folder / out / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("train", "val")
    }


def files(folder, out="sft"):
    return [(folder / out / name).read_bytes() for name in ("train.jsonl", "val.jsonl")]


@pytest.fixture
def home(tmp_path):
    deduped(tmp_path / "deduped", countries(20))
    tiny_tokenizer(tmp_path / "tokenizer.json")
    return tmp_path


def test_lines_split_and_manifest(home, capsys):
    parts = run(home)
    ids = {name: {r["article_id"] for r in lines} for name, lines in parts.items()}
    assert len(ids["val"]) == 4 and len(ids["train"]) == 16 and not ids["train"] & ids["val"]
    questions = {name: {r["messages"][0]["content"] for r in lines} for name, lines in parts.items()}
    assert not questions["train"] & questions["val"]
    for record in parts["train"] + parts["val"]:
        assert set(record) == {"messages", "article_id", "kind"}
        assert [m["role"] for m in record["messages"]] == ["user", "assistant"] * (len(record["messages"]) // 2)
        assert len(record["messages"]) <= 6 and all(
            m["content"] == m["content"].strip() != "" for m in record["messages"]
        )
    manifest = json.loads((home / "sft/manifest.json").read_text())
    assert manifest["counts"]["conversations"] == {"train": len(parts["train"]), "val": len(parts["val"]), "pref": 0}
    assert manifest["counts"]["articles"] == {"train": 16, "val": 4}
    assert sum(manifest["counts"]["kinds"].values()) == len(parts["train"]) + len(parts["val"])
    assert len(manifest["counts"]["kinds"]) >= 5
    assert not (home / "sft/.progress").exists()
    before = (home / "sft/manifest.json").stat().st_mtime_ns
    run(home)
    assert "is up to date" in capsys.readouterr().out and (home / "sft/manifest.json").stat().st_mtime_ns == before


def test_other_text_beside_the_articles_changes_nothing(home):
    run(home)
    told = [f"Utopia is a country. Its capital is Number {k}." for k in range(30)]
    deduped(home / "deduped", countries(20), more={"web": told})
    run(home, "beside")
    assert files(home, "beside") == files(home)


def test_each_country_gets_its_own_capital(home):
    parts = run(home)
    seen = set()
    for record in parts["train"] + parts["val"]:
        for question, answer in zip(record["messages"][::2], record["messages"][1::2]):
            for country, capital in CAPITALS.items():
                asked, ends = question["content"], (f"capital of {country}?", f"capital of {country}.")
                if asked.endswith(ends) and not asked.startswith("Is "):
                    assert answer["content"] == f"The capital of {country} is {capital}."
                    seen.add(country)
    assert len(seen) == 20


def test_the_sample_is_a_hash_of_the_id(home, tmp_path):
    few = run(home, "few", "sft.articles=8")
    more = run(home, "more", "sft.articles=12")
    ids = [{r["article_id"] for lines in parts.values() for r in lines} for parts in (few, more)]
    assert len(ids[0]) == 8 and len(ids[1]) == 12 and ids[0] < ids[1]
    order = [r["article_id"] for r in more["train"]]
    assert order == sorted(order)


def test_long_articles_are_cut_at_a_paragraph():
    article = {"id": 1, "title": "T", "text": "First paragraph here.\nSecond paragraph here.\nThird one."}
    assert gen_sft_data.shown(article, 50)["text"] == "First paragraph here.\nSecond paragraph here."
    assert gen_sft_data.shown(article, 10_000)["text"] == article["text"]
    assert len(gen_sft_data.shown({"id": 1, "title": "T", "text": "One sentence. " * 100}, 60)["text"]) <= 60


# the mix

MIXED = ("sft.mix={memory: 0.5, passage: 0.3, limits: 0.1, company: 0.1}", "sft.typing=0.5", "model.block_size=512")


def family(record):
    return record["kind"].partition("/")[0] if "/" in record["kind"] else "memory"


def test_the_mix_has_the_shares_of_the_config(home):
    parts = run(home, "mixed", *MIXED)
    for lines in parts.values():
        count = Counter(family(r) for r in lines)
        assert count["passage"] == round(count["memory"] * 0.3 / 0.5)
        assert count["limits"] == round(count["memory"] * 0.1 / 0.5) == count["company"]
    kinds = json.loads((home / "mixed/manifest.json").read_text())["counts"]["kinds"]
    assert sum(kinds.values()) == sum(map(len, parts.values()))
    assert {"passage/answer", "limits/premise", "limits/nonsense", "company/greeting", "company/thanks"} <= set(kinds)
    first = {part: {r["messages"][0]["content"].lower() for r in lines} for part, lines in parts.items()}
    assert not first["train"] & first["val"]


def test_the_same_data_again_and_other_data_with_another_seed(home):
    run(home, "one", *MIXED), run(home, "two", *MIXED), run(home, "three", *MIXED, "sft.seed=5")
    assert files(home, "one") == files(home, "two") != files(home, "three")


def test_answers_stay_as_they_are_and_about_the_share_is_typed(home):
    plain, typed = run(home, "plain", *MIXED, "sft.typing=0"), run(home, "typed", *MIXED)
    said = lambda parts, role: [m["content"] for r in parts["train"] for m in r["messages"] if m["role"] == role]
    assert said(plain, "assistant") == said(typed, "assistant")
    changed = [a != b for a, b in zip(said(plain, "user"), said(typed, "user"))]
    assert (
        0.4 < sum(changed) / len(changed) < 0.55
    )  # half of them; a few ways change nothing, such as digits without a number


def test_a_passage_takes_at_most_half_a_block_and_holds_its_answer(home):
    tokenizer = tiny_tokenizer(home / "tokenizer.json")
    parts = run(home, "mixed", *MIXED, "sft.typing=0")
    answers = [r for r in parts["train"] if r["kind"] == "passage/answer"]
    assert len(answers) > 20
    for record in answers:
        text = record["messages"][0]["content"]
        pieces = text.split("\n\n")
        assert len(pieces) == 2
        assert all(len(tokenizer.encode(piece)) <= 256 for piece in pieces)
        for answer in [m["content"] for m in record["messages"][1::2]]:
            assert all(number in text for number in re.findall(r"\d[\d,]*", answer)), record


def test_the_persona_says_who_it_is(home):
    (home / "persona.yaml").write_text(
        "name: Ada\nwhat: a test\nread: two books\nmade: hand\nlanguage: English\nlimits: I know little.\nuntil: null\n"
    )
    parts = run(home, "ada", *MIXED, f"sft.persona={home / 'persona.yaml'}")
    who = [r["messages"][1]["content"] for r in parts["train"] if r["kind"] == "company/who_are_you"]
    assert who and all(answer in ("I am Ada, a test.", "My name is Ada. I am a test.") for answer in who)
    until = [r["messages"][1]["content"] for r in parts["train"] if r["kind"] == "company/until"]
    assert until and all("January 2026" in answer for answer in until)  # the date in the name of demo.yaml's dump
    everything = (home / "ada/train.jsonl").read_text()
    assert "WikiGPT" not in re.sub(r'"role":"user","content":"[^"]*"', "", everything)


@pytest.mark.parametrize(
    "text, says", [("name: Ada\n", "what: field required"), ("name: [\n", "not valid YAML"), (None, "No such file")]
)
def test_a_persona_that_is_not_one_is_named(home, text, says):
    path = home / "p.yaml"
    if text:
        path.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        run(home, "sft", f"sft.persona={path}")
    assert "p.yaml" in str(error.value) and "\n" not in str(error.value)


# a teacher that is a server


def lesson(number, body):
    """A conversation of each kind that the filters know, about the article that the prompt begins with."""
    title = body["messages"][0]["content"].split("\n")[0].removeprefix("Article: ")
    capital = CAPITALS[title]
    good = [
        {
            "kind": "fact",
            "turns": [
                {
                    "question": f"Which city is the capital of {title}?",
                    "answer": f"{capital} is the capital of {title}.",
                }
            ],
        },
        {
            "kind": "multi_turn",
            "turns": [
                {"question": f"Where is {title}?", "answer": f"{title} is a country."},
                {"question": "And its capital?", "answer": f"Its capital is {capital}."},
            ],
        },
    ]
    bad = [
        {"kind": "fact", "turns": [{"question": "What does the article say?", "answer": "Nothing."}]},
        {"kind": "fact", "turns": [{"question": f"How old is {title}?", "answer": f"{title} is 777 years old."}]},
    ]
    return json.dumps({"conversations": good + bad})


def openai(url):
    return [
        "teacher.backend=openai",
        f"teacher.base_url={url}",
        "teacher.model=m",
        "teacher.concurrency=3",
        "teacher.retries=0",
        "teacher.timeout=60",
    ]


def test_a_model_teaches(home):
    with serving(
        FakeTeacher(lambda n, body: "no JSON" if "Article: Cuba" in body["messages"][0]["content"] else lesson(n, body))
    ) as url:
        parts = run(home, "sft", *openai(url))
    counts = json.loads((home / "sft/manifest.json").read_text())["counts"]
    assert counts["conversations"]["train"] + counts["conversations"]["val"] == 19 * 2
    assert counts["dropped"] == {"mentions the article": 19, "not grounded": 19, "teacher: wrong JSON": 1}
    assert {len(r["messages"]) for r in parts["train"]} == {2, 4}


def test_the_order_of_answers_does_not_matter_and_a_lost_server_loses_nothing(home):
    def slow_first(n, body):
        return {"text": lesson(n, body), "sleep": 0.15 if n % 3 == 0 else 0}

    with serving(FakeTeacher(slow_first)) as url:
        run(home, "whole", *openai(url))
    fake = FakeTeacher(lambda n, body: lesson(n, body) if n < 9 else {"gone": True})
    with serving(fake) as url, pytest.raises(InputError, match="goes on where it stopped"):
        run(home, "cut", *openai(url))
    assert not (home / "cut/train.jsonl").exists()
    fake = FakeTeacher(lesson)
    with serving(fake) as url:
        run(home, "cut", *openai(url))
    assert len(fake.bodies()) <= 20 - 7  # what was answered is not asked again
    assert files(home, "cut") == files(home, "whole")


def test_killed_and_run_again_ends_with_the_same_bytes(home):
    with serving(FakeTeacher(lesson)) as url:
        run(home, "whole", *openai(url))
    for kill_after in (4, 9):
        out, asked = f"killed{kill_after}", threading.Event()

        def plan(n, body, kill_after=kill_after, asked=asked):
            if n >= kill_after:
                asked.set()
            return {"text": lesson(n, body), "sleep": 0 if n < kill_after else 60}  # it is killed meanwhile

        with serving(FakeTeacher(plan)) as url:
            command = [
                sys.executable,
                str(ROOT / "src/gen_sft_data.py"),
                "--config",
                "configs/demo.yaml",
                *overrides(home, out, *openai(url)),
            ]
            process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            assert asked.wait(300)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert not (home / out / "train.jsonl").exists()
        with serving(FakeTeacher(lesson)) as url:
            run(home, out, *openai(url))
        assert files(home, out) == files(home, "whole")


def test_another_setting_starts_anew(home):
    run(home)
    first = files(home)
    run(home, "sft", "sft.seed=7")
    assert files(home) != first


def test_the_same_articles_split_in_another_way_ask_nothing(home):
    with serving(fake := FakeTeacher(lesson, models=("m", "other"))) as url:
        run(home, "sft", *openai(url))
        run(home, "sft", *openai(url), "sft.val_fraction=0.5")
        assert len(fake.bodies()) == 20
        run(home, "sft", *openai(url), "teacher.model=other", "sft.articles=3")
    assert len(fake.bodies()) == 23  # another model has not answered yet


def test_what_was_refused_is_asked_again_and_nothing_else(home, capsys):
    def unwell(n, body):
        return (
            {"status": 400, "text": f"error {n}"}
            if "Article: Cuba" in body["messages"][0]["content"]
            else lesson(n, body)
        )

    with serving(fake := FakeTeacher(unwell)) as url:
        run(home, "sft", *openai(url))
        counts = json.loads((home / "sft/manifest.json").read_text())["counts"]
        assert counts["refused"] == 1 and counts["dropped"]["teacher: status 400: error N"] == 1
        asked = len(fake.bodies())
        fake.plan = lesson
        run(home, "sft", *openai(url))
        assert len(fake.bodies()) == asked + 1
        assert "up to date but for 1 articles or passages, which are asked again" in capsys.readouterr().out
        run(home, "sft", *openai(url))
    assert len(fake.bodies()) == asked + 1 and "is up to date\n" in capsys.readouterr().out


def test_a_refused_article_is_never_all_of_val(home):
    """Today's val article refuses: another takes its place, so that there is always something to validate on."""
    with serving(FakeTeacher(lesson)) as url:
        run(home, "sft", *openai(url), "sft.val_fraction=0.01")
    ids = {json.loads(line)["article_id"] for line in (home / "sft/val.jsonl").read_text().splitlines()}
    assert len(ids) == 1

    def refuses(n, body):
        title = body["messages"][0]["content"].split("\n")[0].removeprefix("Article: ")
        return "no JSON" if title in shown_in_val else lesson(n, body)

    titles = {a["id"]: a["title"] for a in countries(20)}
    shown_in_val = {titles[i] for i in ids}
    with serving(FakeTeacher(refuses)) as url:
        parts = run(home, "other", *openai(url), "sft.val_fraction=0.01")
    assert parts["val"] and not {r["article_id"] for r in parts["val"]} & ids


def test_what_is_kept_for_preferences_is_in_no_training_row(home):
    parts = run(home, "sft", "pref.held_out=0.3", "sft.mix={memory: 0.5, passage: 0.3, company: 0.2}")
    held = [json.loads(line) for line in (home / "sft/pref.jsonl").read_text(encoding="utf-8").splitlines()]
    share = len(held) / (len(held) + len(parts["train"]))
    assert 0.1 < share < 0.4 and len({r["kind"] for r in held}) > 3
    questions = [
        {" ".join(r["messages"][0]["content"].lower().split()) for r in rows} for rows in (held, parts["train"])
    ]
    assert not questions[0] & questions[1]
    assert not [r for r in held if r["kind"].startswith("company")]
    assert any(r["kind"].startswith("company") for r in parts["train"])


def test_preview_shows_rows_and_writes_nothing(home, capsys):
    with serving(FakeTeacher(lesson)) as url:
        cfg = load_config("configs/demo.yaml", overrides(home, "sft", *openai(url)))
        gen_sft_data.main(cfg, argparse.Namespace(preview=2))
    out = capsys.readouterr().out
    assert out.count("== ") == 2 and out.count("fact, DROPPED: not grounded") == 2
    assert "Q: Which city is the capital of" in out and not (home / "sft/train.jsonl").exists()


# tasks about passages, by the same teacher

LETTERS = "abcdefghij"


def long_articles(count):
    """Articles of three sections of about 160 words, each with a year and a name of its own."""
    made = []
    for n in range(1, count + 1):
        parts = []
        for place, section in enumerate(("", "History", "Trade")):
            facts = f"Town {LETTERS[n]}{place} was founded in {1500 + 10 * n + place} by Anna Kell{LETTERS[n]}{place}."
            filler = " ".join(f"The market of it sells {word} on every day of the week." for word in WORDS[:14])
            parts.append((f"## {section}\n\n" if section else "") + f"{facts} {filler}")
        made.append({"id": n, "title": f"Town {LETTERS[n]}", "url": "u", "text": "\n\n".join(parts)})
    return made


WORDS = "apples bread cloth dates eggs fish grapes honey iron jars kale lamps milk nuts".split()


def passage_lesson(number, body):
    """To a prompt about a passage one task of each kind that it asks for; a memory prompt gets its town's year."""
    prompt = body["messages"][0]["content"]
    if prompt.startswith("Article: "):
        town, year = re.search(r"(Town \w+) was founded in (\d+)", prompt).groups()
        turns = [{"question": f"When was {town} founded?", "answer": f"{town} was founded in {year}."}]
        return json.dumps({"conversations": [{"kind": "fact", "turns": turns}]})
    town, year, name = re.search(r"(Town \w+) was founded in (\d+) by (Anna \w+)", prompt).groups()
    told = {
        "answer": ("When was it founded?", f"In {year}."),
        "not_said": ("Who is the mayor?", "The text does not say."),
        "summarise": ("Sum it up in one sentence.", f"{town} was founded in {year}. It has a market. It is old."),
        "bullets": ("Three bullet points, please.", "- founded\n- market"),
        "dates": ("List the years.", f"- {year}"),
        "names": ("Who is named?", f"- {name}"),
        "places": ("Which places?", "- Atlantis"),
        "numbers": ("List the numbers.", f"- {year}: the founding"),
        "simplify": ("Simpler, please.", f"{town} is old. It has a market."),
        "rewrite": ("Put it in other words.", f"In {year} {name} founded {town}, and goods are sold there daily."),
        "title": ("A title, please", f"The Market of {town}"),
        "compare": ("Compare them.", f"Both tell of a town; {town} is one of them."),
    }
    kinds = re.findall(r"^\d+\. (\w+): ", prompt, re.MULTILINE)
    turns = [{"kind": k, "turns": [{"question": told[k][0], "answer": told[k][1]}]} for k in kinds]
    return json.dumps({"conversations": turns})


PASSAGES = ("sft.passages=2", "sft.conversations=3", "model.block_size=4096", "sft.mix={memory: 0.14, passage: 0.86}")


def test_a_model_gives_tasks_about_passages_and_each_row_shows_what_it_was_made_from(home):
    deduped(home / "deduped", articles := long_articles(8))
    with serving(fake := FakeTeacher(passage_lesson)) as url:
        parts = run(home, "sft", *openai(url), *PASSAGES)
        asked = len(fake.bodies())
        assert asked == 8 + 16
        run(home, "sft", *openai(url), *PASSAGES, "sft.val_fraction=0.5")
        assert len(fake.bodies()) == asked, "kept for good"
    rows = [r for lines in parts.values() for r in lines if r["kind"].startswith("passage/")]
    counts = json.loads((home / "sft/manifest.json").read_text())["counts"]
    kinds = Counter(r["kind"].partition("/")[2] for r in rows)
    assert len(kinds) >= 6 and "places" not in kinds and "summarise" not in kinds
    assert {"wrong count", "not in the passage"} & set(counts["dropped"])
    texts = {a["id"]: a["text"] for a in articles}
    orders = Counter()
    for record in rows:
        if isinstance(record["article_id"], str):
            continue  # of an invented thing
        message = record["messages"][0]["content"]
        pieces = message.split("\n\n")
        question_first = len(pieces[0].split()) < 10
        orders[question_first] += 1
        shown = pieces[1:] if question_first else pieces[:-1]
        assert all(piece in texts[record["article_id"]] for piece in shown), "no word is changed"
        if record["kind"] != "passage/compare" and len(shown) == 1:
            assert 150 <= len(shown[0].split()) <= 400
    assert orders[True] and orders[False] > orders[True]


def test_tasks_about_passages_that_were_refused_are_asked_again(home):
    deduped(home / "deduped", long_articles(6))

    def unwell(n, body):
        shows_it = body["messages"][0]["content"].startswith("Passage:") and "Town c" in body["messages"][0]["content"]
        return {"status": 400, "text": "no"} if shows_it else passage_lesson(n, body)

    with serving(fake := FakeTeacher(unwell)) as url:
        run(home, "sft", *openai(url), *PASSAGES)
        assert json.loads((home / "sft/manifest.json").read_text())["counts"]["refused"] == 2
        asked, fake.plan = len(fake.bodies()), passage_lesson
        run(home, "sft", *openai(url), *PASSAGES)
        assert len(fake.bodies()) == asked + 2
        first = files(home)
    with serving(FakeTeacher(lambda n, b: {"text": passage_lesson(n, b), "sleep": 0.05 * (n % 3)})) as url:
        run(home, "other", *openai(url), *PASSAGES)
    assert files(home, "other") == first, "whatever was refused first and came last"


# what is too like something else


def test_near_duplicates_and_what_an_examination_asks_are_left_out_and_counted(home):
    exam = home / "exam.jsonl"
    exam.write_text(
        json.dumps({"question": "Which city is the capital of Cuba?", "choices": ["Havana", "Lima"]}) + "\n"
    )
    (home / "exam.txt").write_text("# no line of these\n== part ; yes\n> Where in the world is Peru? | South America\n")

    def alike(n, body):
        title = body["messages"][0]["content"].split("\n")[0].removeprefix("Article: ")
        asked = [
            f"Which city is the capital of {title}?",
            f"And which city is the capital of {title}?",  # 7 pairs of 8 in common
            f"Where in the world is {title}?",
        ]
        answers = [f"{CAPITALS[title]} is the capital of {title}.", f"The city of {CAPITALS[title]}.", "A country."]
        turns = [{"kind": "fact", "turns": [{"question": q, "answer": a}]} for q, a in zip(asked, answers)]
        return json.dumps({"conversations": turns})

    keep_out = f"sft.keep_out=[{exam}, {home / 'exam.txt'}]"
    with serving(FakeTeacher(alike)) as url:
        parts = run(home, "sft", *openai(url), keep_out)
    counts = json.loads((home / "sft/manifest.json").read_text())["counts"]
    # Cuba's first question stands in the examination, so that its second has no twin; so does Peru's third
    assert counts["dropped"] == {"near duplicate": 19, "stands in the examination": 2}
    asked = [r["messages"][0]["content"] for lines in parts.values() for r in lines]
    assert len(asked) == 60 - 21 and "And which city is the capital of Cuba?" in asked
    assert "Which city is the capital of Cuba?" not in asked and "Where in the world is Peru?" not in asked
    exam.write_text("{}\n")
    with serving(FakeTeacher(alike)) as url:
        parts = run(home, "sft", *openai(url), keep_out)  # another examination: made anew, nothing asked
    assert "Which city is the capital of Cuba?" in [r["messages"][0]["content"] for r in parts["train"] + parts["val"]]


def test_what_no_article_answers_and_talk_are_asked_behind_a_search_without_result_too(home):
    """A third to a half of the one, a seventh of the other, and their answers stay: what the model reads is no fact."""
    mix = "sft.mix={memory: 0.2, passage: 0.1, limits: 0.3, company: 0.4}"
    rows = [r for lines in run(home, "unfound", mix, "sft.typing=0").values() for r in lines]
    told = [r for r in rows if r["messages"][0]["content"].startswith("No article was found about this.\n\n")]
    share = lambda test: sum(test(r["kind"]) for r in told) / sum(test(r["kind"]) for r in rows)
    unknown = ("limits/nonsense", "limits/after", "limits/unanswerable")
    assert 0.2 < share(lambda kind: kind in unknown) < 0.6 and 0.05 < share(lambda kind: "company" in kind) < 0.3
    assert {r["kind"] for r in told if "company" not in r["kind"]} <= {*unknown}
    answers = {r["messages"][1]["content"] for r in told if r["kind"] == "company/thanks"}
    assert answers <= {r["messages"][1]["content"] for r in rows if r not in told and r["kind"] == "company/thanks"}


def test_what_everybody_says_comes_again_and_again_and_a_fact_once(home):
    parts = run(home, "chatty", "sft.mix={memory: 0.3, company: 0.7}", "sft.typing=0")
    said = Counter(tuple(m["content"] for m in r["messages"]) for r in parts["train"])
    company = {r["messages"][0]["content"] for r in parts["train"] if family(r) == "company"}
    assert max(count for (question, *_), count in said.items() if question in company) > 1
    assert all(count == 1 for (question, *_), count in said.items() if question not in company)


def test_a_question_of_val_shares_no_thirteen_words_with_train(home):
    tail = "and what would a traveller from a far country see there on a long day in spring?"

    def lesson_with_a_long_question(n, body):
        title = body["messages"][0]["content"].split("\n")[0].removeprefix("Article: ")
        turns = [{"question": f"Where is {title}, {tail}", "answer": f"{title} is a country."}]
        return json.dumps(
            {"conversations": [{"kind": "fact", "turns": turns}, *json.loads(lesson(n, body))["conversations"]]}
        )

    with serving(FakeTeacher(lesson_with_a_long_question)) as url:
        parts = run(home, "sft", *openai(url))
    counts = json.loads((home / "sft/manifest.json").read_text())["counts"]
    assert counts["dropped"]["asked in train too"] == 4
    assert not [r for r in parts["val"] if tail in r["messages"][0]["content"]] and len(parts["val"]) == 8


# clear messages


@pytest.mark.parametrize(
    "more, says",
    [
        (["data.deduped_dir=/nowhere/deduped"], "run python src/dedup.py"),
        (["teacher.backend=openai", "teacher.base_url=http://127.0.0.1:9/v1"], "cannot be reached"),
        (["sft.articles=0"], "sft.articles"),
        (["sft.mix={company: 1}"], "sft.mix|sft: mix needs a share of memory"),
        (["tokenizer.path=/nowhere/t.json"], "run python src/train_tokenizer.py"),
        (["sft.keep_out=[/nowhere/exam.txt]"], "sft.keep_out: /nowhere/exam.txt: not there"),
    ],
)
def test_one_line_for_the_user(home, more, says):
    with pytest.raises(InputError, match=says) as error:
        run(home, "sft", *more)
    assert "\n" not in str(error.value) and not (home / "sft/train.jsonl").exists()


def test_exit_status_two(home):
    command = [
        sys.executable,
        str(ROOT / "src/gen_sft_data.py"),
        "--config",
        "configs/demo.yaml",
        *overrides(home, "sft", "data.deduped_dir=/nowhere/deduped"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home)
    assert (
        done.returncode == 2
        and len(done.stderr.strip().splitlines()) == 1
        and done.stderr.startswith("error: /nowhere/deduped")
    )
