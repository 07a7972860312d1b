"""What a run costs: hours at a price, dollars, and the caps on both."""

from pipeline.progress import duration


def dollars(seconds: float, price_per_hour: float) -> float:
    return seconds / 3600 * price_per_hour


def cost(seconds: float, price_per_hour: float) -> str:
    """5400 seconds at 0.40 -> '1h30m, $0.60'; at no price '1h30m'"""
    return duration(seconds) + (f", ${dollars(seconds, price_per_hour):.2f}" if price_per_hour else "")
