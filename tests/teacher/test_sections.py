"""teacher/sections.py: where an article is cut into passages, by hand-made articles."""

from teacher.sections import cut, draw


def paragraph(words, last="end"):
    return " ".join(f"word{n}" for n in range(words - 1)) + f" {last}."


def always(text):
    return True


def test_a_passage_ends_at_a_heading_once_it_is_long_enough():
    lead, history, trade = paragraph(200, "lead"), paragraph(160, "history"), paragraph(170, "trade")
    text = f"{lead}\n\n## History\n\n{history}\n\n## Trade\n\n{trade}"
    assert cut(text, always) == [("", lead), ("History", history), ("Trade", trade)]


def test_short_sections_go_on_into_the_next_and_stand_as_they_do_in_the_article():
    lead, history, trade = paragraph(60, "lead"), paragraph(50, "history"), paragraph(90, "trade")
    text = f"{lead}\n\n## History\n\n{history}\n\n### Trade\n\n{trade}"
    assert cut(text, always) == [("", text)]
    rest = f"{text}\n\n## More\n\n{paragraph(20)}"
    assert cut(rest, always) == [("", text)], "what is left over and too short is in no passage"


def test_none_is_longer_than_400_words_or_than_fits():
    text = "\n\n".join(paragraph(180, f"p{n}") for n in range(5))
    assert [len(p.text.split()) for p in cut(text, always)] == [360, 360, 180]
    assert [len(p.text.split()) for p in cut(text, lambda t: len(t.split()) <= 200)] == [180] * 5


def test_a_long_paragraph_is_cut_between_sentences():
    sentences = [f"Sentence {n} tells a little of the long story of the old town." for n in range(60)]
    passages = cut(" ".join(sentences), always)
    assert [len(p.text.split()) for p in passages] == [390, 390]
    assert " ".join(p.text for p in passages) == " ".join(sentences)


def test_a_short_article_is_one_passage_and_a_stub_none():
    assert cut(paragraph(80), always) == [("", paragraph(80))]
    assert cut(paragraph(39), always) == [] == cut("", always) == cut("## Only a heading", always)


def test_the_draw_is_a_hash_and_a_second_passage_fits_beside_it():
    article = {"id": 7, "text": "\n\n".join(f"## S{n}\n\n{paragraph(150 + n, f'p{n}')}" for n in range(6))}
    two, four = draw(article, 2, always, 1), draw(article, 4, always, 1)
    assert len(two) == 2 and all(p in four for p in two) and two != draw(article, 2, always, 2)
    for passage in four:
        assert passage["other"] != passage["text"] and passage["other"].split()[-1].startswith("p")
    assert all(p["other"] == "" for p in draw(article, 4, lambda t: len(t.split()) < 290, 1))
