"""wikipedia/quality.py: each rule catches what it is for, by figures counted in plain Python; ordinary prose passes."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import load_config
from wikipedia import quality

RULES = load_config().clean
PROSE = (
    "The Danube is a river in Europe, the second longest after the Volga. It rises in the Black Forest and flows "
    "through ten countries before it reaches the Black Sea.\n\n## Course\n\nVienna, Bratislava, Budapest and Belgrade "
    "lie on it.\n\n"
    "## Tributaries\n\n- Inn\n- Drava\n- Tisza\n- Sava\n"
)
TEXTS = st.lists(st.text(st.sampled_from("aB1 é–中\n\t.")), min_size=1, max_size=4)


def reason(text, in_language=lambda text: True, disambiguation=False, rules=RULES):
    return quality.reasons_to_drop([{"text": text}], [disambiguation], rules, in_language)[0]


def with_rules(**changes):
    return RULES.model_copy(update=changes)


def test_ordinary_articles_pass():
    assert reason(PROSE) is None
    stub = (
        "Dahlak is a football club from Asmara in Eritrea that was founded in 1998 and plays in the highest league of "
        "the country."
    )
    assert reason(stub) is None
    assert (
        reason(PROSE + "\n".join(f"- {1900 + k}: the {k}th flood of the river" for k in range(200))) is None
    )  # a long list after prose


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Too short to say anything.", "short"),
        ("Donau Fluss Europa lang Wolga Quelle Schwarzwald " * 5 + "Ende.", "stop_words"),
        ("a b c d e f g h the of " * 12 + "end.", "word_length"),
        ("antidisestablishmentarianism of the incomprehensibilities " * 6 + "ended.", "word_length"),
        ("the of the in 1998 2004 1871 2010 1999 " * 8 + "1998 2000.", "alpha_words"),
        (
            "The members of the club and their years:\n"
            + "\n".join(f"- Member number {k} of the club" for k in range(20)),
            "no_sentence",
        ),
        ("\n".join(["The same line stands here again and again, and nobody took it away."] * 4), "duplicate_lines"),
        (
            "It starts on the same day of the week as March. "
            + "On the same day of the week as March it starts again. " * 9,
            "duplicate_5grams",
        ),
    ],
)
def test_each_rule_has_its_text(text, expected):
    assert reason(text) == expected


def test_a_new_rule_is_one_function_and_sees_the_whole_record(monkeypatch):
    """A rule of one's own, put first: articles whose description calls them lists."""

    def a_list(article, standard):
        return article.record.get("description", "").startswith("List of")

    monkeypatch.setattr(quality, "RULES", (quality.Rule("a_list", "none", a_list), *quality.RULES))
    records = [{"text": PROSE, "description": "List of rivers"}, {"text": PROSE}, {"text": "x", "description": "A"}]
    found = quality.reasons_to_drop(records, [False] * 3, RULES, lambda text: True)
    assert found == ["a_list", None, "short"]


def test_every_rule_names_keys_of_the_clean_section():
    """What the user is told to change must be there to be changed."""
    for rule in quality.RULES:
        assert all(hasattr(RULES, key) for key in rule.setting.split(" and ")), rule.name


def test_flags_come_first_and_language_before_the_rules_of_style():
    assert reason("x", disambiguation=True) == "disambiguation"
    assert reason("Donau Fluss Europa Quelle " * 9, in_language=lambda text: False) == "language"
    assert reason("short", in_language=lambda text: False) == "short"


def test_thresholds_are_the_configs():
    assert reason("Short.", rules=with_rules(min_chars=1, min_stop_words=0, min_sentence_words=0)) is None
    assert (
        reason(PROSE, rules=with_rules(min_chars=len(PROSE))) is None
        and reason(PROSE, rules=with_rules(min_chars=len(PROSE) + 1)) == "short"
    )
    same = "\n".join(["The same line stands here again and again, and nobody took it away."] * 4)
    assert reason(same, rules=with_rules(max_duplicate_lines=0.76, max_duplicate_5grams=1.0)) is None  # 3 of 4 lines


def test_a_language_without_stop_words_has_no_such_rule():
    text = "多瑙河 是 欧洲 第二 长河。 " * 3 + " ".join(f"第{k}河。" for k in range(60))
    assert reason(text, rules=with_rules(language="zh", min_word_length=1)) is None
    assert reason(text, rules=with_rules(language="en", min_word_length=1)) == "stop_words"


def test_stop_word_lists_are_of_their_languages():
    lines = {
        "de": "Die Donau ist der zweitlängste Fluss in Europa",
        "fr": "Le Danube est le deuxième fleuve de l'Europe par la longueur",
        "es": "El Danubio es el segundo río más largo de Europa",
        "uk": "Дунай є другою за довжиною річкою в Європі та на заході",
        "el": "Ο Δούναβης είναι ο δεύτερος ποταμός της Ευρώπης και του κόσμου",
        "ru": "Дунай является второй по длине рекой в Европе",
    }
    for language, line in lines.items():
        assert quality.has_stop_words(line, quality.STOP_WORDS[language], 2), language
        assert not quality.has_stop_words(line, quality.STOP_WORDS["en"], 2), language


@settings(deadline=None)
@given(TEXTS)
def test_word_figures_are_those_of_a_plain_count(texts):
    length, alpha = quality.word_figures([text.lower().encode() for text in texts])
    for k, text in enumerate(texts):
        words = text.lower().split()
        assert length[k] == pytest.approx(sum(map(len, words)) / len(words) if words else 0)
        assert alpha[k] == pytest.approx(
            sum(any(c in "abé中" for c in word) for word in words) / len(words) if words else 0
        )


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), min_size=1, max_size=4))
def test_repeated_ngrams_are_those_of_a_plain_count(texts):
    found = quality.repeated_ngrams([" ".join(words).encode() for words in texts], 3)
    for words, share in zip(texts, found):
        grams = [tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))]
        assert share == pytest.approx(sum(n - 1 for n in Counter(grams).values()) / len(grams))


def test_repeated_lines_count_characters_not_lines():
    assert quality.repeated_lines("") == 0 and quality.repeated_lines("a\n\nb\n\nc") == 0
    assert quality.repeated_lines("aaaa\nbb\naaaa") == pytest.approx(0.4)
    headings = "\n\n".join([f"## Games\n\nA sentence that is long and stands only once, number {k}." for k in range(9)])
    assert quality.repeated_lines(headings) < 0.2


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
    assert quality.has_sentence(f"Short.\n{line}\nTail", 5) is expected


@pytest.mark.parametrize(
    "record, expected",
    [
        ({"title": "Mercury", "text": "Mercury may refer to:\n\n- a planet"}, True),
        ({"title": "Mercury", "text": "Mercury can also refer to:"}, True),
        ({"title": "IWW", "text": "IWW may stand for"}, True),
        ({"title": "Mercury (disambiguation)", "text": "Mercury is a planet."}, True),
        ({"title": "Mercury", "text": "Mercury is a planet.", "disambiguation": True}, True),
        (
            {
                "title": "Mercury",
                "text": "Mercury is a planet. It may refer to an element as well.",
                "disambiguation": False,
            },
            False,
        ),
        ({"title": "Mercury", "text": "Mercury is a planet.\n\nThe word may refer to:\n\n- a god"}, False),
    ],
)
def test_disambiguations_are_told_strictly(record, expected):
    assert quality.is_disambiguation(record) is expected
