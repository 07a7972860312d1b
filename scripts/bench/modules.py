"""Our templates beside Wikipedia's own Lua modules, call by call -> rows for RESULTS.md

    python scripts/bench/modules.py MODULES --dump enwiki-....xml.bz2 [--dump ...] [--grid 400] [--show 20] [--only age]

MODULES is a folder with the Lua text of the modules (Age.lua, Date.lua, Val.lua, Val_units.lua, Convert.lua,
Convert_data.lua ...) from a wiki's dump; lupa runs them (pip install lupa). Two sets of calls for each template: those
in the dumps' articles, and a grid of generated ones with a fixed seed, all of them on 15 January 2026. Both the call
and the wikitext that the module makes of it go through our extraction: alike means the same text to the character. What
the module refuses (MediaWiki shows an error), and a module that is not in the folder, is left out and counted.
"""

import argparse
import calendar
import random
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(Path(__file__).parent)]
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

from lua_modules import Judge, judge, without_hidden  # noqa: E402
from pipeline.cli import or_input_error  # noqa: E402
from pipeline.ending import Parser, script_main  # noqa: E402
from wikipedia import dump as dumps  # noqa: E402
from wikipedia.templates.base import Context  # noqa: E402
from wikipedia.wikitext import Options, to_text  # noqa: E402

NOW = datetime(2026, 1, 15, 12, 0)
Draw = Callable[[random.Random], str]


def day(r: random.Random, since: int = 1850) -> tuple[int, int, int]:
    year, month = r.randint(since, 2025), r.randint(1, 12)
    return year, month, r.randint(1, calendar.monthrange(year, month)[1])


def written(r: random.Random, moment: tuple[int, int, int]) -> str:
    """The arguments of a date: 1990|5|2, 1990|05|02, 1990|May|2, or one text"""
    year, month, of_month = moment
    name = calendar.month_name[month]
    return r.choice(
        [f"{year}|{month}|{of_month}"] * 3
        + [f"{year}|{month:02}|{of_month:02}", f"{year}|{name}|{of_month}", f"{year}|{name[:3]}|{of_month}"]
        + [f"{of_month} {name} {year}", f"{name} {of_month}, {year}", f"{year}-{month:02}-{of_month:02}"]
    )


def two_dates(r: random.Random) -> str:
    """An earlier and a later date written alike, or one"""
    first, last = sorted((day(r), day(r)))
    if r.random() < 0.08:  # two years, or the later date first
        return f"{first[0]}|{last[0]}"
    if r.random() < 0.05:
        first, last = last, first
    state = r.getstate()
    one = written(r, first)
    r.setstate(state)
    other = written(r, last)
    return one if r.random() < 0.25 else f"{one}|{other}"


def one_date(r: random.Random) -> str:
    return written(r, day(r, 1900)) + r.choice(["", "", "|df=y", "|df=yes", "|mf=y"])


def later_first(r: random.Random) -> str:
    first, last = sorted((day(r), day(r)))
    if r.random() < 0.15:
        return f"{last[0]}|{first[0]}"
    state = r.getstate()
    one = written(r, last)
    r.setstate(state)
    return f"{one}|{written(r, first)}" + r.choice(["", "", "|df=y", "|mf=yes"])


def with_options(draw: Draw, *options: str) -> Draw:
    def drawn(r: random.Random) -> str:
        return draw(r) + (r.choice(options) if r.random() < 0.4 else "")

    return drawn


def interval(r: random.Random) -> str:
    first, last = sorted((day(r), day(r)))
    texts = [f"{d} {calendar.month_name[m]} {y}" for y, m, d in (first, last)]
    shown = r.choice(["", "y", "ym", "ymd", "ymw", "ymwd", "yd", "m", "md", "w", "wd", "d"])
    return "|".join(texts) + (f"|show={shown}" if shown else "")


def sortable_date(r: random.Random) -> str:
    year, month, of_month = day(r, 500)
    year_month = r.choice([f"{calendar.month_name[month]} {year}", f"{year}|{month}", str(year), f"{year}-{month:02}"])
    text = r.choice([written(r, (year, month, of_month)), written(r, (year, month, of_month)), year_month])
    return text + r.choice(["", "", "|format=dmy", "|format=mdy", "|abbr=on", "|format=my", "|format=y", "|format=dm"])


