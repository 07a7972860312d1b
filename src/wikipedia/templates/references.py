"""Works, laws, verses and shares that the text itself cites."""

import re

from wikipedia.markup.marks import CITED
from wikipedia.templates.base import Renderer, at, first
from wikipedia.templates.base import renders_in_english as renders


@renders("citation")
def cited(p, n, context):
    """{{cite book|last=Smith|first=Ann|year=1999|title=Rome|publisher=Oxford}}: Smith, Ann (1999). Rome. Oxford.

    Shown where it is an item of a list of works; a reference in the running text is none.
    """
    title = n.get("title") or n.get("chapter") or n.get("contribution", "")
    if not title:
        return ""
    people = []
    for i in ("", *map(str, range(1, 5))):
        family, given = n.get(f"last{i}") or n.get(f"surname{i}", ""), n.get(f"first{i}") or n.get(f"given{i}", "")
        people.append(n.get(f"author{i}", "") or ", ".join(x for x in (family, given) if x))
    authors = "; ".join(dict.fromkeys(x for x in people if x)) or n.get("vauthors") or n.get("authors", "")
    year = re.search(r"\b\d{4}\b", n.get("year") or n.get("date", ""))
    who = f"{authors} ({year[0]})" if authors and year else authors or (year[0] if year else "")
    where = n.get("journal") or n.get("magazine") or n.get("newspaper") or n.get("work") or n.get("website") or ""
    parts = [who, title, where or n.get("publisher", "")]
    text = " ".join(x if x.endswith((".", "?", "!")) else x + "." for x in parts if x)
    return f"{CITED}{' '.join(text.split())}{CITED}"


def harvard(inside: bool) -> Renderer:
    """{{harvtxt|Smith|2000|p=4}}: Smith (2000, p. 4); {{harvnb}}: Smith 2000, p. 4"""

    def render(p, n, context):
        names = [x for x in p if not re.fullmatch(r"\d{4}[a-z]?|n\.d\.|c\. \d{4}", x)]
        year = next((x for x in p if x not in names), "")
        who = (
            f"{names[0]} et al."
            if len(names) > 3
            else " & ".join([", ".join(names[:-1]), names[-1]])
            if len(names) > 1
            else "".join(names)
        )
        place = (
            ", p. " + n["p"]
            if n.get("p")
            else ", pp. " + n["pp"]
            if n.get("pp")
            else ", " + n["loc"]
            if n.get("loc")
            else ""
        )
        if inside:
            return f"{who} ({year}{place})" if year else who
        return f"{who} {year}{place}".strip()

    return render


@renders("harvs")
def harvard_by_names(p, n, context):
    """{{harvs|txt|first=Ann|last=Smith|year=2000}}: Ann Smith (2000)"""
    names = [" ".join(x for x in (n.get(f"first{i}", ""), n.get(f"last{i}", "")) if x) for i in ("", "2", "3", "4")]
    names = [name for name in names if name]
    who = " & ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
    years = ", ".join(n[key] for key in ("year", "year2", "year3") if n.get(key))
    if "txt" in p or n.get("txt") or n.get("text"):
        return f"{who} ({years})" if years else who
    return f"{who} {years}".strip() if "nb" in p or n.get("nb") else f"({who} {years})".replace(" )", ")")


@renders("harv; harvard citation; harvp")
def harvard_parenthesis(p, n, context):
    return f"({harvard(False)(p, n, context)})"


@renders("bibleverse; bibleref; bibleref2; bible verse; sourcetext; bibleverse-nb; bible ref; bibleref2-nb")
def verse(p, n, context):
    """{{bibleverse|1|John|3:16|KJV}}"""
    parts = [x for x in p[:3] if x]
    return " ".join(parts[:3] if at(p, 0) in ("1", "2", "3", "I", "II", "III", "") else parts[:2])


def labelled(label: str, glue: str = " ") -> Renderer:
    return lambda p, n, context: f"{label}{glue}{at(p, 0)}" if at(p, 0) else ""


def around_two(between: str) -> Renderer:
    """The first two arguments on both sides of a string."""
    return lambda p, n, context: f"{at(p, 0)}{between}{at(p, 1)}"


