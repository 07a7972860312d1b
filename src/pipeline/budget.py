"""What a run costs: hours at a price, dollars, and the caps on both."""

from pipeline.progress import duration


def dollars(seconds: float, price_per_hour: float) -> float:
    return seconds / 3600 * price_per_hour


def cost(seconds: float, price_per_hour: float) -> str:
    """5400 seconds at 0.40 -> '1h30m, $0.60'; at no price '1h30m'"""
    return duration(seconds) + (f", ${dollars(seconds, price_per_hour):.2f}" if price_per_hour else "")


def spent(seconds: float, price_per_hour: float, max_hours: float | None, max_dollars: float | None) -> str:
    """The cap that has been reached, in words, or ''."""
    if max_hours and seconds >= max_hours * 3600:
        return f"train.max_hours {max_hours:g} is reached"
    if max_dollars and dollars(seconds, price_per_hour) >= max_dollars:
        return f"train.max_dollars {max_dollars:g} is reached"
    return ""