def figure(r: random.Random, negative: bool = True) -> str:
    digits = str(r.randint(0, 10 ** r.randint(1, 9)))
    text = digits + (f".{r.randint(0, 10 ** r.randint(1, 8)):0{r.randint(1, 8)}d}" if r.random() < 0.5 else "")
    return (r.choice(["-", "−", "+"]) if negative and r.random() < 0.15 else "") + text


UNITS = """m km mm s ms us ns kg g mg ug K mK degC degF eV keV MeV GeV MeV/c2 GeV/c2 Hz kHz MHz GHz J kJ/mol kJ.mol-1 W
    m/s km/s m.s-1 m.s-2 m/s2 g/cm3 g.cm-3 kg/m3 kg.m-3 mol-1 J.s u Da kDa au ly pc kpc Mpc % ‰ ° deg ' " arcsec arcmin
    mas years yr Ma Ga solar_mass M_Solar L_solar R_solar M_Earth Earth_mass kB MB GB Mbit/s bps um2 mm2 km2 cm-1 fb-1
    Jy c e μB ppm ppb uJ kWh V/m T mT N.A-2 uF pF mA kV Ω J/kg mg/L million billion atm Pa kPa N lb ft in mi sqmi gauss
    bar L mL""".split()


def value(r: random.Random) -> str:
    parts = [figure(r)]
    kind = r.random()
    if kind < 0.25:
        parts.append(figure(r, negative=False))
    elif kind < 0.35:
        parts.append(f"({r.randint(1, 99)})")
    elif kind < 0.5:
        parts += [figure(r, negative=False), figure(r, negative=False)]
    elif kind < 0.6:
        parts += [r.choice(["-", "–", "to", "x", "by", "and", "or", "/", ","]), figure(r)]
    if r.random() < 0.35:
        parts.append(f"e={r.randint(-30, 30)}")
    elif r.random() < 0.1 and len(parts) == 1:
        parts[0] += f"e{r.randint(-30, 30)}"
    if r.random() < 0.7:
        parts.append(r.choice(["u", "ul"]) + "=" + r.choice(UNITS).replace("_m", " m").replace("h_", "h "))
        if r.random() < 0.15:
            parts.append("up=" + r.choice(["s", "kg", "m2", "yr", "J"]))
    if r.random() < 0.15:
        parts.append(r.choice(["fmt=commas", "fmt=none", "p=~", "s=!", "end=x", "errend=h", "+errend=u", "-errend=d"]))
    return "|".join(parts)


def words(r: random.Random) -> str:
    number = r.choice([str(r.randint(0, 10 ** r.randint(1, 13))), figure(r), f"{r.randint(0, 10**7):,}"])
    return number + r.choice(["", "", "", "|sp=us", "|adj=on", "|case=U", "|negative=minus", "|ord=on", "|zero=nil"])


def ordinal_words(r: random.Random) -> str:
    return str(r.randint(0, 10 ** r.randint(1, 10))) + r.choice(["", "", "|sp=us", "|adj=on", "|case=U"])


def rounding(r: random.Random) -> str:
    places = r.choice(["", "|0", "|1", "|2", "|3", "|4", "|-1", "|-2", "|-3"])
    return r.choice([figure(r), f"{r.uniform(-2000, 2000):.{r.randint(0, 6)}f}", f"{r.randint(0, 9999)}.5"]) + places


def figures(r: random.Random) -> str:
    return "|".join(figure(r).replace("−", "-") for _ in range(r.randint(1, 5)))


def base(r: random.Random) -> str:
    return f"{r.randint(0, 10 ** r.randint(1, 9))}|{r.choice([2, 3, 8, 12, 16, 20, 36])}" + r.choice(["", "", "|12"])


def ago(r: random.Random) -> str:
    return r.choice(["{2} {1} {0}", "{1} {2}, {0}"]).format(*_named(day(r))) + r.choice(
        [
            "",
            "",
            "|magnitude=months",
            "|magnitude=days",
            "|magnitude=weeks",
            "|min_magnitude=years",
            "|ago=",
            "|numeric=y",
        ]
    )