@renders("ussc")
def supreme_court(p, n, context):
    """{{ussc|name=Roe v. Wade|410|113|1973}}: Roe v. Wade, 410 U.S. 113 (1973)"""
    volume, at_page, year = (n.get(key) or at(p, i) for i, key in enumerate(("volume", "page", "year")))
    return (n["name"] + ", " if n.get("name") else "") + f"{volume} U.S. {at_page}" + (f" ({year})" if year else "")


def stock(label: str) -> Renderer:
    return lambda p, n, context: f"{label}: {at(p, 0)}" if at(p, 0) else label


renders("harvtxt; harvcoltxt")(harvard(True))
renders("harvnb; harvcol; harvcolnb")(harvard(False))
renders("cite quran; qref; quran; sura; ayah")(lambda p, n, context: "Quran " + ":".join(x for x in p[:2] if x))
renders("isbn; isbnt")(labelled("ISBN"))
renders("issn; issn link")(labelled("ISSN"))
renders("oclc")(labelled("OCLC"))
renders("doi; doi-inline")(labelled("doi:", ""))
renders("arxiv")(labelled("arXiv:", ""))
renders("pmid")(labelled("PMID"))
renders("rfc; ietf rfc")(labelled("RFC"))
renders("jstor")(labelled("JSTOR"))
renders("bibcode")(labelled("Bibcode:", ""))
renders("lccn")(labelled("LCCN"))
renders("us patent; uspatent; patent us")(labelled("U.S. patent"))
renders("oeis")(lambda p, n, context: f"(sequence {n.get('id') or at(p, 0)} in the OEIS)")
renders("oeis2c; oeis link; oeislink")(first)
renders("p.; page")(labelled("p."))
renders("pp.; pages")(labelled("pp."))
renders("vol.; vol")(labelled("vol."))
renders("sect; section sign; §; sect.")(labelled("§"))
renders("unitedstatescode; usc; uscode")(around_two(" U.S.C. § "))
renders("usstat")(around_two(" Stat. "))
renders("epc article")(lambda p, n, context: f"Article {at(p, 0)} EPC")
renders("epc rule")(lambda p, n, context: f"Rule {at(p, 0)} EPC")
renders("epc 1973 rule")(lambda p, n, context: f"Rule {at(p, 0)} EPC 1973")
renders("pct article")(lambda p, n, context: f"Article {at(p, 0)} PCT")
renders("pct rule")(lambda p, n, context: f"Rule {at(p, 0)} PCT")
renders("executiveorder; executive order")(labelled("Executive Order"))
renders("codefedreg; cfr")(around_two(" CFR "))
renders("uspl")(lambda p, n, context: f"Pub. L. {at(p, 0)}–{at(p, 1)}")
renders("usbill")(lambda p, n, context: {"HR": "H.R.", "S": "S."}.get(at(p, 1), at(p, 1)) + f" {at(p, 2)}")
renders("nyse; new york stock exchange")(stock("NYSE"))
renders("nasdaq; nasdaq2")(stock("Nasdaq"))
renders("lse; london stock exchange")(stock("LSE"))
renders("tyo; tokyo stock exchange")(stock("TYO"))
renders("sehk; hkex")(stock("SEHK"))
renders("nse")(stock("NSE"))
renders("bse")(stock("BSE"))
renders("tsx")(stock("TSX"))
renders("asx")(stock("ASX"))
renders("euronext; euronextparis; euronext paris")(stock("Euronext"))
renders("fwb")(stock("FWB"))
renders("krx")(stock("KRX"))
renders("sse")(stock("SSE"))
renders("szse")(stock("SZSE"))
renders("amex; nyse american")(stock("NYSE American"))
renders("six; swx")(stock("SIX"))
renders("bmad")(stock("BMAD"))
renders("otc pink; otcpink")(stock("OTC Pink"))
for _catalogue in ("BWV", "HWV", "WoO", "Hob.", "K.", "BuxWV", "TWV"):  # of composers' works
    renders(_catalogue.lower())(labelled(_catalogue))
