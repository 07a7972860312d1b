"""Languages as data: a table each, <code>.yaml beside this file, and the one object that code asks.

    language("de").months[2] -> "März"      language("de").date(2024, 3, 7) -> "7. März 2024"

A language without a table works: what its table would say is empty, `missing()` says in words what is off because of
that. A new language is a new file; every key may be left out:

    stop_words     very common words that stand between spaces in any running text
    particles      the same for languages whose common words are not set off by spaces: found anywhere in a text
    question_words words that a question is made of and that no answer holds: who, how, please, tell, hello, thanks
    pronouns       words that stand for what was named before: it, she, their
    drop_sections  headings of the sections that are no prose: references, external links ...
    disambiguation templates (their names), titles ("Begriffsklärung" for "X (Begriffsklärung)") and first_line, a
                   regular expression for how the first line of such a page goes on behind the title ("steht für")
    namespaces     file and category: names that the wiki's articles use and its <siteinfo> does not list
    months, date   the names as dates have them; date with {day}, {month}, {year}
    first_day      how the first of a month is written where that is not 1: 1er
    numbers        thousands and decimal: the two separators; group_from: 4 where 1234 is written 1 234, else 5
    languages      names of other languages by code, as lang-xx templates show them before the text
    labels         name of the templates that show such a name before the text, with {code}: lang-xx needs none
    after_label    what stands between the two; a space where it is not said
    cited          templates of cited works, and what they call title, author, last, first, year, publisher, journal
    templates      renderings of the wiki's own templates in the form of extract.templates: see user_renderer.
                   "name; other name: rendering" serves both
    values         tables of words that a rendering asks by name
    silent         templates of the wiki that show no prose
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from pipeline.config import InputError
from wikipedia import tables

FOLDER = Path(__file__).parent
SAME = {"simple": "en", "nb": "no", "nn": "no", "zh-yue": "zh", "wuu": "zh", "be-tarask": "be", "bat-smg": "sgs"}


@dataclass(frozen=True)
class Language:
    """What the code of a stage may know of a language; plain values, so that it travels to worker processes."""

    code: str
    stop_words: tuple[str, ...] = ()  # with the spaces around them; particles without
    question_words: tuple[str, ...] = ()
    pronouns: tuple[str, ...] = ()
    drop_sections: frozenset[str] = frozenset()  # in lower case
    disambiguation_templates: frozenset[str] = frozenset()  # in lower case, with spaces
    disambiguation_titles: tuple[str, ...] = ()
    disambiguation_first_line: str = ""  # a regular expression
    file_names: tuple[str, ...] = ()
    category_names: tuple[str, ...] = ()
    months: tuple[str, ...] = ()  # none or twelve
    date_pattern: str = ""
    first_day: str = ""
    thousands: str = ""
    decimal: str = "."
    group_from: int = 5  # digits
    languages: dict[str, str] = field(default_factory=dict)  # code -> name
    labels: str = ""
    cited: dict[str, str] = field(default_factory=dict)  # argument in this language -> its English name
    cited_templates: tuple[str, ...] = ()  # in lower case
    after_label: str = " "
    countries: dict[str, str] = field(default_factory=dict)  # code -> name, where {{USA}} shows it: data/country_names
    templates: tuple[tuple[str, str], ...] = ()  # (name in lower case, rendering), as extract.templates takes them
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()  # in lower case

    def missing(self) -> list[str]:
        """What is off because the table does not say it, in words for the user."""
        known = {
            "the rule of stop words": self.stop_words,
            "sections that are left out": self.drop_sections,
            "disambiguation pages": self.disambiguation_templates,
            "dates in words": self.months,
        }
        return [what for what, value in known.items() if not value]

    def date(self, year: int, month: int, day: int) -> str:
        """A day in the words of the language; as 2024-03-07 where its months are not known."""
        if not self.months:
            return f"{year:04}-{month:02}-{day:02}"
        shown = self.first_day if day == 1 and self.first_day else day
        return self.date_pattern.format(day=shown, month=self.months[month - 1], year=year)

    def number(self, plain: str) -> str:
        """'1234567.5' -> '1.234.567,5' as the language groups and points it."""
        sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
        whole, point, rest = digits.partition(".")
        if len(whole) >= self.group_from and self.thousands:
            whole = f"{int(whole):,}".replace(",", self.thousands)
        return sign + whole + (self.decimal + rest if point else "")


def names_of_countries(code: str) -> dict[str, str]:
    name = f"country_names/{code}"
    return tables.table(name) if (tables.FOLDER / f"{name}.txt").exists() else {}


@cache
def language(code: str) -> Language:
    """The language of a wiki's or of ISO 639's code; an empty one when it has no table.

    Raises InputError for a table that cannot be read or says what none of our code asks.
    """
    path = FOLDER / f"{SAME.get(code, code)}.yaml"
    return read(path, code) if path.exists() else Language(code)


def sections_to_drop(asked: str | list[str], code: str) -> frozenset[str]:
    """The headings, in lower case, that extract.drop_sections means; by "auto" the table's, or else English ones."""
    if asked != "auto":
        return frozenset(" ".join(name.lower().split()) for name in asked)
    return language(code).drop_sections or language("en").drop_sections