def _named(moment: tuple[int, int, int]) -> tuple[int, str, int]:
    return moment[0], calendar.month_name[moment[1]], moment[2]


CHEMICALS = """H2O SO4(2-) Fe(3+) Na+ Cl- NH4+ CuSO4*5H2O C6H12O6 Ca(OH)2 K4[Fe(CN)6] H3O+ CO3(2-) [Cu(NH3)4](2+)
    CH3\\sCH3 H2C\\dCH2 HC\\tCH N2 2H2_+_O2_->_2H2O HCl_<->_H+_+_Cl- MnO4- ^{235}U Al2(SO4)3 CoCl2*6H2O PO4(3-) C60
    XeF6 HSO4- S2O3(2-) O2- H2O2 Fe2(3+) _{92}U NaCl CaCl2*2H2O""".split()


def chemical(r: random.Random) -> str:
    return r.choice(CHEMICALS).replace("_+_", " + ").replace("_->_", " -> ").replace("_<->_", " <-> ")


class Compared(NamedTuple):
    """A template, and the module's function that stands behind it on Wikipedia"""

    template: str
    module: str
    function: str
    added: dict[str, str]  # what the template itself gives to the module
    draw: Draw
    passes_on: bool = False  # the template hands its own arguments to the module as the module's


def age(template: str, kind: str, *options: str) -> Compared:
    return Compared(template, "Age", "age_generic", {"template": kind}, with_options(two_dates, *options or ("",)))


COMPARED = [
    age("age", "age_full_years"),
    age("age in years", "age_in_years"),
    age("age nts", "age_full_years_nts"),
    age("age in days", "age_days", "|show unit=full", "|show unit=abbr", "|format=commas"),
    age("age in days nts", "age_days_nts"),
    age("duration in days", "duration_days"),
    age("age in weeks", "age_w"),
    age("age in weeks and days", "age_wd", "|sc=y"),
    age("age in months", "age_m"),
    age("age in years and months", "age_ym"),
    age("age in years and days", "age_yd", "|sep=and", "|duration=on"),
    age("age in years, months and days", "age_ymd", "|sc=yes", "|duration=on", "|format=cardinal"),
    age("age in years, months, weeks and days", "age_ymwd", "|sc=y"),
    Compared("time interval", "Age", "time_interval", {}, with_options(interval, "|sep=comma", "|abbr=on", "|sc=y")),
    Compared("birth date and age", "Age", "birth_date_and_age", {}, one_date),
    Compared("death date and age", "Age", "death_date_and_age", {}, later_first),
    Compared("dts", "Date table sorting", "main", {}, sortable_date, passes_on=True),
    Compared("val", "Val", "main", {}, value, passes_on=True),
    Compared("gapnum", "Gapnum", "main", {}, lambda r: figure(r, negative=False), passes_on=True),
    Compared("number to words", "ConvertNumeric", "numeral_to_english", {}, words, passes_on=True),
    Compared("ordinal to word", "ConvertNumeric", "numeral_to_english", {"ord": "on"}, ordinal_words, passes_on=True),
    Compared("round", "Math", "precision_format", {}, rounding, passes_on=True),
    Compared("order of magnitude", "Math", "order", {}, lambda r: figure(r, negative=False), passes_on=True),
    Compared("max", "Math", "max", {}, figures, passes_on=True),
    Compared("min", "Math", "min", {}, figures, passes_on=True),
    Compared("decimal2base", "BaseConvert", "convert", {}, base, passes_on=True),
    Compared("roman", "Roman", "main", {}, lambda r: str(r.randint(1, 10 ** r.randint(1, 6)))),
    Compared("time ago", "Time ago", "main", {}, ago, passes_on=True),
    Compared("chem2", "Chem2", "chem", {}, chemical, passes_on=True),
]


