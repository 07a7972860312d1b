"""Templates whose text is counted: each against a value worked out by hand from the rules of Wikipedia's module."""

import pytest

from wikipedia.convert.conversion import convert
from wikipedia.convert.numbers import spelled, spelled_text
from wikipedia.templates.base import Context, split_arguments
from wikipedia.templates.lookup import find

PAGE = Context("Rome", (2026, 1, 15))


def rendered(call: str) -> str:
    name, _, body = call.partition("|")
    return find(name)(*split_arguments(body), PAGE)


@pytest.mark.parametrize(
    "call, expected",
    [
        # a birthday on the 16th has not been yet, one on the 15th has
        ("age|2000|1|16", "25"),
        ("age|2000|1|15", "26"),
        ("age|2000|January|15", "26"),
        ("age|15 January 2000", "26"),
        ("age|2000-01-16|2020-01-15", "19"),
        ("age|year1=1990|month1=5|day1=2|year2=2000|month2=5|day2=1", "9"),
        # what is not known is taken from the other date: 2 May 1990 to (2 May) 2000
        ("age|1990|5|2|2000", "10"),
        ("age|1990|2000", "10"),
        ("age|2000|5|2|1990|5|2", "−10"),
        ("age in years|1990|2000", "9–10"),
        ("age in years|1990|5|2|2000|5|2", "10"),
        # 31 + 28 days of January and February, March 1 itself not counted
        ("age in days|2021|1|1|2021|3|1", "59"),
        ("age in days|1 January 1921|1 January 2021", "36,525"),
        ("age in days|1921|1|1|2021|1|1", "36525"),
        ("age in days|2021|1|1|2021|3|1|show unit=full", "59 days"),
        ("age in days nts|1921|1|1|2021|1|1", "36,525"),
        ("duration in days|2021|1|1|2021|3|1", "60"),
        ("age in weeks|2021|1|1|2021|3|1", "8"),
        ("age in weeks and days|2021|1|1|2021|3|1", "8 weeks and 3 days"),
        ("age in months|1990|5|2|2000|3|4", "118"),
        ("age in years and months|1990|5|2|2000|3|4", "9 years, 10 months"),
        # from 2 May 1999 to 4 March 2000: 365 + 1 - 59 days; leap day between
        ("age in years and days|1990|5|2|2000|3|4", "9 years, 307 days"),
        ("age in years and days|1990|5|2|2000|5|2", "10 years, 0 days"),
        ("age in years and days|1990|5|2|2000|3|4|sep=and", "9 years and 307 days"),
        ("age in years, months and days|1990|5|2|2000|3|4", "9 years, 10 months and 2 days"),
        ("age in years, months and days|1990|5|2|2000|3|4|sc=y", "9 years, 10 months, and 2 days"),
        ("age in years, months and days|1990|5|2|2000|3|4|format=cardinal", "nine years, ten months and two days"),
        # the 31st is none of April's days: from April 30 on it is one day to May 1
        ("age in years, months and days|2020|3|31|2020|5|1", "1 month and 1 day"),
        ("age in years, months and days|1990|2000", "9 or 10 years"),
        ("age in years, months, weeks and days|2000|1|1|2001|2|16", "1 year, 1 month, 2 weeks and 1 day"),
        ("time interval|2 May 1990|4 March 2000|show=ym", "9 years and 10 months"),
        ("time interval|1 January 2021|1 March 2021|show=d", "59 days"),
        ("birth date and age|1990|1|16", "January 16, 1990 (age 35)"),
        ("birth date and age|16 January 1990|df=y", "16 January 1990 (age 35)"),
        ("birth date and age|2025|3|1", "March 1, 2025 (age 10 months)"),
        ("birth date and age|2026|1|3", "January 3, 2026 (age 12 days)"),
        ("birth date and age|circa 1950", "circa 1950"),
        ("death date and age|2000|3|4|1950|5|2", "March 4, 2000 (aged 49)"),
        ("death date and age|March 4, 2000|May 2, 1950", "March 4, 2000 (aged 49)"),
        ("death date and age|2000|1950", "2000 (aged 49–50)"),
        ("time ago|2 May 1990", "35 years ago"),
        ("time ago|15 November 2025", "2 months ago"),
        ("time ago|16 November 2025", "60 days ago"),
        ("time ago|2 May 1990|ago=", "35 years"),
        ("time ago|15 January 2030", "4 years' time"),
        ("dts|1990|5|2|format=dmy", "2 May 1990"),
        ("dts|1990|5|2|format=md", "May 2"),
        ("dts|2 May 1990", "2 May 1990"),
        ("dts|1990-05-02", "May 2, 1990"),
        ("dts|May 1990|abbr=on", "May 1990"),
        ("dts|44|3|15|BC", "March 15, 44 BC"),
        ("dts|-44", "44 BC"),
        ("dts|12000", "12,000"),
        ("dts|12 Sep 1990", "12 Sep 1990"),
    ],
)
def test_dates(call, expected):
    assert rendered(call) == expected


