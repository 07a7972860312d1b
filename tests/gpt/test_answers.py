"""gpt/answers.py: which questions are asked, and what is measured of the answers, worked out by hand."""

import pytest

from gpt import answers, chat
from gpt.answers import Asked, held_out, measures, repeats
from gpt.decoder import Completion
from tiny import tiny_model, tiny_tokenizer


def said(text, reason="stop"):
    return Completion(text=text, finish_reason=reason)


def test_four_answers_measured_by_hand():
    asked = [Asked([1], reference) for reference in ("Paris.", "Gold is a metal.", "Yes.", "In 1889.")]
    given = [said(" paris"), said("Gold is a river."), said("Yes yes yes yes yes", "length"), said("In  1889.")]
    assert measures(asked, given) == {
        "exact_match": 0.5,  # paris, and 1889 with another space
        "stop_rate": 0.75,
        "repetition": 0.25,
        "answer_words": (1 + 4 + 5 + 2) / 4,
    }
    assert measures([], []) == {}


@pytest.mark.parametrize(
    "text, does",
    [
        ("the first of the first of the first of", True),
        ("It is a river in Europe. It is long. It is a river in Europe.", True),
        ("- one\n- two\n- three", False),
        ("No, no. It is in Peru.", False),
        ("well-known well-known well-known", True),
        ("The Danube rises in Germany and flows into the Black Sea.", False),
    ],
)
def test_what_goes_in_circles(text, does):
    assert repeats(text) is does


def conversation(question, answer):
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def test_the_questions_are_a_hash_of_their_place_and_leave_room(tmp_path):
    tokenizer = tiny_tokenizer(tmp_path / "t.json")
    records = [conversation(f"What is {n}?", f"It is {n}.") for n in range(40)]
    records[7] = conversation("What is " + "gold " * 60, "Gold.")  # leaves no room
    few, all_ = held_out(records, 5, 1, tokenizer, 64), held_out(records, 100, 1, tokenizer, 64)
    assert len(few) == 5 and len(all_) == 39 and few == all_[:5]
    assert few != held_out(records, 5, 2, tokenizer, 64)[:5]
    place = int(few[0].reference.split()[-1].rstrip("."))
    assert few[0].prompt == chat.encode(tokenizer, records[place]["messages"][:1], add_generation_prompt=True)[0]


def test_answers_are_the_likeliest_tokens_whatever_was_drawn_before(tmp_path):
    tokenizer, model = tiny_tokenizer(tmp_path / "t.json"), tiny_model()
    asked = held_out([conversation("What is gold?", "A metal."), conversation("Soft?", "Yes.")], 2, 1, tokenizer, 64)
    first, again = (answers.answers(model, tokenizer, asked) for _ in range(2))
    assert [c.ids for c in first] == [c.ids for c in again]
    alone = [answers.answers(model, tokenizer, [question]) for question in asked]
    shortest = min(len(c.ids) for (c,) in alone)
    assert [c.ids[:shortest] for c in first] == [c.ids[:shortest] for (c,) in alone]
