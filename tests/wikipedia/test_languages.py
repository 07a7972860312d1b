"""wikipedia/languages: the tables of the twenty largest wikis are whole, and a language without one works."""

import pickle
from pathlib import Path

import pytest
import yaml

import extract
from pipeline.config import InputError, load_config
from wikipedia import dump, languages, wikitext
from wikipedia.languages import Language, language

LARGEST = "en de fr es ja ru it zh pt pl uk ar nl sv vi ko fa tr id he".split()


@pytest.mark.parametrize("code", LARGEST)
def test_the_twenty_largest_wikis_have_a_whole_table(code):
    table = language(code)
    assert table.missing() == [] and table.disambiguation_titles and table.disambiguation_first_line
    assert len(set(table.months)) == 12 and table.file_names
    assert code == "en" or (len(table.languages) >= 12 and len(table.templates) >= 2)
    assert len(set(table.stop_words)) == len(table.stop_words) >= 9


@pytest.mark.parametrize(
    "code, day",
    [
        ("de", "7. März 2024"),
        ("es", "7 de marzo de 2024"),
        ("ru", "7 марта 2024 года"),
        ("ja", "2024年3月7日"),
        ("zh", "2024年3月7日"),
        ("ko", "2024년 3월 7일"),
        ("vi", "7 tháng 3 năm 2024"),
        ("he", "7 במרץ 2024"),
        ("tlh", "2024-03-07"),
    ],
)
def test_a_day_is_written_as_the_language_writes_it(code, day):
    assert language(code).date(2024, 3, 7) == day


@pytest.mark.parametrize(
    "code, plain, written",
    [
        ("en", "1234567.5", "1,234,567.5"),
        ("de", "1234567.5", "1.234.567,5"),
        ("fr", "-12345", "-12 345"),
        ("de", "1234", "1234"),
        ("sv", "0.25", "0,25"),
        ("tlh", "1234567.5", "1234567.5"),
    ],
)
def test_numbers_are_grouped_and_pointed_as_the_language_does(code, plain, written):
    assert language(code).number(plain) == written


def test_words_that_yaml_takes_for_truth_values_are_words():
    assert {" se ", " y "} <= set(language("es").stop_words) and " on " in language("en").stop_words
    assert "no" in languages.codes() and language("no").months[4] == "mai"


def test_codes_of_wikis_that_share_a_language():
    assert language("simple").stop_words == language("en").stop_words and language("simple").code == "simple"
    assert language("nb").months == language("no").months


def test_a_language_without_a_table_is_empty_and_says_what_is_off():
    empty = language("tlh")
    assert empty == Language("tlh") and "the rule of stop words" in empty.missing() and len(empty.missing()) == 4
    assert language("../../etc/passwd") == Language("../../etc/passwd")


def test_a_language_travels_to_a_worker():
    assert pickle.loads(pickle.dumps(language("ja"))) == language("ja")


@pytest.mark.parametrize(
    "text, message",
    [("months: [a, b]", "2 months"), ("stopwords: a b", "unknown key 'stopwords'"), ("a: [", "cannot read the table")],
)
def test_a_table_with_a_fault_is_named(tmp_path, text, message):
    path = tmp_path / "xx.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"xx.yaml: .*{message}"):
        languages.read(path, "xx")


# What the <siteinfo> of these wikis names its categories; all else that the pages use is in the tables
CATEGORY = {
    "de": "Kategorie",
    "fr": "Catégorie",
    "es": "Categoría",
    "it": "Categoria",
    "pt": "Categoria",
    "pl": "Kategoria",
    "nl": "Categorie",
    "sv": "Kategori",
    "tr": "Kategori",
    "id": "Kategori",
    "he": "קטגוריה",
}
PAGES = yaml.safe_load((Path(__file__).parent / "pages.yaml").read_text(encoding="utf-8"))


def options(code, **changes):
    site = dump.Site(f"https://{code}.wikipedia.org/wiki/", f"{code}wiki", {14: CATEGORY.get(code, "Category")})
    return extract.conversion_options(load_config("configs/base.yaml"), site)._replace(**changes)


@pytest.mark.parametrize("code", LARGEST)
def test_a_page_of_each_wiki_reads_as_its_readers_see_it(code):
    page = PAGES[code]
    article = wikitext.to_text(page["wikitext"], options(code))
    assert article.text == page["text"].strip() and len(article.categories) == 1 and not article.unknown