@pytest.mark.parametrize(
    "call, expected",
    [
        ("val|1234", "1234"),
        ("val|12345", "12 345"),
        ("val|1234.5", "1 234.5"),
        ("val|0.12345678", "0.12345678"),
        ("val|1234567.1234|fmt=commas", "1,234,567.1234"),
        ("val|1234567|fmt=none", "1234567"),
        ("val|.5", "0.5"),
        ("val|-7", "−7"),
        ("val|12345.678901|0.000012|u=kg", "12 345.678901±0.000012 kg"),
        ("val|5|2|e=3|u=m", "(5±2)×10³ m"),
        ("val|5|2|1|e=3", "5+2−1×10³"),
        ("val|1.2e-5|u=s", "1.2×10⁻⁵ s"),
        ("val|e=5|u=m", "10⁵ m"),
        ("val|u=m", "m"),
        ("val|5|to|7|u=m", "5 to 7 m"),
        ("val|5|x|7|u=m", "5 m × 7 m"),
        ("val|5|,|6|-|7", "5, 6–7"),
        ("val|5|2|u=%", "5%±2%"),
        ("val|5|u=deg", "5°"),
        ("val|5|u=degC", "5 °C"),
        ("val|5|u=J|up=kg.K", "5 J/(kg⋅K)"),
        ("val|5|u=uF", "5 μF"),
        ("val|5|u=C", "5 C"),  # coulomb, where {{convert}} has Celsius
        ("val|5|(2)|u=u", "5(2) u"),
        ("val|1.5|u=solar mass", "1.5 M☉"),
        ("gapnum|1234.56789", "1 234.56789"),
        ("number to words|1234567", "one million two hundred thirty-four thousand five hundred and sixty-seven"),
        ("number to words|1234|sp=us", "one thousand two hundred thirty-four"),
        ("number to words|1000001", "one million and one"),
        ("number to words|-2.05", "negative two point zero five"),
        ("number to words|21|adj=on|case=U", "Twenty-one"),
        ("number to words|5|numerator=3|denominator=8", "five and three-eighths"),
        ("number to words|36|pl=on", "thirty-sixes"),
        ("number to words|many", "many"),
        ("ordinal to word|112", "one hundred and twelfth"),
        ("ordinal to word|20", "twentieth"),
        ("ordinal to word|1000000", "one millionth"),
        ("round|-0.4", "0"),
        ("round|-2.5", "−2"),  # halves go up
        ("round|2.5", "3"),
        ("order of magnitude|20791", "4"),
        ("max|3|-7|2.5", "3"),
        ("min|3|-7|2.5", "-7"),
        ("decimal2base|858|36", "NU"),  # 23 x 36 + 30
        ("decimal2base|8|3|4", "0022"),
        ("roman|3999", "MMMCMXCIX"),
        ("roman|4000", "I\u0305V\u0305"),
        ("roman|7534", "V\u0305MMDXXXIV"),
        ("roman|0", "N"),
        ("chem2|SO4(2-)", "SO4²⁻"),
        ("chem2|NH4+", "NH4⁺"),
        ("chem2|Na+", "Na+"),
        ("chem2|Cl-", "Cl−"),
        ("chem2|CuSO4*5H2O", "CuSO4 · 5H2O"),
        ("chem2|CH3\\sCH3", "CH3–CH3"),
        ("chem2|2H2 + O2 -> 2H2O", "2H2 + O2 → 2H2O"),
        ("chem2|N2 <-> 2N", "N2 ⇌ 2N"),
        ("chem2|_{92}U", "92U"),
    ],
)
def test_numbers(call, expected):
    assert rendered(call) == expected


@pytest.mark.parametrize(
    "arguments, expected",
    [
        # as the module of 2026 has it
        ("120|lbft|Nm", "120 pound-feet (160 N⋅m)"),
        ("12345|Nm|lbft", "12,345 newton metres (9,105 lb⋅ft)"),
        ("12345|Nm|lbft|2", "12,345 newton metres (9,105.20 lb⋅ft)"),  # 1 lbf ft is 1.3558179 N m
        ("1|t|LT", "1 tonne (0.98 long tons)"),
        ("0.001|rood|m2", "0.001 roods (1.0 m2)"),
        ("10|x|1|kn|km/h", "10 by 1 knot (18.5 km/h × 1.9 km/h)"),
        ("5|meters|cm|abbr=off", "5 meters (500 centimeters)"),
        ("2|kg|lb|abbr=~", "2 kilograms [kg] (4.4 lb)"),
        ("1.2e6|mm|in|spell=in", "one million two hundred thousand millimetres (47,000 in)"),
        ("3|and|1.2e6|cm|in", "3 and 1.2×10⁶ centimetres (1.2 and 4.724409×10⁵ in)"),
        ("3.4e-5|m|cm|comma=5", "3.4×10⁻⁵ metres (3.4×10⁻³ cm)"),
        ("12345.678|km|m|comma=gaps", "12 345.678 kilometres (12 345 678 m)"),
        ("1/2|yd|m|spell=in", "one-half yard (0.46 m)"),
        ("120|carat|g|spell=in|sp=us", "one hundred twenty carats (24 g)"),
        ("3.0|m|ftin|spell=On", "Three point zero metres (nine feet ten inches)"),
        ("0.001|mi|m|adj=on|spell=in", "zero-point-zero-zero-one-mile (1.6 m)"),
        ("2|UStbsp|ml", "2 US tablespoons (30 ml)"),  # 29.6
        ("2000|yd|m|spell=in|comma=gaps", "two thousand yards (1 800 m)"),
        ("2|Mach", "Mach 2 (2,450 km/h; 1,522 mph)"),  # twice 340.3 m/s
        ("5|us|ns", "5 microseconds (5,000 ns)"),
        ("5000|ns|us", "5,000 nanoseconds (5.0 μs)"),
    ],
)
def test_convert_of_today(arguments, expected):
    assert convert(*split_arguments(arguments)) == expected


def test_numbers_in_words():
    assert [spelled(n) for n in (101, 1_100, 1_001_000, 10**12, 3 * 10**33)] == [
        "one hundred and one",
        "one thousand one hundred",
        "one million one thousand",
        "one trillion",
        "three decillion",
    ]
    assert spelled(101, us=True) == "one hundred one"
    assert [spelled_text(x) for x in ("3/8", "2 1/8", "1/7", "−2½")] == [
        "three-eighths",
        "two and an eighth",
        "",
        "negative two and a half",
    ]
