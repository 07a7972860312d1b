"""Chemistry, mathematics, astronomy."""

import re

from wikipedia.markup.marks import PIPE
from wikipedia.names import ELEMENTS
from wikipedia.tables import table
from wikipedia.templates.base import at, first, renders
from wikipedia.templates.numbers import lowered, raised


@renders("chem; chem/link; chemf; chemical formula")
def formula(p, n, context):
    """{{chem|H|2|O}}: H2O; {{chem|SO|4|2-}}: SO4²⁻"""
    text = ""
    for i, x in enumerate(p):
        text += raised(x, text) if i and re.fullmatch(r"\d*[+\-−]", x) else x
    return text


@renders("chem2; ce; chemform")
def formula_line(p, n, context):
    """{{chem2|SO4(2-)}}: SO4²⁻; {{chem2|CuSO4*5H2O}}: CuSO4 · 5H2O"""
    text = ""
    for match in _TOKEN.finditer("".join(p).replace("–", "-").replace("−", "-")):
        kind, token = match.lastgroup, match[0]
        if kind == "arrow":
            token = f" {'→' if token == '->' else '⇌'} "
        elif kind == "charge":
            number, _, charge = token.partition("(") if "(" in token else (token[:-1], "", token[-1])
            text += number
            token = raised(charge.rstrip(")").replace("-", "−"), text)
        elif kind == "dot":
            token = " · " + token[1:]
        elif kind == "bond":
            token = _BONDS.get(token[1], "") + raised(token[3:-1], "x") + "−" * (len(token) > 2)
        elif kind == "script":
            token = raised(token[2:-1], text) if token[0] == "^" else token[2:-1]
        text += token
    return re.sub(" {2,}", " ", text)


_TOKEN = re.compile(
    r"(?P<plain>^\d[\d.]*|\s+[\d.]+|\s\+|&\#\w+;|[A-Z][a-z]*)|(?P<arrow><-+>|->)|(?P<charge>\d+[+-]|\d*\(\d*[+-]\)|[+-])"
    r"|(?P<dot>\*)|(?P<bond>\\.(?:\{\d+\})?)|(?P<script>[_^]\{[^}]*\})|(?P<other>.)",
    re.S,
)
_BONDS = {"s": "–", "d": "=", "t": "≡", "q": "≣", "h": "η", "m": "μ", "*": "*", "-": "-", "\\": "\\", "'": "'"}


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


@renders("numbered block; numblk")
def numbered_formula(p, n, context):
    """{{NumBlk|:|<math>x</math>|1}}: the formula and its number in brackets"""
    number = at(p, 2).strip("()")
    return f"\n\n{at(p, 1)}{f' ({number})' if number else ''}\n\n" if at(p, 1) else ""


@renders("equation box 1; equation box; equation")
def boxed_formula(p, n, context):
    formula = n.get("equation") or at(p, 0)
    title = n.get("title", "").rstrip(":")
    return f"\n\n{title + ': ' if title else ''}{formula}\n\n" if formula else ""


@renders("math theorem; math proof; math lemma; math definition; theorem; proof")
def theorem(p, n, context):
    """{{math theorem|name=Euclid|There is no last prime.}}: Theorem (Euclid). There is no last prime."""
    text = n.get("math_statement") or n.get("proof") or at(p, 0)
    kind = "Proof" if n.get("proof") else "Theorem"
    name = n.get("title") or n.get("name", "")
    label = name if name and (n.get("proof") or " " in name) else f"{kind} ({name})" if name else kind
    note = f" ({n['note']})" if n.get("note") else ""
    return f"\n\n{label}{note}. {text}\n\n" if text else ""


@renders("physics particle; physicsparticle")
def particle_with_indices(p, n, context):
    """{{PhysicsParticle|TL=3|W|TR=+|BR=1}}: W⁺, a mass number before it on the line"""
    name = at(p, 0) + ("\u0305" if n.get("anti") else "")
    return n.get("tl", "") + name + raised(n.get("tr", ""), "e") + lowered(n.get("br", "")) if name else ""


_PARTICLES = table("particles")


@renders("subatomicparticle; subatomic particle")
def particle(p, n, context):
    return _PARTICLES.get(at(p, 0).lower(), at(p, 0))


@renders("coord; coords; coor")
def coordinates(p, n, context):
    """{{coord|52|31|N|13|24|E|display=inline}}: 52°31′N 13°24′E; nothing for those that stand at the top of the page"""
    if "inline" not in n.get("display", "inline"):
        return ""
    numbers = [x.replace("-", "−") for x in p if re.fullmatch(r"[-−]?\d+(\.\d+)?|[NSEW]", x)]
    if not any(x in "NSEW" for x in numbers):
        signed = [(x.lstrip("−"), x.startswith("−")) for x in numbers[:2]]
        marks = (("N", "S"), ("E", "W"))
        return (
            " ".join(f"{size}°{mark[minus]}" for (size, minus), mark in zip(signed, marks)) if len(signed) == 2 else ""
        )
    shown, part = "", 0
    for x in numbers[:8]:
        shown += f"{x} " if x in "NSEW" else f"{x}{'°′″'[min(part, 2)]}"
        part = 0 if x in "NSEW" else part + 1
    return shown.strip()


renders("ec number; ecnumber")(lambda p, n, context: f"EC {at(p, 0)}" if at(p, 0) else "")
renders("pdb link; pdb; gene; pdbe; uniprot")(first)
renders("bra-ket; braket")(lambda p, n, context: f"⟨{at(p, 0)}{PIPE}{at(p, 1)}⟩")
renders("overset")(lambda p, n, context: at(p, 1) + raised(at(p, 0), "x"))
renders("underset")(lambda p, n, context: at(p, 1) + lowered(at(p, 0)))
renders("pars; parens; bigpars")(lambda p, n, context: f"({at(p, 0)})" if at(p, 0) else "")
