"""wikipedia/writing.py: what is a word and what ends a sentence, by script."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipedia import writing


@pytest.mark.parametrize(
    "text, words",
    [
        ("我在2008年，去了北京。", "我 在 2008 年 去 了 北 京"),
        ("東京タワー・Tokyo Tower", "東 京 タ ワ ー Tokyo Tower"),
        ("ไปที่บ้าน", "ไ ป ที่ บ้ า น"),  # a vowel or tone above or below belongs to its letter, one beside it is a letter
        ("ကို။", "ကို"),
        ("នៅ។", "នៅ"),
        ("ປີ 2020", "ປີ 2020"),
        ("서울은 한국의 수도", "서울은 한국의 수도"),
        ("नगर के बीच", "नगर के बीच"),
        ("in the city, 日本", "in the city, 日 本"),
    ],
)
def test_words_of_scripts_without_spaces_are_characters_with_their_marks(text, words):
    assert writing.spaced(text).split() == words.split()


@given(st.text(st.characters(codec="utf-8", max_codepoint=0x24F) | st.sampled_from("αβяцІ—“”…−")))
def test_text_of_latin_greek_and_cyrillic_script_is_left_alone(text):
    assert writing.spaced(text) == text


@given(st.text())
def test_nothing_but_spaces_and_punctuation_is_lost_or_added(text):
    kept = [c for c in writing.spaced(text) if not c.isspace()]
    assert kept == [c for c in text if not c.isspace() and c not in "、。〃〈〉《》「」『』【】・" and c in kept]
    assert writing.spaced(writing.spaced(text)).split() == writing.spaced(text).split()


@pytest.mark.parametrize(
    "text, sounds, letters",
    [
        ("the old town", 10 / 3, 10 / 3),
        ("서울은 수도", (3 + 2) * 2 / 2, 5 / 2),
        ("தமிழ்", 5, 3),  # five characters, two of them marks
        ("हिन्दी", 6, 3),
        ("Việt", 5, 4),
        ("e\u0301a b", 2, 1.5),
    ],
)
def test_lengths_of_words_in_sounds_and_in_letters(text, sounds, letters):
    assert writing.word_lengths(text) == (pytest.approx(sounds), pytest.approx(letters))


def test_words_without_spaces_have_no_length():
    assert math.isnan(writing.word_lengths("我在2008年，去了北京。")[0])
    assert not math.isnan(writing.word_lengths("The capital of Japan is Tokyo (東京).")[0])


def test_a_plain_text_has_nothing_to_tell_apart():
    assert writing.is_plain("Zürich – “Größe”, naïve … Ελλάδα Киев".encode())
    for text in ("한", "अ", "中", "ไ", "ệ", "አ", "e\u0301", "ע", "ع"):
        assert not writing.is_plain(text.encode()), text


@pytest.mark.parametrize(
    "line, expected",
    [
        ("One two three four five.", True),
        ("One two three four five", False),
        ("One two three four.", False),
        ('He said "two three four five."', True),
        ("One two (three four five.)", True),
        ("One two three. Four five", True),
        ("Version 2.5 of one two three", False),
        ("一 二 三 四 五。", True),
        ("एक दो तीन चार पाँच।", True),
        ("One two three four five?", True),
    ],
)
def test_what_is_a_sentence(line, expected):
    assert writing.has_sentence(f"Short.\n{line}\nTail", 5) is expected


@pytest.mark.parametrize(
    "line",
    [
        "یہ شہر دریا کے کنارے واقع ہے۔",
        "ከተማዋ በወንዙ ዳር የምትገኝ ናት።",
        "ከተማዋ በወንዙ ዳር የምትገኝ ናት ::",
        "他住在北京。",
        "彼は東京に住んでいる！",
        "মানুষ নদীর তীরে বাস করে।",
        "Քաղաքը գտնվում է գետի ափին։",
        "မြို့သည် မြစ်၏ ကမ်းတွင် ရှိသည်။",
        "هل المدينة على ضفة النهر؟",
        "དཔལ་ལྡན། བོད་ཡིག མི་མང་ ཚོགས་པ་ ཡིན།",
    ],
)
def test_the_full_stops_of_all_scripts_end_a_sentence(line):
    assert writing.has_sentence(line, 5)
    assert not writing.has_sentence(line.strip("۔።。！।։။؟། :"), 5) or "།" in line or "။" in line


def test_a_long_line_of_thai_or_lao_is_a_sentence_without_a_full_stop():
    line = "ชาวบ้านส่วนใหญ่ประกอบอาชีพทำนาและทำสวนอยู่ริมแม่น้ำทางภาคเหนือของประเทศ"
    assert writing.has_sentence(line, 10)
    assert not writing.has_sentence("- " + line, 10) and not writing.has_sentence("## " + line, 10)
    assert not writing.has_sentence(line[:30], 10)


@pytest.mark.parametrize("text, size", [("abc", 3), ("中文", 4), ("한국 a", 6), ("አማ", 4), ("ไทย", 3)])
def test_the_size_of_a_text_counts_dense_characters_twice(text, size):
    assert writing.size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "青溪镇位于长江北岸，是当地重要的农产品集散地。",
        "川上村は利根川の北側に位置する町で、およそ千人が暮らしている。",
    ],
)
def test_stretches_are_cut_alike_wherever_a_passage_stands(text):
    def cuts(words: list[str]) -> list[int]:
        return [sum(map(len, words[:k])) for k in range(1, len(words))]

    plain = "".join(writing.spaced(text).split())
    found = writing.in_stretches(plain).split()
    assert "".join(found) == plain and 1.3 < len(plain) / len(found) < 8
    moved = cuts(writing.in_stretches("完" + plain + "完").split())
    assert [place - 1 for place in moved if 1 < place < len(plain) + 1] == cuts(found)
    assert writing.in_stretches("Plain text, 3 words") == "Plain text, 3 words"
