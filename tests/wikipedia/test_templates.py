"""wikipedia/templates and wikipedia/convert.py: each rendering against what English Wikipedia shows, worked out by hand."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wikipedia.convert import convert, find_unit, read_number, spelled
from wikipedia.templates.base import Context, split_arguments
from wikipedia.templates.lookup import UNKNOWN, find, user_renderer
from wikipedia.wikitext import Options, to_text

PAGE = Context("Rome", (2026, 1, 15))


def shown(wikitext: str) -> str:
    """The template in a sentence, so that spaces at its edges count."""
    text = to_text(f"x{wikitext}y", Options(), PAGE).text
    assert text[0] == "x" and text[-1] == "y", text
    return text[1:-1]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        # plain: the precision of the input, two significant figures at least
        ("2|km|mi", "2 kilometres (1.2 mi)"),
        ("7|mi|km", "7 miles (11 km)"),
        ("84|ft|m", "84 feet (26 m)"),
        ("26.2|mi|km", "26.2 miles (42.2 km)"),
        ("50|m|ft", "50 metres (160 ft)"),
        ("100|m|ft", "100 metres (330 ft)"),
        ("1|mi|km", "1 mile (1.6 km)"),
        ("1,234.5|km2|sqmi", "1,234.5 square kilometres (476.6 sq mi)"),
        ("0|m|ft", "0 metres (0 ft)"),
        ("1000|kg", "1,000 kilograms (2,200 lb)"),
        ("350|km/h|mph", "350 kilometres per hour (220 mph)"),
        # asked for: decimals, significant figures, multiples, fractions
        ("72|km|mi|0", "72 kilometres (45 mi)"),
        ("72|km|mi|1", "72 kilometres (44.7 mi)"),
        ("860|nmi|km mi|-1", "860 nautical miles (1,590 km; 990 mi)"),
        ("72|km|2", "72 kilometres (44.74 mi)"),
        ("384,400|km|mi|sigfig=3", "384,400 kilometres (239,000 mi)"),
        ("250|m2|sqft|round=50", "250 square metres (2,700 sq ft)"),
        ("60|cm|in|frac=8", "60 centimetres (23 5/8 in)"),
        # names and symbols
        ("10|mi|km|abbr=off", "10 miles (16 kilometres)"),
        ("14|lb|kg|abbr=on", "14 lb (6.4 kg)"),
        ("5|km|mi|abbr=in", "5 km (3.1 miles)"),
        ("20|ha", "20 hectares (49 acres)"),
        ("312|meters", "312 metres (1,024 ft)"),
        ("5|m|ft|sp=us", "5 meters (16 ft)"),
        ("1.5|t|lb|sp=us", "1.5 metric tons (3,300 lb)"),
        ("100|LT", "100 long tons (100 t)"),
        ("20|ft|m|adj=on", "20-foot (6.1 m)"),
        ("6|ft|adj=mid|-tall", "6-foot-tall (1.8 m)"),
        ("6|ft|adj=mid|tall", "6-foot tall (1.8 m)"),
        ("204|m|ft|adj=mid|-high", "204-metre-high (669 ft)"),
        ("12|mi|km|spell=In", "Twelve miles (19 km)"),
        # order and brackets
        ("100|km|mi|order=flip", "62 miles (100 km)"),
        ("481321|sqmi|km2|disp=flip|abbr=on", "1,246,620 km2 (481,321 sq mi)"),
        ("100|km|mi|disp=or", "100 kilometres or 62 miles"),
        ("30|C|F|disp=sqbr", "30 °C [86 °F]"),
        ("3|ft|m|disp=output number only", "0.91"),
        ("3|ft|m|disp=out", "0.91 m"),
        ("9|km|mi|disp=comma", "9 kilometres, 5.6 mi"),
        # ranges
        ("3|to|5|km|mi", "3 to 5 kilometres (1.9 to 3.1 mi)"),
        ("860|-|970|lb|kg", "860–970 pounds (390–440 kg)"),
        ("5-10|km|mi", "5–10 kilometres (3.1–6.2 mi)"),
        ("3|x|2.5|km|mi", "3 by 2.5 kilometres (1.9 mi × 1.6 mi)"),
        ("4|by|6|in|cm", "4 by 6 inches (10 by 15 cm)"),
        ("2|and(-)|4|kg", "2 and 4 kilograms (4.4–8.8 lb)"),
        ("−2|to|0|C", "−2 to 0 °C (28 to 32 °F)"),
        ("3|and|4|ft|m|abbr=on", "3 and 4 ft (0.91 and 1.22 m)"),
        ("2|-|3|-|4|ft|m|0", "2–3–4 feet (1–1–1 m)"),
        # compounds
        ("5|ft|6|in|m", "5 feet 6 inches (1.68 m)"),
        ("6|ft|4|in|cm|0", "6 feet 4 inches (193 cm)"),
        ("1.8|m|ftin", "1.8 metres (5 ft 11 in)"),
        ("1.70|m", "1.70 metres (5 ft 7 in)"),
        ("190|lb|stlb", "190 pounds (13 st 8 lb)"),
        ("12|st|4|lb|kg", "12 stone 4 pounds (78 kg)"),
        ("4|ft|8+1/2|in|mm|0", "4 feet 8½ inches (1,435 mm)"),
        ("6|ft|2|in|m|adj=on", "6-foot-2-inch (1.88 m)"),
        # temperatures, fractions, powers, large and small
        ("20|C|F", "20 °C (68 °F)"),
        ("-40|C", "−40 °C (−40 °F)"),
        ("37.5|°F", "37.5 °F (3.1 °C)"),
        ("300|K", "300 K (27 °C; 80 °F)"),
        ("7|–|8|C-change|F-change", "7–8 °C (13–14 °F)"),
        ("1/2|mi", "½ mile (0.80 km)"),
        ("8+3/8|in|mm|0", "8 3/8 inches (213 mm)"),
        ("3.2e6|km2", "3.2×10⁶ square kilometres (1.2×10⁶ sq mi)"),
        ("2|e6acre|e6ha", "2 million acres (0.81×10⁶ ha)"),
        ("1000000000000|km|mi", "1,000,000,000,000 kilometres (6.2×10¹¹ mi)"),
        ("0.5|mi|km", "0.5 miles (0.80 km)"),
        # several outputs, per, money, oil, fuel
        ("20|kn", "20 knots (37 km/h; 23 mph)"),
        ("40|USgal", "40 US gallons (150 L; 33 imp gal)"),
        ("50|/sqmi|/km2", "50 per square mile (19/km2)"),
        ("50|PD/sqmi", "50 inhabitants per square mile (19/km2)"),
        ("20|$/acre", "$20 per acre ($49/ha)"),
        ("500|koilbbl/d", "500 thousand barrels per day (79,000 m3/d)"),
        ("30|Moilbbl|m3", "30 million barrels (4,800,000 m3)"),
        ("43.5|mpgimp|L/100 km mpgus|abbr=on", "43.5 mpg-imp (6.49 L/100 km; 36.2 mpg-US)"),
        ("5|GW", "5 gigawatts (6,700,000 hp)"),
        ("40|kg/m3|lb/cuft", "40 kilograms per cubic metre (2.5 lb/cu ft)"),
        # what cannot be converted is shown as it stands
        ("5|zork|m", "5 zork"),
        ("5|to|7|zork", "5 to 7 zork"),
        ("many|km", "many km"),
        ("5|km|kg", "5 kilometres"),
    ],
)
def test_convert(arguments, expected):
    positional, named = split_arguments(arguments)
    assert convert(positional, named) == expected


def test_cvt_abbreviates():
    assert shown("{{cvt|100|acre|km2}}") == "100 acres (0.40 km2)"
    assert shown("{{cvt|5|km|mi}}") == "5 km (3.1 mi)"


# metres, kilograms, square metres ..., from the units' definitions
FACTORS = {
    "mi": 1609.344,
    "ft": 0.3048,
    "yd": 0.9144,
    "nmi": 1852,
    "in": 0.0254,
    "km": 1000,
    "cm": 0.01,
    "mm": 0.001,
    "lb": 0.45359237,
    "oz": 0.028349523125,
    "st": 6.35029318,
    "LT": 1016.0469088,
    "ST": 907.18474,
    "t": 1000,
    "g": 0.001,
    "acre": 4046.8564224,
    "ha": 1e4,
    "sqmi": 2589988.110336,
    "km2": 1e6,
    "sqft": 0.09290304,
    "L": 0.001,
    "USgal": 0.003785411784,
    "impgal": 0.00454609,
    "cuft": 0.028316846592,
    "mph": 0.44704,
    "km/h": 1 / 3.6,
    "kn": 1852 / 3600,
    "psi": 6894.757293168,
    "kPa": 1000,
    "atm": 101325,
    "hp": 745.69987158227,
    "kW": 1000,
}


@settings(max_examples=300, deadline=None)
@given(
    st.floats(0.01, 99999).map(lambda x: f"{x:.4g}"), st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(FACTORS))
)
def test_the_value_is_right_to_two_figures(number, source, target):
    if find_unit(source).kind != find_unit(target).kind or "e" in number:
        return
    assert math.isclose(find_unit(source).scale, FACTORS[source], rel_tol=1e-9)
    result = convert([number, source, target], {"disp": "out"}).replace(",", "")
    match = re.match(r"([\d.]+)(?:×10([⁻⁰-⁹¹²³]+))?", result)
    value = float(match[1]) * 10 ** int((match[2] or "0").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")))
    assert math.isclose(value, float(number) * FACTORS[source] / FACTORS[target], rel_tol=0.051)


def test_numbers():
    assert [read_number(x).number for x in ("1,234.5", "-40", "−40", "5+1/2", "1.2e3", ".5")] == [
        1234.5,
        -40,
        -40,
        5.5,
        1200,
        0.5,
    ]
    assert [read_number(x) for x in ("", "abc", "1/0", "1 2 3", "--5")] == [None] * 5
    assert [spelled(n) for n in (0, 12, 20, 35, 100, 1234, 2_000_001)] == [
        "zero",
        "twelve",
        "twenty",
        "thirty-five",
        "one hundred",
        "one thousand two hundred and thirty-four",
        "two million and one",
    ]


@pytest.mark.parametrize(
    "wikitext, expected",
    [
        # wrappers
        ("{{nowrap|a b}}", "a b"),
        ("{{abbr|BC|before Christ}}", "BC"),
        ("{{mvar|x}}", "x"),
        ("{{math|1=x = 2}}", "x = 2"),
        ("{{small|(old)}}", "(old)"),
        ("{{angbr|a}}", "⟨a⟩"),
        ("{{font color|red|word}}", "word"),
        ("{{sic|teh}}", "teh [sic]"),
        ("{{sic|teh|hide=y}}", "teh"),
        ("{{sup|2}}", "²"),
        ("{{visible anchor|here|a}}", "here"),
        ("{{linktext|漢|字}}", "漢字"),
        ("{{ill|Charles Laplante|fr}}", "Charles Laplante"),
        ("{{ill|Laplante|fr|X|lt=Ch. Laplante}}", "Ch. Laplante"),
        ("{{section link|Rome|History}}", "Rome § History"),
        ("{{citation needed span|text=a big dog|date=May 2010}}", "a big dog"),
        ("{{clarify span|a dog|date=May 2010}}", "a dog"),
        ("{{OEIS|A000045}}", "(sequence A000045 in the OEIS)"),
        ("{{OEIS|id=A000045}}", "(sequence A000045 in the OEIS)"),
        ("{{OEIS2C|A000045}}", "A000045"),
        ("{{post-nominals|country=GBR|OM|FRS}}", "OM FRS"),
        ("{{née|Smith}}", "née Smith"),
        ("{{nee}}", "née"),
        ("{{numero|5}}", "No. 5"),
        ("{{code|1=x = 1}}", "`x = 1`"),
        ("{{tag|br|single}}", "`<br />`"),
        ("{{resize|120%|big}}", "big"),
        # lists
        ("{{hlist|a|b|c}}", "a, b, c"),
        ("{{ubl|a|b}}", "a, b"),
        # numbers
        ("{{val|1.67|0.02|e=-27|u=kg}}", "(1.67±0.02)×10⁻²⁷ kg"),
        ("{{val|1.234|(56)|u=m}}", "1.234(56) m"),
        ("{{val|299792458|u=m/s}}", "299 792 458 m/s"),
        ("{{val|12345|fmt=commas}}", "12,345"),
        ("{{val|1234|+5|-6}}", "1234+5−6"),
        ("{{val|5|-|6|u=km}}", "5–6 km"),
        ("{{val|6.02e23}}", "6.02×10²³"),
        ("{{val|50|ul=%}}", "50%"),
        ("{{val|9.8|u=m/s2}}", "9.8 m/s2"),
        ("{{val|e=6}}", "10⁶"),
        ("{{frac|1|2}}", "½"),
        ("{{frac|3|5|8}}", "3 5/8"),
        ("{{frac|8}}", "1/8"),
        ("{{sfrac|2|3}}", "2/3"),
        ("{{sfrac|a+b|2}}", "(a+b)/2"),
        ("5{{e|-20}}", "5×10⁻²⁰"),
        ("{{10^|6}}", "10⁶"),
        ("{{formatnum:1234567.891}}", "1,234,567.891"),
        ("{{ordinal|112}}", "112th"),
        ("{{ordinal|23}}", "23rd"),
        ("{{percentage|1|3|1}}", "33.3%"),
        ("{{#expr: 2024 - 1990}}", "34"),
        ("{{#expr: 10/3 round 2}}", "3.33"),
        ("{{pop density|1000000|500|km2|sqmi}}", "2,000 per square kilometre (5,200/sq mi)"),
        ("{{height|ft=6|in=2}}", "6 ft 2 in (1.88 m)"),
        ("{{height|m=1.75}}", "1.75 m (5 ft 9 in)"),
        ("{{track gauge|1435mm}}", "1,435 mm (4 ft 8½ in)"),
        ("{{RailGauge|1000 mm}}", "1,000 mm (3 ft 3 3/8 in)"),
        ("{{track gauge|3ft6in}}", "3 ft 6 in (1,067 mm)"),
        ("{{track gauge|4 ft 8.5 in}}", "4 ft 8½ in (1,435 mm)"),
        # money
        ("{{US$|25 million}}", "US$25 million"),
        ("{{GBP|1500}}", "£1,500"),
        ("{{INR|50|c}}", "₹50 crore"),
        ("{{€|9.99}}", "€9.99"),
        ("{{currency|13 billion|USD}}", "$13 billion"),
        ("{{£sd|l=5|s=3|d=2}}", "£5 3s 2d"),
        ("{{JPY|3000}}", "¥3,000"),
        # dates and ages, the page being of 15 January 2026
        ("{{start date|1999|3|31}}", "March 31, 1999"),
        ("{{start date|1999|3|31|df=y}}", "31 March 1999"),
        ("{{birth date|1879|03|14}}", "March 14, 1879"),
        ("{{birth date and age|1990|1|15}}", "January 15, 1990 (age 36)"),
        ("{{birth date and age|1990|1|16|df=yes}}", "16 January 1990 (age 35)"),
        ("{{death date and age|1955|4|18|1879|3|14}}", "April 18, 1955 (aged 76)"),
        ("{{birth year and age|1950}}", "1950 (age 75–76)"),
        ("{{death-date and age|18 April 1955|14 March 1879}}", "18 April 1955 (aged 76)"),
        ("{{birth-date and age|2 February 2000}}", "2 February 2000 (age 25)"),
        ("{{age|1990|1|2|2000|1|1}}", "9"),
        ("{{age|1990|1|2}}", "36"),
        ("{{age in years, months and days|1990|1|20|2000|3|5}}", "10 years, 1 month and 14 days"),
        ("{{age in days|2026|1|1}}", "14"),
        ("{{start date and age|2000|1|15}}", "January 15, 2000; 26 years ago"),
        ("{{as of|2010}}", "As of 2010"),
        ("{{as of|2010|3|lc=y}}", "as of March 2010"),
        ("{{as of|2010|3|5}}", "As of 5 March 2010"),
        ("{{as of|2010|alt=by 2010}}", "by 2010"),
        ("{{circa|1500}}", "c. 1500"),
        ("{{circa|1500|1550}}", "c. 1500 – c. 1550"),
        ("{{floruit|1200}}", "fl. 1200"),
        ("{{reign|1558|1603}}", "r. 1558–1603"),
        ("{{OldStyleDate|14 November|1840|2 November}}", "14 November 1840 [O.S. 2 November]"),
        ("{{CURRENTYEAR}}", "2026"),
        ("{{marriage|Ann Lee|1990|2000|end=div}}", "Ann Lee (m. 1990; div. 2000)"),
        ("{{film date|1999|3|31|United States}}", "March 31, 1999 (United States)"),
        # languages
        ("{{lang|fr|bonjour}}", "bonjour"),
        ("{{lang-de|Haus}}", "German: Haus"),
        ("{{langx|de|Haus|label=none}}", "Haus"),
        ("{{lang-ru|Москва|Moskva|Moscow}}", "Russian: Москва, romanized: Moskva, lit. 'Moscow'"),
        ("{{lang-fr|maison|house}}", "French: maison, lit. 'house'"),
        ("{{langx|el|λόγος|lit=word}}", "Greek: λόγος, lit. 'word'"),
        ("{{lang-rus|Москва|r=Moskva|p=mɐˈskva}}", "Russian: Москва, romanized: Moskva, IPA: [mɐˈskva]"),
        ("{{transl|ar|al-jabr}}", "al-jabr"),
        ("{{transl|ru|ISO|Moskva}}", "Moskva"),
        ("{{IPA|/ˈæp.əl/}}", "/ˈæp.əl/"),
        ("{{IPA|fr|paʁi}}", "French pronunciation: [paʁi]"),
        ("{{IPA|fr|paʁi|lang}}", "French: [paʁi]"),
        ("{{IPA-de|bɛʁˈliːn|lang}}", "German: [bɛʁˈliːn]"),
        ("{{IPA-es|[a]|pron}}", "pronounced [a]"),
        ("{{IPAc-en|ˈ|æ|p|əl}}", "/ˈæpəl/"),
        ("{{IPAc-en|uk|ˈ|ɑː|_|b|audio=x.ogg}}", "UK: /ˈɑː b/"),
        ("{{IPAc-pl|w|a|r}}", "Polish pronunciation: [war]"),
        ("{{respell|mah|LY|zee}}", "mah-LY-zee"),
        ("{{respell|AIN|_|RAND}}", "AIN RAND"),
        ("{{nihongo|Tokyo Tower|東京タワー|Tōkyō tawā}}", "Tokyo Tower (東京タワー, Tōkyō tawā)"),
        ("{{nihongo||東京タワー|Tōkyō tawā}}", "Tōkyō tawā (東京タワー)"),
        ("{{nihongo|Go|碁|go|lead=yes|extra=a game}}", "Go (Japanese: 碁, Hepburn: go, a game)"),
        ("{{nihongo3|war|戦|ikusa}}", "ikusa (戦, war)"),
        ("{{zh|s=汉字|t=漢字|p=hànzì}}", "simplified Chinese: 汉字; traditional Chinese: 漢字; pinyin: hànzì"),
        ("{{zh|c=中文|labels=no}}", "中文"),
        ("{{zh|s=一|t=一|l=one}}", "Chinese: 一; lit. 'one'"),
        ("{{korean|hangul=한글|hanja=韓㐎|rr=hangeul}}", "Korean: 한글; Hanja: 韓㐎; RR: hangeul"),
        ("{{etymology|la|albedo|whiteness}}", "from Latin albedo 'whiteness'"),
        ("{{lit|house}}", "lit. 'house'"),
        ("{{unichar|0041|Latin capital letter A}}", "U+0041 A LATIN CAPITAL LETTER A"),
        # science
        ("{{chem|H|2|O}}", "H2O"),
        ("{{chem|SO|4|2-}}", "SO4²⁻"),
        ("{{chem2|CO2}}", "CO2"),
        ("{{chem2|H3O+}}", "H3O+"),
        ("{{nuclide|uranium|235}}", "235U"),
        ("A{{music|flat}}", "A♭"),
        ("{{RA|12|34|56}}", "12h 34m 56s"),
        ("{{mpl|2004 VD|17}}", "2004 VD17"),
        # ships, countries, works
        ("{{HMS|Victory}}", "HMS Victory"),
        ("{{USS|Monitor|1862}}", "USS Monitor (1862)"),
        ("{{HMS|Ajax|22|6}}", "HMS Ajax"),
        ("{{USS|Enterprise|CVN-65|2}}", "Enterprise"),
        ("{{ship|French ship|Orient|1791|2}}", "Orient"),
        ("{{sclass|Nimitz|aircraft carrier}}", "Nimitz-class aircraft carrier"),
        ("{{flag|France}}", "France"),
        ("{{flag|FRA}}", "France"),
        ("{{flagicon|France}}Paris", "Paris"),
        ("{{flagathlete|Ann Lee|USA}}", "Ann Lee (USA)"),
        ("{{harvtxt|Smith|2000|p=4}}", "Smith (2000, p. 4)"),
        ("{{harvnb|Smith|Jones|2000}}", "Smith & Jones 2000"),
        ("{{bibleverse|1|John|3:16}}", "1 John 3:16"),
        ("{{bibleref2|Gen|1:2}}", "Gen 1:2"),
        ("{{ISBN|978-0-252-02328-6}}", "ISBN 978-0-252-02328-6"),
        ("{{NYSE|IBM}}", "NYSE: IBM"),
        ("{{sortname|Ann|Lee}}", "Ann Lee"),
        ("{{mlby|1990}}", "1990"),
        # signs
        ("a{{snd}}b", "a – b"),
        ("{{mdash}}", "—"),
        ("a{{nbsp}}b", "a b"),
        ("{{'s}}", "'s"),
        ("{{!}}", "|"),
        ("{{=}}", "="),
        ("{{((}}a{{))}}", "{{a}}"),
        ("{{pi}}", "π"),
        ("a{{·}} b", "a · b"),
        ("{{eqm}}", "⇌"),
        # roads and laws
        ("{{jct|state=NY|I|90|US|20|dir1=east|city1=Albany}}", "I-90 east / US 20 – Albany"),
        ("{{jct|state=MI|M|28|to1=yes}}", "To M-28"),
        ("{{jct|state=TX|SH|6|name1=Alvin Bypass}}", "SH 6 (Alvin Bypass)"),
        ("{{jct|state=MO|US-Bus|71}}", "US 71 Bus."),
        ("{{jct}}", ""),
        ("{{ussc|name=Roe v. Wade|410|113|1973}}", "Roe v. Wade, 410 U.S. 113 (1973)"),
        ("{{ussc|volume=5|page=137}}", "5 U.S. 137"),
        ("{{USStat|18|1001}}", "18 Stat. 1001"),
        ("{{CodeFedReg|14|91}}", "14 CFR 91"),
        ("{{USPL|107|56}}", "Pub. L. 107–56"),
        ("{{USBill|107|HR|3162}}", "H.R. 3162"),
        ("{{section sign|5}}", "§ 5"),
        # in words, and smaller things
        ("{{ordinal to word|21}}", "twenty-first"),
        ("{{ordinal to word|12}}", "twelfth"),
        ("{{ordinal to word|40}}", "fortieth"),
        ("{{ordinal to word|100}}", "one hundredth"),
        ("{{ordinal to word|x9}}", "x9"),
        ("{{number to word|17}}", "seventeen"),
        ("{{radic|2}}", "√2"),
        ("{{radic|2|3}}", "³√2"),
        ("{{±|5}}", "±5"),
        ("{{nts|12345}}", "12,345"),
        ("{{subsup|x|1|2}}", "x1²"),
        ("{{norm|v}}", "‖v‖"),
        ("{{align|right|a}}", "a"),
        ("{{mpl-|15760|1992 QB|1}}", "(15760) 1992 QB1"),
        ("{{fbu|21|GER}}", "Germany"),
        ("{{langnf|fr|C'est la vie|that's life}}", "C'est la vie (French for 'that's life')"),
        ("{{MS|Estonia}}", "MS Estonia"),
        ("{{GS|U-100|1940|2}}", "U-100"),
        ("{{jsub|I-19}}", "Japanese submarine I-19"),
        ("{{IAST|Mahābhārata}}", "Mahābhārata"),
        ("Ann, {{aka}} Lee", "Ann, a.k.a. Lee"),
        # nothing to see
        ("{{citation needed|date=May 2010}}", ""),
        ("{{sfn|Smith|2000}}", ""),
        ("{{cite book|title=A}}", ""),
        ("{{efn|A {{lang|fr|b}}}}", ""),
        ("{{coord|1|2|N|3|4|E}}", ""),
        ("{{Infobox x|a=b}}", ""),
        ("{{clarify}}", ""),
        ("{{rp|5}}", ""),
        ("{{UK politics sidebar}}", ""),
        ("{{osmrelation-inline|1}}", ""),
        ("{{gold}}", ""),
        ("{{Use dmy dates|date=May 2010}}", ""),
        ("{{anchor|a}}", ""),
    ],
)
def test_a_reader_sees(wikitext, expected):
    assert shown(wikitext) == expected


@pytest.mark.parametrize(
    "wikitext, expected",
    [
        ("He said:\n{{quote|It is so.|Ann Lee|''Book''}}\nThen", "He said:\n\nIt is so.\n— Ann Lee, Book\n\nThen"),
        ("{{cquote|So.|20px|20px|Ann}}", "So.\n— Ann"),
        ("{{blockquote|text=So.|sign=Ann}}", "So.\n— Ann"),
        ("{{poemquote|Roses\nViolets|Ann}}", "Roses\nViolets\n— Ann"),
        ("{{plainlist|\n* a\n* b\n}}", "- a\n- b"),
        ("{{div col|colwidth=20em}}\n* a\n* b\n{{div col end}}", "- a\n- b"),
        ("{{columns-list|colwidth=9em|\n* a\n* b\n}}", "- a\n- b"),
        ("{{ordered list|one|two}}", "- one\n- two"),
        ("{{glossary}}\n{{term|Ion}}\n{{defn|A charged atom.}}\n{{glossary end}}", "- Ion: A charged atom."),
        ("a{{break}}b", "a b"),
        ("a{{br}}b", "a b"),
        ("{{verse translation|Rosen\nrot|Roses\nred|attr2=Ann}}", "Rosen\nrot\n\nRoses\nred\n— Ann"),
    ],
)
def test_blocks(wikitext, expected):
    assert to_text(wikitext, Options(), PAGE).text == expected


def test_find():
    assert find("cite web") is None and find("infobox settlement") is None and find("more citations needed") is None
    assert find("some odd navbox") is None and find("surely no template") is UNKNOWN
    assert find("lang-xyz")(["text"], {}, PAGE) == "text"
    assert find("gold") is None and find("carbon")([], {}, PAGE) == "C"  # {{gold}} is a medal


def test_arguments():
    assert split_arguments("a| b |k=v|3=c|K2 = x = y") == (["a", "b", "c"], {"k": "v", "k2": "x = y"})
    assert split_arguments("2=b|a") == (["a", "b"], {})
    assert split_arguments("99=x|0=y")[0][-1] == "x"


def test_user_renderings():
    render = user_renderer("{1} of {2} ({Year}){missing}")
    assert render(["a", "b"], {"year": "1990"}, PAGE) == "a of b (1990)"


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(
        sorted(
            {
                "convert",
                "cvt",
                "val",
                "frac",
                "sfrac",
                "lang-ru",
                "langx",
                "ipa",
                "ipac-en",
                "ipa-de",
                "respell",
                "nihongo",
                "zh",
                "korean",
                "chem",
                "chem2",
                "nuclide",
                "as of",
                "birth date and age",
                "death date and age",
                "age",
                "age in days",
                "age in years, months and days",
                "start date",
                "film date",
                "oldstyledate",
                "marriage",
                "height",
                "weight",
                "track gauge",
                "pop density",
                "percentage",
                "ordinal",
                "round",
                "uss",
                "ship",
                "sclass",
                "harvtxt",
                "bibleverse",
                "currency",
                "inr",
                "us$",
                "e",
                "gaps",
                "unichar",
                "music",
                "quote",
                "ill",
                "section link",
                "hlist",
                "plainlist",
                "ruby",
                "etymology",
                "#expr",
                "#if",
                "tag",
                "mya",
                "circa",
                "reign",
                "jct",
                "ussc",
                "usbill",
                "ordinal to word",
                "number to word",
                "radic",
                "subsup",
                "langnf",
                "verse translation",
                "mpl-",
                "fbu",
            }
        )
    ),
    st.lists(
        st.sampled_from(
            [
                "",
                "1",
                "-1",
                "0",
                "12",
                "1990",
                "13",
                "99999",
                "a",
                "km",
                "mi",
                "C",
                "to",
                "-",
                "x",
                "1/2",
                "5+1/2",
                "e6",
                "1e400",
                "ru",
                "Москва",
                "=",
                "k=v",
                "e=6",
                "u=kg",
                "ft=5",
                "²",
                "٣",
                "1.5.2",
                "(5)",
                "USD",
                "|",
                "ftin",
                "/",
                "$/km",
                "disp=or",
                "adj=on",
                "frac=0",
                "sigfig=0",
                "round=25",
                "spell=in",
                "1=",
                "2=b",
            ]
        ),
        max_size=7,
    ).map("|".join),
)
def test_no_arguments_raise(name, arguments):
    positional, named = split_arguments(arguments)
    assert isinstance(find(name)(positional, named, PAGE), str)
