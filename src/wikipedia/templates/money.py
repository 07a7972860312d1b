"""Money: $5, £5 3s 2d, ₹50 crore."""

from wikipedia.markup.marks import AMOUNT
from wikipedia.tables import table
from wikipedia.templates.base import Renderer, at, constant, renders
from wikipedia.templates.numbers import format_number

CURRENCIES = table("currencies")
NO_TEMPLATE = {"won", "peso", "try", "dollar"}  # {{won}} is not about money


def money(symbol: str) -> Renderer:
    def render(p, n, context):
        amount = n.get("amount") or at(p, 0)
        return symbol + format_number([amount], {}, context) if amount else symbol.strip()

    return render


@renders("currency")
def currency(p, n, context):
    code = (at(p, 1) or n.get("type") or "USD").lower()
    symbol = CURRENCIES.get(code, code.upper() + " ")
    return (
        symbol + format_number([n.get("amount") or at(p, 0)], {}, context)
        if at(p, 0) or n.get("amount")
        else symbol.strip()
    )


@renders("£sd; lsd; £.s.d.")
def old_pounds(p, n, context):
    """{{£sd|l=5|s=3|d=2}}"""
    parts = [
        ("£" + n["l"] if n.get("l") else ""),
        (n["s"] + "s" if n.get("s") else ""),
        (n["d"] + "d" if n.get("d") else ""),
    ]
    return " ".join(x for x in parts if x) or "£sd"


@renders("inrconvert; inr convert; indian rupee convert; inr; ₹")
def rupees(p, n, context):
    amount, scale = (
        at(p, 0),
        {
            "c": " crore",
            "l": " lakh",
            "b": " billion",
            "m": " million",
            "k": " thousand",
            "lc": " lakh crore",
            "t": " trillion",
        }.get(at(p, 1).lower(), ""),
    )
    return "₹" + format_number([amount], {}, context) + scale if amount else "₹"


# The figure stands in tables that no dump has: holes.without_amounts takes away what is said about it
renders("""
    to usd; to usd round; currency convert; to eur; to gbp; to aud; to inr; inflation; inflated; inflation cpi;
    international dollars; inflation converter
    """)(constant(AMOUNT))
