"""The examination on one page and the closing page: planted figures, intervals worked out by hand, real links."""

import json
import os

import pytest

import browser
from browser import Browser
from pipeline.config import InputError
from pipeline.files import write_json
from run_folder import DEMO, HOSTILE, Page, config, planted_run
from scripts import summary
from scripts.pages import card, closing, data, gallery, rules, training
from tiny import tiny_checkpoint
from wikipedia import quality

SAID = {"base": " and so on", "sft": "The capital of Japan is Kyoto.", "dpo": "The capital of Japan is Tokyo."}


def cfg_of(folder, *overrides):
    return config(
        folder,
        f"eval.report={folder / 'reports/ppl'}",
        f"judge.report={folder / 'reports/judge'}",
        f"lookup.index={folder / 'lookup.sqlite'}",
        f"data.report={folder / 'reports/data.html'}",
        f"sft.train_file={folder / 'sft/train.jsonl'}",
        f"pref.train_file={folder / 'pref/train.jsonl'}",
        *overrides,
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Three checkpoints with their reports, and models that always say the same."""
    planted_run(tmp_path)
    reports, latest = tmp_path / "reports", {n: tmp_path / "checkpoints" / n / "latest" for n in SAID}
    for seed, path in enumerate(latest.values()):
        tiny_checkpoint(path.parent, seed=seed)
        state = path.resolve() / "training_state"
        state.mkdir(exist_ok=True)
        write_json(state / "state.json", {"step": 7, "tokens": 1_024_000, "seconds": 3600.0})
        write_json(state / "evaluation.json", {"val_loss": 3.25})
    log = [{"step": s, "loss": 9.0 / s} for s in range(1, 9)] + [{"step": 8, "val_loss": 2.5}]
    (tmp_path / "checkpoints/base/log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in log))
    row = {"text": "val.bin", "tokens": 3722, "parameters": 2950848}
    write_json(
        reports / "ppl.json",
        {
            "seconds": 60.0,
            "results": [
                {**row, "checkpoint": str(latest["base"]), "bits_per_byte": 1.1764, "perplexity": 20.36},
                {**row, "checkpoint": str(latest["sft"]), "bits_per_byte": 1.9512, "perplexity": 148.1},
            ],
        },
    )
    (reports / "ppl.md").write_text("x")
    said = {"words": 10.4, "stopped": 0.98, "repeats": 0.04, "agreement": 0.4, "right": 20}
    pair = {"first": "old", "second": "new", "wins": 2, "losses": 5, "ties": 43, "win_rate": 0.47}
    write_json(
        reports / "judge.json",
        {
            "judge": "rules",
            "questions": 50,
            "seconds": 60.0,
            "checkpoints": {"old": str(latest["sft"]), "new": str(latest["dpo"])},
            "models": {"old": said, "new": {**said, "right": 25}},
            "pairs": [{**pair, "interval": [0.34, 0.60], "at_equal_length": 0.45}],
        },
    )
    asked = []

    def answer_all(cfg, name, checkpoint, conversations, in_words=None):
        asked.append((name, len(conversations)))
        text = SAID[name.split()[-1]]
        return [{"text": f"{text} {HOSTILE}" if i else text, "stopped": True} for i, _ in enumerate(conversations)]

    monkeypatch.setattr(gallery, "answer_all", answer_all)
    return tmp_path, asked


def quiz(folder, name, right, parts=None):
    results = [
        {"relation": "capital", "question": f"q{i}", "answer": "a", "right": i < right, "stopped": True}
        for i in range(100)
    ]
    more = {"parts": parts, "exam": []} if parts else {}
    write_json(folder / f"reports/quiz-{name}.json", {"asked": 100, "results": results, **more})


def test_the_mean_of_parts_and_its_interval():
    """5 of 5 has Wilson's 56.55 to 100 %, 0 of 5 has 0 to 43.45 %: the mean lies sqrt(0.4345^2) / 2 = 21.7 % about."""
    assert card.mean_of({"a": [5, 5], "b": [0, 5]}) == pytest.approx([0.5, 0.2827, 0.7173], abs=1e-4)
    assert card.mean_of({"a": [86, 100]}) == pytest.approx([0.86, 0.7786, 0.9147], abs=1e-4)
    assert card.share_of(86, 100) == "86 % (78 to 91)" and card.share_of(0, 0) == "–"


def test_the_card_has_every_figure_with_its_interval_and_its_command(run):
    folder, asked = run
    quiz(folder, "sft", 80, {"as is": [80, 100], "capitals": [50, 100]})
    quiz(folder, "dpo", 86, {"as is": [86, 100], "capitals": [51, 100], "hi": [7, 10]})
    card.write_page(cfg_of(folder), DEMO)
    page = Page(folder / "reports/card.html")
    page.check_self_contained()
    text = " ".join(page.text.split())
    for planted in (
        "1.176", "20.4", "148.1", "2,950,848",  # of base and sft; dpo was not scored
        "mean of 2 parts 65 % (58 to 71) 68 % (62 to 74)",  # from 80 (71.1 to 86.7) and 50 (40.4 to 59.6) ..
        "as is (100) 80 % (71 to 87) 86 % (78 to 91)",
        "hi (10) – 70 % (40 to 89)",
        "right (rules) 40 % (28 to 54) 50 % (37 to 63)",
        "sft against dpo 2 : 5 43 47 % (34 to 60) 45 %",
        "bash scripts/demo.sh", f"python src/eval_ppl.py --config {DEMO}", f"python src/judge_eval.py --config {DEMO}",
        "✓ The capital of Japan is Tokyo.", "✗ The capital of Japan is Kyoto.", HOSTILE,
    ):  # fmt: skip
        assert planted in text, planted
    assert asked == [("card: base", 24), ("card: sft", 24), ("card: dpo", 24)]  # no exam: the quiz has asked it
    markdown = (folder / "reports/card.md").read_text()
    assert "| as is (100) | 80 % (71 to 87) | 86 % (78 to 91) |" in markdown
    assert markdown.count("- **") == 24 and f"`python src/judge_eval.py --config {DEMO}`" in markdown


def test_without_a_quiz_company_and_texts_are_asked_here_and_once(run):
    folder, asked = run
    card.write_page(cfg_of(folder), DEMO)
    items = len(list(gallery.exam.company())) + len(gallery.exam.passages())
    assert asked == [("card: base", 24), ("card: sft", 24 + items), ("card: dpo", 24 + items)] and items > 80
    card.write_page(cfg_of(folder), DEMO)
    assert len(asked) == 3
    found = json.loads((folder / "reports/card.json").read_text())
    assert set(found["examination"]) == {"sft", "dpo"} and set(found["examination"]["dpo"]["parts"]) == {
        "company", "passages"}  # fmt: skip
    tiny_checkpoint(folder / "checkpoints/dpo", seed=9)
    card.write_page(cfg_of(folder), DEMO)
    assert [name for name, _ in asked[3:]] == ["card: dpo"]


def test_a_quiz_older_than_the_checkpoint_is_another_models(run):
    folder, _ = run
    quiz(folder, "dpo", 86, {"as is": [86, 100]})
    os.utime(folder / "reports/quiz-dpo.json", (1, 1))
    card.write_page(cfg_of(folder), DEMO)
    assert "as is" not in (folder / "reports/card.md").read_text()


def test_models_that_share_no_part_have_means_of_their_own():
    found = card.examined({"sft": {"company": [1, 2]}, "dpo": {"as is": [3, 4]}})
    assert [found[name]["mean"][0] for name in found] == [0.5, 0.75] and found["sft"]["of"] == 0


def test_no_checkpoint_is_one_line(tmp_path):
    with pytest.raises(InputError, match="run python src/train.py"):
        card.write_page(cfg_of(tmp_path), DEMO)
    with pytest.raises(InputError, match="no stage has run"):
        closing.write_page(cfg_of(tmp_path), DEMO)


def test_the_bill_has_hours_dollars_and_the_courses_figure(run):
    folder, _ = run
    lines = {line[0]: line[1:] for line in summary.bill(cfg_of(folder, "train.price_per_hour=0.4"))}
    assert lines["train"][1:] == ["1h00m", "$0.40", "20 to 24 h"]
    assert lines["dedup"][2] == ""  # on the laptop
    assert lines["together"][2] == "$1.21"  # three trainings of an hour, and two minutes of eval_ppl and judge_eval
    assert "$14.40" in lines["together"][3] and "36 h" in lines["together"][3]
    assert all(line[3] == "" for line in summary.bill(cfg_of(folder)))  # your own machine


def test_the_closing_page_leads_everywhere_and_nowhere_that_is_not_there(run):
    folder, _ = run
    cfg = cfg_of(folder, "train.price_per_hour=0.4")
    for write_page in (data.write_page, training.write_page, card.write_page, closing.write_page):
        write_page(cfg, DEMO)
    page = Page(folder / "reports/index.html")
    page.check_self_contained()
    links = page.links()
    assert {"card.html", "card.md", "data.html", "ppl.md", "../checkpoints/report.html"} <= set(links)
    assert all((folder / "reports" / link).exists() for link in links)
    text = " ".join(page.text.split())
    for planted in ("$1.21", "$14.40", "1,234", "Pretraining", "1.02M tokens of pretraining", "Kyoto",
                    f"python src/serve.py --config {DEMO}", "perplexity", "docs/README.md"):  # fmt: skip
        assert planted in text, planted


def test_the_bill_says_that_a_training_is_not_finished(tmp_path):
    state = tmp_path / "checkpoints/sft/latest/training_state"
    write_json(state / "evaluation.json", {"val_loss": 1.5})
    for step, said in (
        (1400, "1,400 steps of 2,314, not finished, val loss 1.500"),
        (2314, "2,314 steps, val loss 1.500"),
    ):
        write_json(state / "state.json", {"step": step, "steps": 2314, "seconds": 60.0})
        (row,) = (line for line in summary.bill(cfg_of(tmp_path)) if line[0] == "train_sft")
        assert row[1] == said


def test_a_column_that_says_nothing_is_left_out():
    head, lines = closing.without_empty(["stage", "cost", "took"], [["clean", "", "1s"], ["dedup", "", ""]])
    assert (head, lines) == (["stage", "took"], [["clean", "1s"], ["dedup", ""]])
    assert closing.without_empty(["stage", "cost"], [["train", "$4"]]) == (["stage", "cost"], [["train", "$4"]])


def test_the_closing_page_of_a_build_that_has_only_begun(tmp_path):
    planted_run(tmp_path)
    closing.write_page(cfg_of(tmp_path), DEMO)
    page = Page(tmp_path / "reports/index.html")
    assert "1,234" in page.text and "The examination" not in page.text and "Conversations" not in page.text


# the rules and what they measure


def article(number, text, url="https://en.wikipedia.org/wiki/X"):
    return {"id": number, "title": f"Title {number}", "url": url, "text": text}


def test_the_rules_show_their_thresholds_and_the_articles_beside_them(tmp_path):
    sentence = "This is one of the sentences that are in the article and it has a number of words. "
    records = [article(i, sentence * (i + 1)) for i in range(6)]  # 83, 166, ... characters
    records.append(
        article(9, "Dies ist ein Satz auf Deutsch und er hat sehr viele Wörter. " * 3, "javascript:alert(1)")
    )
    (tmp_path / "part-00000.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    html = rules.section(cfg_of(tmp_path), tmp_path)
    assert "<code>min_chars: 100</code> takes 1 of 7" in html
    assert "<code>language_prob: 0.5</code> takes 1 of 7" in html
    assert "<code>max_word_length: 10</code> takes 0 of 7" in html  # a bound from above
    assert html.count('class="limit"') == 8  # six rules with one threshold, one with two
    assert '<a href="https://en.wikipedia.org/wiki/X">Title 0</a>: 83' in html  # just left out
    assert "javascript:" not in html and "Title 9" in html
    assert "en</span>" in html and "6 · 85.7%" in html and "1 · 14.3%" in html


def test_a_sample_is_from_all_files(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "SAMPLE", 6)
    for k in range(3):
        path = tmp_path / f"part-{k:05}.jsonl"
        path.write_text("".join(json.dumps(article(10 * k + i, "x")) + "\n" for i in range(9)))
    ids = [record["id"] for record in rules.sample(sorted(tmp_path.glob("part-*.jsonl")))]
    assert ids == [0, 1, 10, 11, 20, 21]


def test_every_rule_with_a_measure_is_a_rule_of_clean(tmp_path):
    names = {rule.name for rule in quality.RULES}
    found = rules.Measured([], [])
    measured = {measure.rule for measure in rules.measures(config(tmp_path).clean, found)}
    assert measured == names - {"disambiguation", "no_sentence"}  # these two are yes or no


@pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))
def test_pages_fit_a_phone_and_the_search_finds(run, tmp_path):
    folder, _ = run
    cfg = cfg_of(folder)
    for write_page in (data.write_page, card.write_page, closing.write_page):
        write_page(cfg, DEMO)
    with Browser(tmp_path / "profile", 390, 800) as page:
        for name in ("data", "card", "index"):
            page.open((folder / f"reports/{name}.html").as_uri())
            assert page.run("return document.documentElement.scrollWidth") <= 390, name
        page.open((folder / "reports/data.html").as_uri())
        shown = "return [...document.querySelectorAll('#articles > details')].filter(d => d.checkVisibility()).length"
        assert page.run(shown) == 5  # of 7
        page.type("#find", "title 4")
        assert page.run(shown) == 1 and page.run("return document.title") == "From dump to tokens"
