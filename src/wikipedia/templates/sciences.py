"""Chemistry, mathematics, astronomy."""

import re

from wikipedia.names import ELEMENTS
from wikipedia.templates.base import at, renders
from wikipedia.templates.numbers import SUPERSCRIPTS, lowered, raised


@renders("chem; chem/link; chemf; chemical formula")
def formula(p, n, context):
    """{{chem|H|2|O}}: H2O; {{chem|SO|4|2-}}: SO4²⁻"""
    text = ""
    for i, x in enumerate(p):
        text += raised(x, text) if i and re.fullmatch(r"\d*[+\-−]", x) else x
    return text


@renders("chem2; ce; chemform")
def formula_line(p, n, context):
    """{{chem2|SO4(2-)}}: SO4²⁻"""
    text = "".join(p)
    text = re.sub(r"\((\d*[+\-−])\)", lambda m: raised(m[1], text[: m.start()]), text)
    text = re.sub(r"\^([\d+\-−]+)", lambda m: m[1].translate(SUPERSCRIPTS), text)
    return text.replace("->", "→").replace("<-->", "⇌")


@renders("nuclide; simplenuclide; nuclide2; simplenuclide2; nuclide/link; isotope; nuclidelink")
def nuclide(p, n, context):
    """{{nuclide|uranium|235}}: 235U"""
    element, mass = (at(p, 0), at(p, 1)) if not at(p, 0).isdecimal() else (at(p, 2) or at(p, 1), at(p, 0))
    symbol = ELEMENTS.get(element.lower(), element if len(element) < 4 else element[:1].upper())
    return mass + symbol + n.get("charge", "")


@renders("tmath; tex")
def mathematics(p, n, context):
    return "$" + at(p, 0).replace("$", "") + "$" if at(p, 0) else ""


@renders("ra; rasc")
def right_ascension(p, n, context):
    return " ".join(f"{x}{unit}" for x, unit in zip(p, ("h", "m", "s")) if x)


@renders("dec; dms; deg min sec")
def declination(p, n, context):
    return " ".join(f"{x.replace('-', '−')}{unit}" for x, unit in zip(p, ("°", "′", "″")) if x)


@renders("mpl; mp")
def minor_planet(p, n, context):
    return at(p, 0) + lowered(at(p, 1)) if at(p, 1).isdecimal() else " ".join(p)


@renders("mpl-")
def numbered_minor_planet(p, n, context):
    return f"({at(p, 0)}) {at(p, 1)}{lowered(at(p, 2))}"


renders("dentalformula; dental formula")(lambda p, n, context: f"{n.get('upper', '')}/{n.get('lower', '')}")