@pytest.mark.parametrize(
    "code, text, shown",
    [
        ("fr", "le {{birth date|1850|3|7}}", "le 7 mars 1850"),
        ("fr", "le {{start date|octobre|3}}", "le octobre 3"),
        ("de", "({{lang-tlh|Qo'noS}})", "(Qo'noS)"),
        ("es", "({{IPA-de|bɛʁˈliːn}})", "([bɛʁˈliːn])"),
        ("ru", "{{zh|t=石橋|s=石桥|p=Shíqiáo}}", "石橋"),
        ("uk", "{{lang-grc|μορφή}}", "μορφή"),
        ("en", "{{lang-grc|μορφή}}", "Ancient Greek: μορφή"),
        ("simple", "{{birth date|1850|3|7}}", "March 7, 1850"),
        ("pt", "{{dtlink|7|13|1850}}", "7 de 13 de 1850"),
        ("ja", "{{仮リンク|青川|en|Blue River|label=青い川}}", "青い川"),
    ],
)
def test_english_words_stay_out_of_other_wikis(code, text, shown):
    assert wikitext.to_text(text, options(code)).text == shown


@pytest.mark.parametrize(
    "code, text, shown",
    [
        (
            "fr",
            "{{unité|12345.6|km}}, {{unité|12 km}}, {{unité|8,3|J|mol|-1|K|-1}}",
            "12 345,6 km, 12 km, 8,3 J⋅mol⁻¹⋅K⁻¹",
        ),
        ("fr", "{{unité|10|m|2}} et {{unité|3|e=8|m}}", "10 m² et 3×10⁸ m"),
        ("fr", "{{date|3|octobre|1990}}, {{date||octobre|1990}}", "3 octobre 1990, octobre 1990"),
        ("fr", "{{date|1|10|1990}}, {{start date|1990|10|1}}", "1er octobre 1990, 1er octobre 1990"),
        ("fr", "{{s|XIX|e}}, {{-s|II|e}}, {{XXe siècle}}", "XIXe siècle, IIe siècle av. J.-C., XXe siècle"),
        ("fr", "{{Lien|langue=en|trad=Blue River|fr=Bleue|texte=la Bleue}}", "la Bleue"),
        ("fr", "{{heure|12|30}}, {{heure|7}}, {{nombre|1234|hommes}}", "12 h 30, 7 h, 1 234 hommes"),
        ("fr", "{{formatnum:12345.6}} ou {{formatnum:1234}}", "12 345,6 ou 1 234"),
        ("de", "{{Höhe|1234|DE-NHN}}, {{Höhe|28.1|CH|link=true}}, {{Höhe|5}}", "1234 m ü. NHN, 28,1 m ü. M., 5 m"),
        ("de", "{{svS|Sverige}}, {{Datum|1990-10-03}}", "schwedisch Sverige, 3. Oktober 1990"),
        ("de", "{{FormatNum|12345.6}}, {{formatnum:-12345}}", "12.345,6, −12.345"),
        ("de", "{{Zitat|Es ist so.|Autor=Ann}}", "„Es ist so.“\n— Ann"),
        ("de", "{{convert|12345|km|mi}}", "12.345 km (7671 mi)"),
        ("ja", "{{生年月日と年齢|1990|10|3}}", "1990年10月3日"),
        ("ar", "{{ألمانية|Köln}} {{تاريخ|3|10|1990}}", "بالألمانية: Köln 3 أكتوبر 1990"),
        ("uk", "{{ДН|14|3|1854|2}} {{iw|Річка|Річки|en|River}} {{langi|fr|Seine}}", "2 (14) березня 1854 Річки Seine"),
        ("uk", "{{автошлях Н|10}}, 5 {{градус Цельсія}}", "Н 10, 5 °C"),
        ("ltg", "Beļgeja ({{vol-nl|België}}; {{vol-fr|Belgique}})", "Beļgeja (golandīšu België; praņcīzu Belgique)"),
        ("bg", "{{дата|3|10|1990}}, {{дата|1990-10-03}}", "3 октомври 1990 г., 3 октомври 1990 г."),
        ("bg", "{{число|12345.6}}, {{lang-de|Donau}}", "12 345,6, на немски: Donau"),
        ("es", "{{unidad|12345.6|km}}, {{fecha|3|octubre|1990}}", "12 345,6 km, 3 de octubre de 1990"),
        (
            "es",
            "{{fecha|3|10}}, {{siglo|I|a|s}}, siglos {{siglo|XV}}, {{Siglo|XIX||S}}",
            "3 de octubre, siglo I a. C., siglos XV, Siglo XIX",
        ),
        ("it", "{{M|12345|ul=km}}, {{M|5||m}}, {{data|1|10|1990}}", "12 345 km, 5 m, 1º ottobre 1990"),
        ("ru", "{{num|12345|км}}, {{число|3644826}}, {{дата|3|10|1990}}", "12 345 км, 3 644 826, 3 октября 1990"),
        ("ru", "{{iw|Мечеть|Мечети|de|Moschee}} {{iw|Институт}}", "Мечети Институт"),
        ("pl", "{{data|1990-10-03}}, {{liczba|12345.6}}, {{fakt|tak}}", "3 października 1990, 12 345,6, tak"),
        ("pt", "{{fmtn|12345|km}}, {{dtlink|3|10|1990}}", "12 345 km, 3 de outubro de 1990"),
        ("zh", "{{link-de|边境总督|Markgraf}}", "边境总督"),
        ("en", "{{formatnum:1234567.5}}", "1,234,567.5"),
        (
            "uk",
            "{{ДН|8|1|1901|26|12|1900}}, {{ДС|3|5|1873|21|4|1873}}",
            "26 грудня 1900 (8 січня 1901), 21 квітня (3 травня) 1873",
        ),
        ("uk", "{{дата|2016|4|19}} року, {{OldStyleDate|27|грудня||17}}", "19 квітня 2016 року, 17 (27) грудня"),
        (
            "uk",
            "{{lang3|uk|ru|bg|три}}, {{fact2|так}}, {{автошлях E|85}}, {{К.}}",
            "укр., рос., болг. три, так, Е 85, К.",
        ),
        ("ru", "{{OldStyleDate|22|апреля|1870|10}}, {{СС3|8.4.1765}}", "10 (22) апреля 1870, 8 (19) апреля 1765"),
        ("ru", "{{СС3|25.12.1900}}, {{СС3|29.2.1900}}", "25 декабря 1900 (7 января 1901), 29 февраля (13 марта) 1900"),
        ("pl", "({{ang.|Danube}}){{lang|en}}", "(ang. Danube)"),
        ("es", "45{{esd}}km, {{esd|5 km}}, {{IPA|[ber]}}, {{IPA|ber}}", "45 km, 5 km, [ber], [ber]"),
        ("fr", "{{Mme|Curie}}, {{M.|Dupont}}, {{Dr}}", "Mme Curie, M. Dupont, Dr"),
        ("ko", "{{llang|en|Danube}}", "영어: Danube"),
        ("he", "דנובה{{אנ|Danube}}, {{ציטוטון|כן}}", "דנובה, „כן”"),
        ("fi", "{{k-en|Danube}}, {{lang-tlh|Qo}}", "engl. Danube, Qo"),
        ("cs", "{{vjazyce2|en|Danube}}, {{cizojazyčně|la|Danubius}}", "anglicky Danube, Danubius"),
        ("el", "({{IATA|IST}}), {{marker|type=see|name=Πύργος}}, {{ήχος|a.ogg|Ρο}}", "(ΙΑΤΑ: IST), Πύργος, Ρο"),
        ("ltg", "({{vol-uk|Моще́на}}; {{vol-lv|Pededze}})", "(Моще́на; latvīšu Pededze)"),
    ],
)
def test_numbers_units_and_dates_are_written_as_each_wiki_writes_them(code, text, shown):
    article = wikitext.to_text(text, options(code))
    assert article.text == shown and not article.unknown


