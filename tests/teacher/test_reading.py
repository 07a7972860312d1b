"""teacher/reading.py: which tasks a passage gets, and each reason for which a row about one is dropped."""

from collections import Counter

import pytest

from teacher.filters import problem
from teacher.prompts import passage_schema, passage_tasks
from teacher.reading import KINDS, tasks

BRIDGE = (
    "The old bridge of Norrel crosses the river Ems. It was built by Karl Lund in 1874 and has 12 arches. In 1921 a "
    "flood broke two of them, and Greta Holm had them repaired. The bridge is 240 metres long. Today only cyclists and "
    "people on foot may use it, and the town of Norrel keeps it."
)
TOWER = "The tower of Pask stands on a hill. It was a prison for thieves until the king closed it."


def row(kind, question, answer, *more, texts=(BRIDGE,)):
    said = [question, answer, *more]
    messages = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]
    return {"kind": f"passage/{kind}", "texts": list(texts), "messages": messages}


def reason(*args, **kwargs):
    return problem(row(*args, **kwargs), {"id": 1, "title": "Norrel", "text": "Another text. It has 99 words."}, 3)


@pytest.mark.parametrize(
    "good",
    [
        ("answer", "Who built it?", "Karl Lund built it in 1874."),
        ("answer", "What does it say of cyclists?", "They may use the bridge.", "And its length?", "240 metres."),
        ("answer", "Who paid for the bridge?", "The text does not say."),
        ("not_said", "How many people cross it every day?", "The text does not say."),
        ("summarise", "Sum up in one sentence.", "The bridge of Norrel was built in 1874 and repaired after a flood."),
        ("summarise", "Two sentences, please!", "Karl Lund built the bridge in 1874. A flood broke two arches."),
        ("bullets", "Make three bullet points.", "- built in 1874\n- broken in 1921\n- 240 metres long"),
        ("dates", "List all years.", "- 1874\n- 1921"),
        ("dates", "When did what happen?", "1874: the bridge was built\n1921: a flood broke two arches"),
        ("names", "Which people are named?", "- Karl Lund\n- Greta Holm"),
        ("places", "Name the places.", "- Norrel\n- the river Ems"),
        ("numbers", "List the numbers.", "- 12 arches\n- 240 metres\n- 1874\n- 1921"),
        ("simplify", "Explain this to a child.", "There is an old bridge. Karl Lund built it. A flood broke it once."),
        ("rewrite", "Write this as a newspaper would.", "Norrel keeps its bridge of 1874, the work of Karl Lund."),
        ("title", "Give it a title", "The Old Bridge of Norrel"),
    ],
)  # fmt: skip
def test_what_is_fit_passes(good):
    assert reason(*good) is None


@pytest.mark.parametrize(
    "bad, why",
    [
        (("answer", "Who built it?", "Karl Lund built it in 1847."), "not grounded"),
        (("answer", "How many words are there?", "It has 99 words."), "not grounded"),  # the article's
        (("answer", "Who built it?", "It was built by Norbert Lund."), "not grounded"),
        (("answer", "When was the bridge built?", "The text does not say."), "answered after all"),
        (("not_said", "How long is the bridge?", "The text does not say."), "answered after all"),
        (("not_said", "How long is the bridge?", "It is 240 metres long."), "no answer"),
        (("answer", "Who built it?", "I am not sure who built it."), "no answer"),
        (("title", "Give it a title.", "The text does not say."), "no answer"),
        (("summarise", "Sum up in two sentences.", "The bridge was built in 1874."), "wrong count"),
        (("summarise", "In 1 sentence?", "It was built in 1874. It broke in 1921."), "wrong count"),
        (("bullets", "Make three bullet points.", "- built in 1874\n- broken in 1921"), "wrong count"),
        (("bullets", "As bullet points, please.", "It was built in 1874. It broke in 1921."), "wrong count"),
        (("dates", "List all years.", "- 1874"), "incomplete list"),
        (("numbers", "List the numbers.", "- 12 arches"), "incomplete list"),
        (("names", "Who is named?", "- Karl Lund\n- Karl Lund"), "not in the passage"),
        (("names", "Who is named?", "- Karl Holm\n- Greta Holm"), "not in the passage"),
        (("title", "A title?", "Wonders of Medieval Engineering"), "not a title"),
        (("title", "A title?", "A bridge\nof Norrel"), "not a title"),
        (("summarise", "Summarise this.", BRIDGE), "no summary"),
        (("simplify", "Simpler, please.", BRIDGE), "copied"),
        (("rewrite", "In other words?", BRIDGE.replace("Today", "Now")), "copied"),
        (("simplify", "Simpler?", "An old bridge that a man of the name of Lund built long ago and that a flood broke "
          "later was then repaired and is used today by cyclists and by people on foot"), "answer without an end"),
        (("simplify", "Simpler?", "An old bridge that a man of the name of Lund built long ago and that a flood broke "
          "later was then repaired and is used today by cyclists and by people on foot."), "not simpler"),
    ],
)  # fmt: skip
def test_what_is_not_fit_is_named(bad, why):
    assert reason(*bad) == why


def test_a_comparison_takes_something_from_both():
    both = {"texts": (BRIDGE, TOWER)}
    assert reason("compare", "Compare them.", "One tells of a bridge in Norrel, the other of a prison.", **both) is None
    assert reason("compare", "Compare them.", "Both tell of the bridge in Norrel.", **both) == "one of two texts"


def test_kinds_are_drawn_by_weight_and_suit_the_passage():
    drawn = Counter(t.kind for n in range(600) for t in tasks(BRIDGE, "", 3, n))
    assert "compare" not in drawn and set(drawn) == set(KINDS) - {"compare"}
    assert drawn["answer"] > drawn["summarise"] > drawn["title"] > 0
    assert not {"dates", "numbers"} & {t.kind for n in range(200) for t in tasks(TOWER, "", 3, n)}
    assert any(t.kind == "compare" for n in range(200) for t in tasks(BRIDGE, TOWER, 3, n))
    for n in range(50):
        three = tasks(BRIDGE, TOWER, 3, n)
        assert len({t.kind for t in three}) == 3 and three == tasks(BRIDGE, TOWER, 3, n)
    told = {t.asks for n in range(600) for t in tasks(BRIDGE, "", 3, n) if t.kind == "summarise"}
    assert len(told) == 3 and not [asks for asks in told if "{" in asks]


def test_the_prompt_shows_the_passage_first_and_no_title():
    three = tasks(BRIDGE, TOWER, 12, 1)
    (message,) = passage_tasks(BRIDGE, TOWER, three, 3)
    assert message["content"].startswith(f"Passage:\n{BRIDGE}\n\nSecond passage:\n{TOWER}\n\n---\n")
    assert "..." not in message["content"] and all(f". {t.kind}: {t.asks}" in message["content"] for t in three)
    schema = passage_schema(three, 3)["properties"]["conversations"]
    assert schema["minItems"] == schema["maxItems"] == 12
    assert schema["items"]["properties"]["kind"]["enum"] == sorted(KINDS)
