"""Our {{convert}} beside Wikipedia's own Module:Convert, call by call -> a row in RESULTS.md

    python scripts/bench/templates.py MODULES --dump enwiki-....xml.bz2 [--dump ...] [--grid 10000] [--show 20]

MODULES is a folder with the Lua text of Module:Convert, its /data and /text (Convert.lua, Convert_data.lua,
Convert_text.lua) from a wiki's dump; it is run by lupa (pip install lupa). Two sets of calls: those in the dumps'
articles, and a grid of values, units and options drawn at random with a fixed seed. What the module itself refuses is
left out and counted; we follow its version of 2026.
"""

import argparse
import html
import random
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(Path(__file__).parent)]
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

from lua_modules import judge, with_gaps  # noqa: E402
from pipeline.cli import or_input_error  # noqa: E402
from pipeline.ending import Parser, script_main  # noqa: E402
from wikipedia import dump as dumps  # noqa: E402
from wikipedia.convert.conversion import convert  # noqa: E402
from wikipedia.convert.numbers import fraction, superscript  # noqa: E402
from wikipedia.templates.base import split_arguments  # noqa: E402

NOW = datetime(2026, 1, 15)


def module(folder: Path) -> Callable[[list[str], dict[str, str]], str]:
    """-> what Module:Convert makes of arguments, as wikitext"""
    run = judge(folder, NOW)

    def answer(positional: list[str], named: dict[str, str]) -> str:
        arguments: dict[int | str, str] = {}
        arguments.update(named)
        arguments.update(enumerate(positional, 1))
        return run("Convert", "convert", "Convert", arguments, {})

    return answer


def plain(wikitext: str) -> str:
    """The module's HTML as a reader sees it, with our way of writing powers and fractions"""
    text = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", wikitext.replace("&nbsp;", " "))
    text = re.sub(r'<span class="visualhide">\s*</span>', " ", text)
    text = re.sub(
        r'<span class="frac nowrap">([−+]?)(?:([\d,]+) )?<sup>(.*?)</sup>&frasl;<sub>(.*?)</sub></span>',
        lambda m: (
            f"{m[1]}{m[2] or ''} {fraction('', m[3], m[4])}".replace(" ½", "½")
            .replace(" ¼", "¼")
            .replace(" ¾", "¾")
            .strip()
        ),
        text,
    )
    text = with_gaps(text)
    text = re.sub(r'<s style="display:none">\^</s>', "", text)
    text = re.sub(r"<br ?/?>", "\n", text)
    text = re.sub(r"(10(?:</span>)*)<sup>([−\d]+)</sup>", lambda m: m[1] + superscript(m[2]), text)
    text = html.unescape(re.sub(r"<[^<>]*>", "", text)).replace("\xa0", " ").strip()
    text = re.sub(r"(?<=\d )l\b", "L", text)  # newer versions: the litre is L, and there is no space before a per
    return re.sub(r" (/(?:km2|sq mi|ha|acre))\b", r"\1", text.replace("‑", "-"))


def real_calls(paths: list[Path]) -> Iterator[str]:
    """The arguments of each {{convert}} and {{cvt}} in the articles"""
    for path in paths:
        dump = dumps.open_dump(path)
        for part in dumps.parts(dump, 10_000, False):
            for xml in dumps.pages(part, False)[0]:
                for name, body in re.findall(r"\{\{\s*([Cc]onvert|[Cc]vt)\s*\|([^{}]*)\}\}", dumps.parse(xml).text):
                    body = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", html.unescape(body))
                    yield body + ("|abbr=on" if name.lower() == "cvt" else "")


VALUES = """1 2 3 5 7 10 12 20 25 50 75 100 120 250 500 1000 1500 2000 12345 1,234 0.5 0.25 1.5 2.54 3.0 99.9 0.001
    1/2 5+3/8 1.2e6 3.4e-5""".split()