@pytest.mark.parametrize(
    "code, text, shown",
    [
        ("uk", "Відень ({{AUT}}), {{USA}}, {{прапорець|NOR}} Осло", "Відень (Австрія), США, Осло"),
        ("ru", "{{USA}}, {{флагификация|DZA}}, {{ALG}}", "США, Алжир, Алжир"),
        ("zh", "* {{CHN}}[[嘉兴]]", "- 中国嘉兴"),
        (
            "de",
            "{{DEU}}, {{ESP|Ziel=Madrid}}, {{FRA|#}} Paris, {{CHE|Schweizer}}",
            "Deutschland, Madrid, Paris, Schweizer",
        ),
        ("fr", "{{DEU}} x", "x"),
    ],
)
def test_codes_of_countries_show_their_names_where_the_wiki_does(code, text, shown):
    assert wikitext.to_text(text, options(code)).text == shown


@pytest.mark.parametrize(
    "code, text, shown",
    [
        (
            "fr",
            "== Œuvres ==\n* {{Ouvrage|prénom1=Victor|nom1=Hugo|titre=Odes|année=1822|éditeur=Pelicier}}",
            "## Œuvres\n\n- Hugo, Victor (1822). Odes. Pelicier.",
        ),
        (
            "de",
            "== Werke ==\n* {{Literatur |Autor=Max Frisch |Titel=Stiller |Datum=1954-05}}",
            "## Werke\n\n- Max Frisch (1954). Stiller.",
        ),
        (
            "ru",
            "== Сочинения ==\n* {{книга|автор=А. Н.|заглавие=Утро|год=1829}}",
            "## Сочинения\n\n- А. Н. (1829). Утро.",
        ),
        (
            "cs",
            "== Dílo ==\n* {{Citace monografie | příjmení = Čapek | jméno = Karel | titul = R.U.R. }}",
            "## Dílo\n\n- Čapek, Karel. R.U.R.",
        ),
        ("es", "Dijo que no.{{cita libro|título=No|autor=Ana|año=1999}}", "Dijo que no."),
        ("ru", "== Источники и литература ==\n* {{книга|автор=А. Н.|заглавие=Утро}}", ""),
    ],
)
def test_works_that_are_cited_in_a_list_are_told(code, text, shown):
    assert wikitext.to_text(text, options(code)).text == shown


