"""How an article is cut into passages."""

from hypothesis import given
from hypothesis import strategies as st

from wikipedia import writing
from wikipedia.passages import passages, shown


def words(n: int, word: str = "word") -> str:
    """n words in sentences of ten."""
    return " ".join(word + ("." if k % 10 == 9 or k == n - 1 else "") for k in range(n)).replace(". w", ". W")


def lengths(text: str) -> list[int]:
    return [len(shown(text, p).split()) for p in passages(text)]


def test_paragraphs_of_a_good_length_stay_and_short_ones_are_joined():
    text = "\n\n".join([words(100), words(30), words(40), words(150)])
    assert lengths(text) == [170, 150]  # 100 + 30 + 40: none has less than 60 or more than 200
    assert lengths("\n\n".join([words(100)] * 3)) == [100, 100, 100]


def test_a_long_paragraph_is_cut_between_sentences():
    text = words(450)
    found = [shown(text, p) for p in passages(text)]
    assert [len(part.split()) for part in found] == [150, 150, 150] and all(part.endswith(".") for part in found)
    assert " ".join(found) == text


def test_a_passage_has_its_heading_beside_it_not_in_it():
    text = f"{words(70)}\n\n## History\n\n{words(80)}\n\n### Later\n\n{words(90)}"
    assert [(p.section, len(shown(text, p).split())) for p in passages(text)] == [
        ("", 70),
        ("History", 80),
        ("Later", 90),
    ]
    assert not any("#" in shown(text, p) for p in passages(text))


def test_short_sections_are_joined_over_their_headings():
    text = f"{words(30)}\n\n## Use\n\n{words(20)}\n\n## Name\n\n{words(20)}"
    found = passages(text)
    assert (
        len(found) == 1
        and found[0].section == ""
        and shown(text, found[0]).split() == (words(30) + " " + words(20) + " " + words(20)).split()
    )


def test_an_end_that_is_too_short_goes_to_what_is_before_it():
    assert lengths(f"{words(100)}\n\n{words(101)}\n\n## End\n\n{words(10)}") == [100, 111]


def test_an_article_of_one_heading_or_of_nothing_has_no_passage():
    assert passages("") == [] and passages("\n\n") == [] and passages("## Empty\n\n## Too") == []


def test_scripts_without_spaces_are_counted_by_characters():
    text = "日本の首都は東京である。" * 40  # 440 characters
    found = [shown(text, p) for p in passages(text)]
    assert len(found) == 3 and "".join(found) == text and all(part.endswith("。") for part in found)


@given(
    st.lists(
        st.sampled_from(["Word. ", "word ", "\n\n", "\n\n## Head\n\n", "東京。", "e.g. ", "Dr. No! "]), max_size=400
    )
)
def test_nothing_is_lost_and_nothing_is_twice(parts):
    text = "".join(parts)
    found = passages(text)
    assert all(a.end <= b.start for a, b in zip(found, found[1:]))
    between = text
    for p in reversed(found):
        between = between[: p.start] + between[p.end :]
    assert not between.replace("## Head", "").strip()


def test_sentences_end_at_full_stops_but_those_of_abbreviations():
    text = 'Dr. No is a film by J. R. R. Smith. It cost 3.5 million, e.g. more. "Yes!" he said.\n\n日本です。東京だ。'
    found = writing.sentences(text)
    assert [s.strip() for s in found] == [
        "Dr. No is a film by J. R. R. Smith.",
        "It cost 3.5 million, e.g. more.",
        '"Yes!" he said.',
        "日本です。",
        "東京だ。",
    ]
    assert "".join(found) == text
