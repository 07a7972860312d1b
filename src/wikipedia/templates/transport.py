"""Ships and roads."""

from wikipedia.templates.base import Renderer, at, first, joined
from wikipedia.templates.base import renders_in_english as renders


def ship(prefix: str) -> Renderer:
    """{{HMS|Victory|1765|6}}; the last argument picks the parts to show: 1 number, 2 name, 4 prefix."""

    def render(p, n, context):
        return _ship(prefix, at(p, 0), at(p, 1), at(p, 2) or n.get("up", ""))

    return render


@renders("ship")
def any_ship(p, n, context):
    return _ship(at(p, 0), at(p, 1), at(p, 2), at(p, 3))


def _ship(prefix: str, name: str, identity: str, bits: str) -> str:
    shown = int(bits) if bits.isdecimal() and 0 < int(bits) < 7 and bits != "4" else 7
    parts = [
        prefix if shown & 4 else "",
        name if shown & 2 or shown == 5 else "",
        f"({identity})" if identity and shown & 1 and shown != 1 else "",
    ]
    return identity if shown == 1 and identity else " ".join(x for x in parts if x)


@renders("sclass; sclass-; sclass2; sclass2-; ship class; sclass3")
def ship_class(p, n, context):
    name, kind, bits = at(p, 0), at(p, 1), at(p, 2)
    if bits in ("2", "4"):
        return name
    return f"{name} class" if bits == "1" or not kind else f"{name}-class {kind}"


_ROADS = {"I": "I-", "M": "M-", "K": "K-", "A": "A", "Hwy": "Highway "}  # elsewhere the type itself, and a space


@renders("jct")
def junctions(p, n, context):
    """{{jct|state=NY|I|90|US|20|dir1=east|name1=Thruway|city1=Albany}}: I-90 east (Thruway) / US 20 – Albany"""
    roads = []
    for i, (kind, number) in enumerate(zip(p[::2], p[1::2] + [""]), start=1):
        kind, _, kind_of = kind.partition("-")  # US-Bus: a business route
        words = [
            _ROADS.get(kind, f"{kind} ") + number,
            kind_of + "." * (kind_of in ("Alt", "Bus", "Byp", "Conn")),
            n.get(f"dir{i}", ""),
        ]
        name = n.get(f"name{i}") or n.get("name", "") * (i == 1)
        roads.append("To " * (f"to{i}" in n) + " ".join(w for w in words if w.strip()) + (f" ({name})" if name else ""))
    places = [n[key] for i in range(1, 5) for key in (f"city{i}", f"location{i}") if n.get(key)]
    return " / ".join(roads) + (" – " + ", ".join(places) if places else "")


renders("gs")(ship(""))
renders("jsub")(ship("Japanese submarine"))


@renders("airport codes; airportcodes")
def airport_codes(p, n, context):
    """{{airport codes|JFK|KJFK}}: (IATA: JFK, ICAO: KJFK)"""
    kinds = ("IATA", "ICAO", "FAA LID")
    codes = ", ".join(f"{kind}: {code}" for kind, code in zip(kinds, p) if code)
    return codes if n.get("p") == "n" or not codes else f"({codes})"


renders("station link; stl; lnl; line link; rail link; stnlink; rcs")(lambda p, n, context: at(p, 1) or at(p, 0))
renders("lbb; lbs; nycs; nyct; mtr; mrt station; lrt station; bssrws; tram; ferry; subway; metro; ukroad; uk road")(
    first
)


@renders("lbc")
def lifeboat_class(p, n, context):
    """{{Lbc|D|IB1}}: D-class (IB1)"""
    return f"{at(p, 0)}-class" + (f" ({at(p, 1)})" if at(p, 1) else "") if at(p, 0) else ""


renders("whyte")(joined("-"))
