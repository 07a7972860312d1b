"""wikipedia/overlap.py: near duplicates against exact similarities written out, and runs of words by hand."""

import random

from wikipedia.overlap import NearDuplicates, SharedRuns


def pairs(text):
    told = text.lower().rstrip("?.").split()
    return set(zip(told, told[1:]))


def similarity(a, b):
    return len(pairs(a) & pairs(b)) / len(pairs(a) | pairs(b))


def test_a_question_with_a_word_more_is_a_near_duplicate_and_another_one_is_not():
    near = NearDuplicates(0.8)
    question = "Who was the first person to climb the highest mountain of all?"
    assert not near.add(question)
    assert near.add(question.upper()) and near.add(question.rstrip("?"))
    assert near.add("And " + question)  # 12 pairs of 13
    assert not near.add("Who was the last person to see the highest mountain of the world?")
    assert not near.add("Where is it?") and near.add("where is it") and not near.add("What is it?")


def test_what_must_be_equal_is():
    near = NearDuplicates(0.8)
    question = "What happened in the long history of the town in the year {}?"
    assert not near.add(question.format(1871), "1871") and not near.add(question.format(1872), "1872")
    assert near.add(question.format(1871), "1871")


def test_against_exact_similarities_of_all_pairs():
    """1,200 questions, a third of them another with a word changed, left out or added."""
    rng, words = random.Random(3), [f"w{n}" for n in range(400)]
    texts: list[str] = []
    for n in range(1200):
        told = rng.choices(words, k=rng.randint(6, 16)) if n % 3 or not texts else rng.choice(texts).split()
        if n % 3 == 0 and len(told) > 4:
            at = rng.randrange(len(told))
            told[at : at + rng.randrange(2)] = rng.choices(words, k=rng.randrange(2))
        texts.append(" ".join(told))
    near, kept, missed, found = NearDuplicates(0.8), [], 0, 0
    for text in texts:
        twin = any(similarity(text, other) >= 0.8 for other in kept)
        said = near.add(text)
        assert not said or twin, "never one that is not"
        found += said
        missed += twin and not said
        kept += [] if said else [text]
    assert found > 150 and missed <= 0.03 * found, (found, missed)


def test_thirteen_words_in_a_row_or_all_of_a_short_question():
    exam = ["Which of the two bridges over the river was built first and by whom was it planned?", "Are you a robot?"]
    shared = SharedRuns([*exam, "Hello there"], 13, 4)
    thirteen = "the two bridges over the river was built first and by whom was"
    assert shared.any(["nothing", f"Tell me: {thirteen.upper()} paid"])
    assert not shared.any([thirteen.removesuffix(" was"), thirteen.removeprefix("the ")])
    assert shared.any(["are you a ROBOT"]) and not shared.any(["Well, are you a robot?"])
    assert not shared.any(["Hello there"]), "too short to be kept out"
    shared.add(["one two three four"])
    assert shared.any(["One, two, three, four!"])
