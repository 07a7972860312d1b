"""What a run costs: hours at a price, dollars, the caps on both, and a budget that a run is cut to."""

from pipeline.config import InputError
from pipeline.progress import duration


def dollars(seconds: float, price_per_hour: float) -> float:
    return seconds / 3600 * price_per_hour


def cost(seconds: float, price_per_hour: float) -> str:
    """5400 seconds at 0.40 -> '1h30m, $0.60'; at no price '1h30m'"""
    return duration(seconds) + (f", ${dollars(seconds, price_per_hour):.2f}" if price_per_hour else "")


def seconds_of(budget: str, price_per_hour: float) -> float:
    """'30m', '2h', or '$5' at so many dollars an hour -> seconds. InputError for dollars without a price."""
    if budget.startswith("$"):
        if not price_per_hour:
            raise InputError(f"train.budget {budget}: give train.price_per_hour, or minutes or hours, such as 2h")
        return float(budget[1:]) / price_per_hour * 3600
    return float(budget[:-1]) * {"m": 60, "h": 3600}[budget[-1]]


def spent(seconds: float, price_per_hour: float, max_hours: float | None, max_dollars: float | None) -> str:
    """The cap that has been reached, in words, or ''."""
    if max_hours and seconds >= max_hours * 3600:
        return f"train.max_hours {max_hours:g} is reached"
    if max_dollars and dollars(seconds, price_per_hour) >= max_dollars:
        return f"train.max_dollars {max_dollars:g} is reached"
    return ""
