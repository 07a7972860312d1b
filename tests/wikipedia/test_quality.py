"""wikipedia/quality.py: each rule catches what it is for, by figures counted in plain Python; ordinary prose passes."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clean
import good_articles
from pipeline.config import load_config
from wikipedia import quality
from wikipedia.languages import language

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
        assert rule.settings and all(hasattr(RULES, key) for key in rule.settings), rule.name


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
    text = "Kunnin mesta ken Dunava. " * 3 + " ".join(f"Dunava {k} ken." for k in range(60))
    assert reason(text, rules=with_rules(language="tlh")) is None
    assert reason(text, rules=with_rules(language="en")) == "stop_words"


def test_with_two_languages_the_stop_words_of_either_will_do():
    german = "Die Donau ist ein Fluss in Europa, der im Schwarzwald entspringt und in das Schwarze Meer fließt. " * 2
    rules = with_rules(max_duplicate_5grams=1.0)
    assert reason(german, rules=rules) == "stop_words"
    assert reason(german, rules=rules.model_copy(update={"language": ["en", "de"]})) is None
    assert reason(german, rules=rules.model_copy(update={"language": ["en", "fr"]})) == "stop_words"


def test_where_every_language_stays_english_stop_words_take_nothing():
    german = "Die Donau ist ein Fluss in Europa, der im Schwarzwald entspringt und in das Schwarze Meer fließt."
    assert reason(german + " Sie ist lang.", rules=with_rules(language_prob=0.0)) is None


def test_stop_word_lists_are_of_their_languages():
    lines = {
        "de": "Die Donau ist der zweitlängste Fluss in Europa",
        "fr": "Le Danube est le deuxième fleuve de l'Europe par la longueur",
        "es": "El Danubio es el segundo río más largo de Europa",
        "uk": "Дунай є другою за довжиною річкою в Європі та на заході",
        "el": "Ο Δούναβης είναι ο δεύτερος ποταμός της Ευρώπης και του κόσμου",
        "ru": "Дунай является второй по длине рекой в Европе",
        "zh": "多瑙河是欧洲第二长的河流",
        "ja": "ドナウ川はヨーロッパで二番目に長い川である",
    }
    for code, line in lines.items():
        assert quality.has_stop_words(line, language(code).stop_words, 2), code
        assert not quality.has_stop_words(line, language("en").stop_words, 2), code


@pytest.mark.parametrize("code", good_articles.LANGUAGES)
def test_good_articles_of_every_script_are_kept(code):
    """With the defaults of base.yaml, the language model and all; at least 95 % of 30."""
    rules = load_config("configs/base.yaml", [f"clean.language={code}"]).clean
    articles = good_articles.good_articles(code)
    in_language = clean.language_test(str(clean.language_model(rules)), rules)
    found = quality.reasons_to_drop(articles, [False] * len(articles), rules, in_language)
    assert found.count(None) >= 29, (code, set(found))


# fmt: off
BAD = {
    # too little said, in dense scripts too
    "zh": [("一座小镇。", "short"), ("- 青溪\n- 石桥\n- 白沙\n" * 9, "no_sentence"),
           ("长江流经小镇的北面，小镇的人口约为五千人，以农业为主。\n" * 5, "duplicate_lines"),
           ("1998 2004 1871 2010 1999 12 345 678 的 在 1998 2000。" * 4, "alpha_words")],
    "th": [("เมืองเล็ก", "short"), ("- บ้านสวน\n- หนองบัว\n- ท่าเรือ\n- ดอนแก้ว\n" * 5, "no_sentence")],
    "ja": [("- 利根川\n- 信濃川\n- 石狩川の支流\n- 北上川と最上川\n" * 5, "no_sentence")],
    "ko": [("강 산 들 물 길 집 문 밭 논 숲 의 에 " * 12 + "있다.", "word_length")],
    "ta": [("தென்கிழக்காசியநாடுகளின்கூட்டமைப்புஉறுப்பினர்களின்பொருளாதாரவளர்ச்சியின்முன்னேற்றம் " * 3 + "ஆகும்.", "word_length")],
}
# fmt: on


@pytest.mark.parametrize("code, text, expected", [(code, *case) for code, cases in BAD.items() for case in cases])
def test_the_rules_still_take_what_is_no_prose_in_other_scripts(code, text, expected):
    rules = with_rules(language=code, min_stop_words=0, max_duplicate_5grams=1.0)
    if expected != "duplicate_lines":
        rules = rules.model_copy(update={"max_duplicate_lines": 1.0})
    assert reason(text, rules=rules) == expected


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


@pytest.mark.parametrize(
    "code, title, text",
    [
        ("de", "Ulm (Begriffsklärung)", "Ulm ist eine Stadt."),
        ("de", "Ulm", "Ulm steht für:\n\n- eine Stadt"),
        ("fr", "Ulm", "Ulm peut désigner :\n\n- une ville"),
        ("es", "Ulm", "Ulm puede referirse a:"),
        ("ru", "Ульм", "Ульм может означать:"),
        ("zh", "乌尔姆", "乌尔姆可以指以下："),
        ("he", "אולם (פירושונים)", "אולם היא עיר."),
    ],
)
def test_disambiguations_of_other_languages(code, title, text):
    record = {"title": title, "text": text}
    assert quality.is_disambiguation(record, [code]) and not quality.is_disambiguation(record, ["tr"])