def codes() -> list[str]:
    """The languages that have a table."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


_KEYS = frozenset(
    """stop_words particles question_words pronouns drop_sections disambiguation namespaces months date first_day
    numbers languages labels after_label cited templates values silent""".split()
)


def read(path: Path, code: str) -> Language:
    try:
        table = yaml.load(
            path.read_text(encoding="utf-8"), yaml.BaseLoader
        )  # all strings: `no` and `on` are words here
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot read the table of a language ({error})") from None
    if strange := set(table) - _KEYS:
        raise InputError(f"{path}: unknown key '{min(strange)}'")
    months = tuple(table.get("months", []))
    if len(months) not in (0, 12):
        raise InputError(f"{path}: {len(months)} months")
    cited = dict(table.get("cited", {}))
    cited_templates = tuple(name.lower() for name in cited.pop("templates", []))
    disambiguation, names = table.get("disambiguation", {}), table.get("namespaces", {})
    spaced, particles = table.get("stop_words", "").split(), table.get("particles", "").split()
    return Language(
        code,
        stop_words=(*(f" {word} " for word in spaced), *particles),
        question_words=tuple(table.get("question_words", "").split()),
        pronouns=tuple(table.get("pronouns", "").split()),
        drop_sections=frozenset(name.lower() for name in table.get("drop_sections", [])),
        disambiguation_templates=frozenset(name.lower() for name in disambiguation.get("templates", [])),
        disambiguation_titles=tuple(disambiguation.get("titles", [])),
        disambiguation_first_line=disambiguation.get("first_line", ""),
        file_names=tuple(names.get("file", [])),
        category_names=tuple(names.get("category", [])),
        months=months,
        date_pattern=table.get("date", "{day} {month} {year}"),
        first_day=table.get("first_day", ""),
        thousands=table.get("numbers", {}).get("thousands", ""),
        decimal=table.get("numbers", {}).get("decimal", "."),
        group_from=int(table.get("numbers", {}).get("group_from", 5)),
        languages=table.get("languages", {}),
        labels=table.get("labels", "").lower(),
        after_label=table.get("after_label", " "),
        cited={own.replace("_", " "): english for english, names_ in cited.items() for own in names_.lower().split()},
        cited_templates=cited_templates,
        countries=names_of_countries(path.stem),
        templates=tuple(
            (name.lower(), text) for names_, text in table.get("templates", {}).items() for name in names_.split("; ")
        ),
        values=table.get("values", {}),
        silent=frozenset(name.lower() for name in table.get("silent", [])),
    )
