"""The bill: for each instance the moments at which its price changed.

An entry is {"id", "gpu", "label", "dph", "disk_dph", "prices": [[time, dollars an hour, other], ...], "traffic":
dollars, "inet": dollars a GB received and sent}. A change that this machine ordered is known to the second (other =
time). One that it only found, after a night's sleep say, lies between `time` and `other`; it is billed as the dearer of
the two, until the box is asked: its guard has counted when it ran.
"""

import time
from typing import Any

from pipeline.course import COURSE, TOGETHER

# A restart of the container leaves a gap of seconds between two spans, and a stop one of minutes at least.
RESTART_SECONDS = 120.0

Entry = dict[str, Any]


def find(state: dict, instance: int) -> Entry | None:
    return next((entry for entry in state["ledger"] if entry["id"] == instance), None)


def opened(state: dict, row: dict, now: float) -> None:
    """An instance begins to cost. row: id, gpu, label, dph, disk_dph, and inet when its offer named it"""
    if find(state, row["id"]) is None:
        entry = {key: row[key] for key in ("id", "gpu", "label", "dph", "disk_dph")}
        state["ledger"].append({**entry, "prices": [[now, row["dph"], now]], "traffic": 0.0,
                                "inet": row.get("inet", [0.0, 0.0])})  # fmt: skip


def began(state: dict, instance: int, moment: float) -> None:
    """When its costs began, better known than when it was asked for."""
    entry = find(state, instance)
    if entry is not None and len(entry["prices"]) == 1:
        entry["prices"][0] = [moment, entry["prices"][0][1], moment]


def moved(state: dict, instance: int, received_gb: float, sent_gb: float) -> None:
    """What the box says that has passed in its life."""
    entry = find(state, instance)
    if entry is not None:
        down, up = entry.get("inet", (0.0, 0.0))
        entry["traffic"] = max(entry["traffic"], received_gb * down + sent_gb * up)


def priced(state: dict, instance: int, dollars_per_hour: float, now: float, earliest: float | None = None) -> None:
    """The price is this from now on, or since a moment between `earliest` and now."""
    entry = find(state, instance)
    if entry is not None and entry["prices"][-1][1] != dollars_per_hour:
        before, old, _ = entry["prices"][-1]
        first = now if earliest is None else max(before, min(now, earliest))
        dearer = dollars_per_hour > old
        entry["prices"].append([first, dollars_per_hour, now] if dearer else [now, dollars_per_hour, first])


def repriced(state: dict, instance: int, dollars_per_hour: float) -> None:
    """Its price while it runs is another than that of its offer, or of its last look."""
    entry = find(state, instance)
    if entry is not None:
        entry["dph"] = dollars_per_hour


def counted(state: dict, instance: int, spans: tuple[tuple[float, float], ...]) -> None:
    """Correct the prices by the spans of time, [(first, last)], between which the box's guard has seen it run."""
    entry = find(state, instance)
    if entry is None or not spans:
        return
    joined: list[list[float]] = []
    for begin, last in sorted(spans):
        if joined and begin - joined[-1][1] <= RESTART_SECONDS:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([begin, last])
    for (_, stopped), (started, _) in zip(joined, joined[1:]):
        _settle(entry, stopped, started)


def _settle(entry: Entry, stopped: float, started: float) -> None:
    """The box stood still between these two moments: the prices say so afterwards."""
    inside = [
        i
        for i, p in enumerate(entry["prices"])
        if i and max(p[0], p[2]) > stopped - 60 and min(p[0], p[2]) < started + 60
    ]
    if any(entry["prices"][i][1] == 0 for i in inside):
        return
    exact = [entry["prices"][i] for i in inside if entry["prices"][i][0] == entry["prices"][i][2]]
    down = next((p for p in exact if p[1] == entry["disk_dph"]), [stopped, entry["disk_dph"], stopped])
    up = next((p for p in reversed(exact) if p[1] > entry["disk_dph"]), [started, entry["dph"], started])
    first, last = (inside[0], inside[-1] + 1) if inside else (len(entry["prices"]), len(entry["prices"]))
    if not inside:
        first = last = sum(p[0] <= stopped for p in entry["prices"])
    entry["prices"][first:last] = [down, up]


def spent(entry: Entry, now: float) -> tuple[float, float]:
    """-> (hours with the meter of the GPU running, dollars with the traffic) of one instance up to `now`"""
    hours = dollars = 0.0
    ends = [moment for moment, _, _ in entry["prices"][1:]] + [now]
    for (begin, price, _), end in zip(entry["prices"], ends):
        dollars += max(0.0, end - begin) / 3600 * price
        hours += max(0.0, end - begin) / 3600 if price > entry["disk_dph"] else 0.0
    return hours, dollars + entry["traffic"]


def guess(entry: Entry) -> float:
    """Dollars of it that may not have been spent: what lies in moments that are not known exactly."""
    least: list[list[float]] = []
    for _, price, other in entry["prices"]:
        moment = max(other, least[-1][0]) if least else other
        least.append([moment, price, moment])
    last = max(entry["prices"][-1][0], entry["prices"][-1][2])
    return spent(entry, last)[1] - spent({**entry, "prices": least}, last)[1]


def total(state: dict, now: float) -> tuple[float, float]:
    """-> (hours, dollars) of all instances"""
    sums = [spent(entry, now) for entry in state["ledger"]]
    return sum(hours for hours, _ in sums), sum(dollars for _, dollars in sums)


def show(state: dict, now: float) -> str:
    lines = []
    for entry in state["ledger"]:
        hours, dollars = spent(entry, now)
        price = entry["prices"][-1][1]
        meaning = "gone, costs nothing"
        if price > entry["disk_dph"]:
            meaning = f"${price:.3f}/h still runs"
        elif price:
            meaning = f"stopped, its disk costs ${price * 24:.2f} a day"
        lines.append(f"  instance {entry['id']:>9}  {entry['gpu']:<12} {hours:6.2f} h  ${dollars:7.2f}  {meaning}")
        if (unknown := guess(entry)) >= 0.01:
            lines.append(
                f"  {'':19} at most: ${unknown:.2f} less if it stopped earlier; known when it has been started again"
            )
    if traffic := sum(entry["traffic"] for entry in state["ledger"]):
        lines.append(f"  {'':>19} of it ${traffic:.2f} for traffic")
    hours, dollars = total(state, now)
    return "\n".join(lines + [f"  in all {'':>27} {hours:6.2f} h  ${dollars:7.2f}"])


def bill(state: dict, stages: dict[str, float], now: float) -> str:
    """A Markdown page: a row a stage with the course's figure beside it, then a row an instance."""
    hours, dollars = total(state, now)
    dph = dollars / hours if hours else 0.0
    lines = ["| stage | hours | dollars | the course |", "|---|---|---|---|"]
    for stage, took in stages.items():
        lines.append(f"| {stage} | {took:.2f} | {took * dph:.2f} | {COURSE.get(stage, '')} |")
    rest = max(0.0, hours - sum(stages.values()))
    lines.append(
        f"| setting up, transfers, waiting | {rest:.2f} | {max(0.0, dollars - sum(stages.values()) * dph):.2f} | |"
    )
    lines.append(f"| in all | {hours:.2f} | {dollars:.2f} | {COURSE[TOGETHER]} |")
    stamp = time.strftime("%Y-%m-%d %H:%M", time.gmtime(now))
    return f"# The bill, {stamp} UTC\n\n" + "\n".join(lines) + "\n\n```\n" + show(state, now) + "\n```\n"