def given(body: str) -> dict:
    """'a|b|key=c' -> {1: 'a', 2: 'b', 'key': 'c'}, as MediaWiki reads it"""
    found: dict = {}
    place = 0
    for piece in body.split("|"):
        key, equals, content = piece.partition("=")
        if equals:
            found[int(key) if key.strip().isdecimal() else key.strip()] = content.strip()
        else:
            place += 1
            found[place] = piece
    return found


def theirs(compared: Compared, run: Judge, body: str) -> str | None:
    """The module's wikitext; None where it refuses"""
    arguments = given(body)
    if compared.module == "BaseConvert":  # its template names what it is given
        names = {1: "n", 2: "base", 3: "width"}
        arguments = {names.get(key, key): text for key, text in arguments.items()}
    added = {**arguments, **compared.added} if compared.passes_on else compared.added
    name = {"dts": "Date table sorting"}.get(compared.template, compared.template)
    try:
        answer = run(compared.module, compared.function, name.capitalize(), arguments, added)
    except Exception:  # Lua's: MediaWiki shows an error
        return None
    return None if 'class="error"' in answer else answer


def text(wikitext: str) -> str:
    """As our extraction shows it within a line"""
    page = Context("Rome", (NOW.year, NOW.month, NOW.day))
    shown = to_text(f"x {wikitext} y", Options(), page).text.removeprefix("x ").removesuffix(" y").strip()
    return re.sub(
        r"(?<=[A-Za-z])[²³]", lambda m: str("²³".index(m[0]) + 2), shown
    )  # km2 and km², which our units write km2


def real_calls(paths: list[Path]) -> dict[str, list[str]]:
    """The calls of each template in the articles, those without another template in them"""
    found: dict[str, list[str]] = {compared.template: [] for compared in COMPARED}
    for xml in _articles(paths):
        for name, body in re.findall(r"\{\{([^{}|]+)\|([^{}]*)\}\}", dumps.parse(xml).text):
            name = " ".join(name.replace("_", " ").split()).lower()
            if name in found:
                found[name].append(re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", body))
    return found


def _articles(paths: list[Path]) -> Iterator:
    for path in paths:
        for part in dumps.parts(dumps.open_dump(path), 10_000, False):
            yield from dumps.pages(part, False)[0]


def compare(compared: Compared, run: Judge, calls: list[str], shown: int) -> tuple[int, int, int]:
    """-> calls that the module takes, those where we say the same, those it refuses"""
    same = refused = 0
    for body in calls:
        answer = theirs(compared, run, body)
        if answer is None:
            refused += 1
            continue
        expected, ours = text(without_hidden(answer)), text("{{" + compared.template + "|" + body + "}}")
        same += ours == expected
        if ours != expected and shown:
            shown -= 1
            print(f"  {{{{{compared.template}|{body}}}}}\n    module: {expected!r}\n    ours:   {ours!r}")
    return len(calls) - refused, same, refused


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", type=Path)
    parser.add_argument("--dump", type=Path, action="append", default=[])
    parser.add_argument("--grid", type=int, default=400, help="generated calls of each template")
    parser.add_argument("--show", type=int, default=10, help="differences to print of each set")
    parser.add_argument("--only", default="", help="one template")
    args = parser.parse_args()
    run = judge(args.modules, NOW)
    real = real_calls(args.dump)
    rows = []
    for compared in COMPARED:
        if args.only not in ("", compared.template):
            continue
        if not (args.modules / f"{compared.module}.lua").exists():
            rows.append(f"| {compared.template} | {compared.module} | not in {args.modules} | | |")
            continue
        random_numbers = random.Random(compared.template)
        drawn = [compared.draw(random_numbers) for _ in range(args.grid)]
        for kind, calls in (("articles", real[compared.template]), ("grid", drawn)):
            taken, same, refused = compare(compared, run, calls, args.show)
            if taken:
                counts = f"{taken:,} | {refused:,} | {100 * same / taken:.2f} %"
                rows.append(f"| {compared.template}, {kind} | {compared.module} | {counts} |")
    heading = ["| template | module | calls | left out | alike |", "|---|---|---|---|---|"]
    print("", f"{date.today()}, lupa {version('lupa')}", *heading, *rows, sep="\n")


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
