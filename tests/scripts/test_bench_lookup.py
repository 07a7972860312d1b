"""The examination of the search: its questions, its counting, and that no article's words are asked for twice."""

from scripts.bench import lookup
from stub_search import StubSearch, passage

ASKED = [
    lookup.Asked("What is the capital of Peru?", "Peru", ["Lima"], "Peru", "by hand"),
    lookup.Asked("What is the capital of Chad?", "Chad", ["N'Djamena"], "Chad", "by hand"),
]


def test_a_hundred_questions_by_hand_each_with_answers_and_an_article():
    asked, unanswered = lookup.from_file(lookup.ROOT / "scripts/bench/exam/lookup.txt")
    assert len(asked) == 100 and len({q.text for q in asked}) == 100 and len(unanswered) == 25
    assert all(q.text.endswith("?") and q.article and all(q.answers) for q in asked)
    assert not set(unanswered) & {q.text for q in asked}


def test_the_mini_wikis_questions_and_the_same_on_what_it_has_not(miniwiki):
    asked, unanswered = lookup.from_truth(miniwiki / "miniwiki-truth.json", 100, 7)
    assert len(asked) == 100 and 50 < len(unanswered) < 100
    assert not any(q.subject in text for q in asked if len(q.subject) > 3 for text in unanswered)


def test_the_search_is_counted_by_facts_articles_and_threshold():
    search = StubSearch(passage("Andes", "They are high.", 0.9), passage("Peru", "Its capital is Lima.", 0.7))
    table = [line.split() for line in lookup.retrieval(search, ASKED, ["Who is X?"], 3).splitlines()]
    as_is = next(line for line in table if line[:2] == ["as", "is"])
    assert as_is[2:] == ["2", "50.0", "0.0", "0.0", "100.0"]  # Lima among 3, not first; the first is no named article
    assert table[-1][:6] == ["no", "article", "answers:", "0", "of", "1"]


def test_a_served_model_is_asked_both_ways(monkeypatch):
    def answer(url, text, how):
        if how == "off":
            return "It is Quito.", []
        return "The capital is Lima.", [passage("Peru", "Its capital is Lima.")]

    monkeypatch.setattr(lookup, "answer", answer)
    table, every = lookup.reading("http://x", ASKED, ["Who is X?"])
    rows = {line[:28].strip(): line[28:].split() for line in table.splitlines()}
    assert rows["from memory"] == ["2", "0.0", "0.0", "0.0"]
    assert rows["looked up, as is"] == ["2", "50.0", "100.0", "50.0", "100.0"]
    assert len(every) == 2 * (1 + len(lookup.WAYS)) + 1