PAIRS = """mi km;km mi;ft m;m ft;in cm;cm in;in mm;mm in;yd m;m yd;nmi km;m ftin;ft in;lb kg;kg lb;st kg;kg stlb;oz g;
    g oz;t LT;LT t;ST t;acre ha;ha acre;sqmi km2;km2 sqmi;sqft m2;m2 sqft;acre km2;L USgal;USgal L;impgal L;cuft m3;
    m3 cuft;cuin cc;cc cuin;mph km/h;km/h mph;kn km/h;m/s ft/s;C F;F C;K C;hp kW;kW hp;PS kW;psi kPa;kPa psi;bar psi;
    ftlbf J;lbf N;kN lbf;lbft Nm;Nm lbft;hand cm;cm hand;furlong m;fathom m;chain m;ly pc;mi AU;kWh MJ;MJ kWh;kcal kJ;
    BTU kJ;mpgus L/100km;mpgimp L/100km;/sqmi /km2;m3/s cuft/s;kg/m3 lb/cuft;e6acre e6ha;e6km2 e6sqmi;bbl m3;Mach km/h;
    ktonTNT TJ;MtonTNT PJ;km2 acre sqmi;kn mph km/h;mm in cm;ozt g;gr g;troy pound;carat g;sqyd m2;dunam ha;
    rood m2""".split(";")
OPTIONS = """||||abbr=on;abbr=off;abbr=in;abbr=out;abbr=values;adj=on;adj=mid|-long;adj=pre|big;disp=or;disp=sqbr;
    disp=comma;disp=out;disp=number;disp=unit;disp=unit2;disp=slash;disp=x| is about |, or so;disp=br;order=flip;sp=us;
    sigfig=1;sigfig=2;sigfig=3;sigfig=4;round=5;round=25;frac=2;frac=4;frac=8;frac=16;frac=32;frac=64;comma=5;comma=gaps;
    adj=ri1;abbr=comma;lk=on;lk=in;disp=5;adj=1;abbr=~;spell=in;
    spell=On;sp=us;disp=preunit|light |heavy ;round=each;0;1;2;3;-1;-2""".split(";")
RANGES = "to - and or x xx by * +/- – to(-) ,".split()


def grid(count: int) -> Iterator[str]:
    """Calls drawn from values, ranges, pairs of units and up to two options; always the same ones"""
    random_numbers = random.Random(1)
    choose = random_numbers.choice
    for _ in range(count):
        source, *targets = choose(PAIRS).split()
        first = choose(VALUES)
        call = [("-" if source in "CFK" and random_numbers.random() < 0.2 else "") + first]
        if random_numbers.random() < 0.25:
            call += [choose(RANGES), choose(VALUES)]
        call += [source, random_numbers.choice([" ".join(targets), targets[0], ""]) if targets else ""]
        for option in random_numbers.sample(OPTIONS, choose([0, 1, 1, 2])):
            call.append(option.strip("|\n ") if "disp=x" not in option and "preunit" not in option else option.lstrip())
        yield "|".join(call)


def alike(calls: list[str], judge: Callable[[list[str], dict[str, str]], str], shown: int) -> tuple[int, int, int]:
    """-> calls that the module takes, those where we say the same to the character, those it refuses"""
    same = refused = 0
    for call in calls:
        positional, named = split_arguments(call)
        written = [piece for piece in call.split("|") if "=" not in piece]  # spaces count in some
        try:
            answer = judge(written if len(written) == len(positional) else positional, named)
        except Exception:  # Lua's: the module stops at calls that MediaWiki would show as an error
            answer = "Convert: refused"
        if "onvert:" in answer or "onvert invalid" in answer or "disp=table" in call:
            refused += 1
            continue
        theirs, ours = plain(answer), convert(positional, named).strip()
        same += theirs == ours
        if theirs != ours and shown:
            shown -= 1
            print(f"  {call!r}\n    module: {theirs!r}\n    ours:   {ours!r}")
    return len(calls) - refused, same, refused


def main() -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", type=Path)
    parser.add_argument("--dump", type=Path, action="append", default=[])
    parser.add_argument("--grid", type=int, default=10_000)
    parser.add_argument("--show", type=int, default=10, help="differences to print of each set")
    args = parser.parse_args()
    if not (args.modules / "Convert.lua").exists():
        print(f"{args.modules}: no Convert.lua there: nothing to compare with")
        return
    judge = module(args.modules)
    for name, calls in (("articles", list(real_calls(args.dump))), ("grid", list(grid(args.grid)))):
        taken, same, refused = alike(calls, judge, args.show)
        if taken:
            print(
                f"| {date.today()} | convert, {name} | {taken:,} calls, {refused:,} left out | "
                f"{100 * same / taken:.2f} % alike to the character | lupa {version('lupa')} |"
            )


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
