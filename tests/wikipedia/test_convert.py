"""wikipedia/convert: each text against what English Wikipedia shows; scripts/bench/templates.py has thousands more."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wikipedia.convert.conversion import convert
from wikipedia.convert.numbers import read_number, spelled
from wikipedia.convert.units import find_unit
from wikipedia.templates.base import Context, split_arguments
from wikipedia.templates.lookup import find


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
        ("312|meters", "312 meters (1,024 ft)"),
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
        ("500|koilbbl/d", "500 thousand barrels per day (79×10³ m3/d)"),
        ("30|Moilbbl|m3", "30 million barrels (4,800,000 m3)"),
        ("43.5|mpgimp|L/100 km mpgus|abbr=on", "43.5 mpg-imp (6.49 L/100 km; 36.2 mpg-US)"),
        ("5|GW", "5 gigawatts (6,700,000 hp)"),
        ("40|kg/m3|lb/cuft", "40 kilograms per cubic metre (2.5 lb/cu ft)"),
        # the wording of Module:Convert, run on the same calls
        ("32|F", "32 °F (0 °C)"),
        ("-40.0|F|C", "−40.0 °F (−40.0 °C)"),
        ("22|+/-|5|C", "22 ± 5 °C (72 ± 9 °F)"),
        ("0.3|mm|in|frac=64", "0.3 millimetres (1/64 in)"),
        ("7.9|mm|in|frac=32", "7.9 millimetres (5/16 in)"),
        ("25|mm|in|frac=16", "25 millimetres (1 in)"),
        ("1609.344|m|km mi|frac=8", "1,609.344 metres (1.609344 km; 1 mi)"),
        ("14.2|hand", "14.2 hands (58 inches; 147 cm)"),
        ("15|hand|cm|abbr=on", "15 h (152 cm)"),
        ("147|cm|hand", "147 centimetres (14.2 hands)"),
        ("60.5|in|hand|frac=2", "60.5 inches (15.0½ hands)"),
        ("20|ktonTNT", "20 kilotons of TNT (84 TJ)"),
        ("50|MtonTNT|PJ", "50 megatons of TNT (210 PJ)"),
        ("20|kt(TNT)", "20 kilotonnes (84 TJ)"),
        ("0.85|Mach", "Mach 0.85 (1,041.29 km/h; 647.03 mph)"),
        ("2|Mach|50000|km/h", "Mach 2 (2,125 km/h)"),
        ("2|Mach|km/h|altitude_ft=50000", "Mach 2 (2,125 km/h)"),
        ("5|km²", "5 square kilometres (1.9 sq mi)"),
        ("5|sqkm", "5 square kilometres (1.9 sq mi)"),
        ("5x10|m|ft", "5 by 10 metres (16 ft × 33 ft)"),
        ("5 to 10|m|ft", "5 to 10 metres (16 to 33 ft)"),
        ("3|by(x)|4|m|ft", "3 by 4 metres (9.8 ft × 13.1 ft)"),
        ("3|to(-)|4|m|ft|abbr=off", "3 to 4 metres (9.8–13.1 feet)"),
        ("2|x|4|in|mm|abbr=on", "2 in × 4 in (51 mm × 102 mm)"),
        ("250|kn|km/h|disp=x|, that is|", "250 knots , that is 460 km/h"),
        ("250|kn|km/h|disp=x", "250 knots [ 460 km/h ]"),
        ("4|ft|m|adj=pre|ancient", "4 ancient feet (1.2 m)"),
        ("4|mi|km|disp=preunit|Roman|modern", "4 Roman miles (6.4 modern km)"),
        ("312|metres|feet", "312 metres (1,024 ft)"),
        ("5|metre|ft|sp=us", "5 meters (16 ft)"),
        ("3|L/km|sp=us", "3 liters per kilometer (0.94 mpg-imp; 0.78 mpg-US)"),
        ("30|dam|m|sp=us", "30 dekameters (300 m)"),
        ("12|e6impgal|sp=us", "12 million imperial gallons (55 Ml)"),
        ("5000|km|mi|comma=5", "5000 kilometres (3100 mi)"),
        ("50000|km|mi|comma=5", "50,000 kilometres (31,000 mi)"),
        ("50000|km|mi|comma=off", "50000 kilometres (31000 mi)"),
        ("50000|km|mi|comma=gaps", "50 000 kilometres (31 000 mi)"),
        ("5|km|mi|abbr=values", "5 (3.1)"),
        ("5|e6km|e6mi|abbr=unit", "5 million km (3.1 million mi)"),
        ("5|e6km|e6mi|abbr=on", "5×10⁶ km (3.1×10⁶ mi)"),
        ("5|km|mi|abbr=~", "5 kilometres [km] (3.1 mi)"),
        ("10|mi|km nmi|order=out", "16 kilometres (8.7 nmi)"),
        ("6|ft|2|in|m|order=flip", "1.88 metres (6 ft 2 in)"),
        ("100|km|mi|disp=unit", "kilometres"),
        ("20|$/acre|$=£", "£20 per acre (£49/ha)"),
        ("2.6|m|m ft|order=flip|disp=(or)", "2.6 metres or 8.5 feet (2.6 m)"),
        ("5|km|mi|spell=on", "five kilometres (three point one miles)"),
        ("40|acre|ha|spell=On", "Forty acres (sixteen hectares)"),
        ("2+1/2|mi|km|spell=in", "two and a half miles (4.0 km)"),
        ("1000|to|1000.4|ft|m", "1,000 to 1,000.4 feet (304.8 to 304.9 m)"),
        ("3.21|m|ft|round=0.5", "3.21 metres (10.5 ft)"),
        ("450|km|mi|round=50", "450 kilometres (300 mi)"),
        ("10|kWh/km|MJ/km", "10 kilowatt-hours per kilometre (36 MJ/km)"),
        ("NNN|m", "NNN m"),
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
    assert find("cvt")(["100", "acre", "km2"], {}, Context()) == "100 acres (0.40 km2)"
    assert find("cvt")(["5", "km", "mi"], {}, Context()) == "5 km (3.1 mi)"


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