def test_a_link_to_a_sound_keeps_its_label():
    assert wikitext.to_text("Hear [[Media:A.ogg|the song]].", options("en")).text == "Hear the song."
    assert wikitext.to_text("[[Image:A.jpg|thumb|A]]x", options("en")).text == "x"


@pytest.mark.parametrize(
    "code, text, expected",
    [
        ("de", "'''Ulm''' steht für:\n* eine Stadt\n{{Begriffsklärung}}", True),
        ("ru", "{{Неоднозначность}}\n'''Ульм'''", True),
        ("ru", "{{неоднозначность|имена}}\n'''Ульм'''", True),
        ("zh", "'''乌尔姆'''\n{{人名消歧義}}", True),
        ("en", "'''Ulm'''\n{{Begriffsklärung}}", False),
        ("de", "'''Ulm''' ist eine Stadt. {{Begriffsklärungshinweis}}", False),
    ],
)
def test_disambiguation_pages_are_known_by_their_languages_templates(code, text, expected):
    assert wikitext.to_text(text, options(code)).disambiguation is expected


@pytest.mark.parametrize(
    "name, base, code",
    [
        ("dewiki", "https://de.wikipedia.org/wiki/", "de"),
        ("ruwiki", "https://en.wikipedia.org/wiki/", "ru"),
        ("zh_yuewiki", "", "zh-yue"),
        ("simplewiki", "", "simple"),
        ("elwikivoyage", "", "el"),
        ("dewiktionary", "", "de"),
        ("miniwiki", "https://miniwiki.example/wiki/", "en"),
        ("", "", "en"),
        ("", "https://fr.wikipedia.org/wiki/", "fr"),
    ],
)
def test_the_language_of_a_wiki_is_told_by_its_name_or_address(name, base, code):
    assert extract.wiki_language(dump.Site(base, name, {})) == code


def test_sections_of_ones_own_take_the_place_of_the_tables():
    assert languages.sections_to_drop(["Geschichte "], "de") == {"geschichte"}
    assert "weblinks" in languages.sections_to_drop("auto", "de")
    assert languages.sections_to_drop("auto", "tlh") == languages.sections_to_drop("auto", "en")


def test_a_wiki_without_a_table_is_told_what_is_off(capsys):
    extract.say_what_is_off("ltg")
    assert "no table for 'ltg'" in capsys.readouterr().out
    extract.say_what_is_off("de")
    assert capsys.readouterr().out == ""
