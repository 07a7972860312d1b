"""Hours and dollars of a whole build, worked out by hand, and the order of offers."""

from pathlib import Path

import pytest

from pipeline.config import load_config
from scripts.rental import ledger, price

ROOT = Path(__file__).resolve().parents[2]
CFG = load_config(str(ROOT / "configs/base.yaml"), [])


def offer(number: int, gpu: str, dph: float, **more) -> dict:
    return {"id": number, "gpu_name": gpu, "num_gpus": 1, "dph_total": dph, "disk_dph": 0.02, **more}


def test_hours_of_train_by_the_table():
    """7700 steps of 32 x 16 x 1024 tokens at 118,000 a second on a 4090; base.yaml is the table's model."""
    assert price.flops_per_token(CFG) == pytest.approx(859e6, rel=0.01)
    hours = price.stage_hours(CFG, "RTX 4090", 1, "judge_eval")
    assert hours["train"] == pytest.approx(7700 * 32 * 16 * 1024 / 118_000 / 3600, rel=0.01)
    assert hours["gen_sft_data"] == 2.0 and hours["train_sft"] == pytest.approx(hours["train"] * 0.03)
    assert list(price.stage_hours(CFG, "RTX 4090", 1, "train")) == ["set up, push", "train"]


def test_names_of_vast_and_of_torch_find_their_row():
    for name in ("RTX 4090", "RTX_4090", "NVIDIA GeForce RTX 4090"):
        assert price.speed_of(name) is price.SPEEDS["RTX 4090"]
    assert price.speed_of("H100 SXM") is price.SPEEDS["H100 SXM"] and price.speed_of("GTX 1080") is None


def test_a_measured_speed_replaces_the_table():
    assert price.stage_hours(CFG, "GTX 1080", 1, "train") is None
    assert price.stage_hours(CFG, "GTX 1080", 1, "train", measured=10_000)["train"] == pytest.approx(112.1, rel=0.01)


def test_a_speed_that_training_has_reached_ranks_later_offers():
    """Half of the table's speed on one 4090, so that its training takes twice as long; two of them are not one."""
    speeds = {"1 x RTX 4090": 59_000 * 859e6}
    (slow,) = price.rank(CFG, [offer(1, "RTX 4090", 0.40)], "train", 0.0, speeds)
    (table,) = price.rank(CFG, [offer(1, "RTX 4090", 0.40)], "train", 0.0)
    assert slow.hours["train"] == pytest.approx(2 * table.hours["train"], rel=0.01)
    (two,) = price.rank(CFG, [offer(1, "RTX 4090", 0.80, num_gpus=2)], "train", 0.0, speeds)
    assert two.hours["train"] == pytest.approx(table.hours["train"] / 2 / 0.92)


def test_what_the_box_downloads_is_paid_for():
    """torch's packages, vLLM's and the teacher's weights, by a host that wants two cents a GB."""
    alone = load_config(str(ROOT / "configs/base.yaml"), ["teacher.backend=rules"])
    for cfg, gb in ((CFG, 3.5 + 21.0), (alone, 3.5)):
        (free,) = price.rank(cfg, [offer(1, "RTX 4090", 0.40)], "train", 0.0)
        (dear,) = price.rank(cfg, [offer(1, "RTX 4090", 0.40, inet_down_cost=0.02)], "train", 0.0)
        assert dear.dollars - free.dollars == pytest.approx((gb + sum(price.push_gb(cfg))) * 0.02)


def test_the_cheapest_build_is_not_the_cheapest_hour():
    offers = [
        offer(1, "RTX 3090", 0.25),
        offer(2, "H100 SXM", 1.20),
        offer(3, "RTX 4090", 0.40),
        offer(4, "GTX 1080", 0.05),
    ]
    assert [q.offer["id"] for q in price.rank(CFG, offers, "judge_eval", 0.0)] == [2, 3, 1]


def test_traffic_disk_bids_and_the_offers_end_count():
    (plain,) = price.rank(CFG, [offer(1, "RTX 4090", 0.40)], "train", 0.0)
    assert plain.dollars == pytest.approx(0.40 * plain.total_hours) and plain.bid_dollars is None
    (dear,) = price.rank(CFG, [offer(1, "RTX 4090", 0.40, inet_up_cost=0.02)], "train", 0.0)
    assert dear.dollars == pytest.approx(plain.dollars + 10 * 0.02)
    (bid,) = price.rank(CFG, [offer(1, "RTX 4090", 0.40, min_bid=0.18)], "train", 0.0)
    assert bid.bid_dollars == pytest.approx((0.18 + 0.02) * plain.total_hours)
    ends, lasts = price.rank(
        CFG, [offer(1, "RTX 4090", 0.30, end_date=3 * 3600.0), offer(2, "RTX 4090", 0.50)], "train", 0.0
    )[::-1]
    assert ends.offer["id"] == 1 and "takes it back in 3 h" in ends.fits and lasts.fits == ""
    assert "NOT: its host" in price.table([ends])


def test_a_box_that_may_be_outbid_saves_for_each_pull_and_its_traffic_is_in_the_price():
    """118,000 tokens/s: 405 steps of 524,288 tokens in half an hour, 19 checkpoints in place of 7.7, of 1.5 GB each."""
    hours = 7700 * 524_288 / 118_000 / 3600
    assert price.bid_interval(CFG, hours) == 405
    assert price.bid_interval(CFG, hours / 4) == 1000, "the config's own is fewer"
    assert price.checkpoint_gb(CFG) == pytest.approx(124.3e6 * 12 / 1e9, rel=0.01)
    assert price.more_pulled_gb(CFG, hours) == pytest.approx((19.0 - 7.7) * price.checkpoint_gb(CFG), rel=0.01)
    offers = [offer(1, "RTX 4090", 0.40, min_bid=0.18, inet_up_cost=cost) for cost in (0.0, 0.02)]
    free, dear = (price.rank(CFG, [one], "train", 0.0)[0].bid_dollars for one in offers)
    assert dear - free == pytest.approx((10 + 11.3 * price.checkpoint_gb(CFG)) * 0.02, rel=0.01)


def test_several_gpus_are_nearly_so_many_times_as_fast():
    one, four = (price.stage_hours(CFG, "RTX 4090", n, "train")["train"] for n in (1, 4))
    assert four == pytest.approx(one / 4 / 0.92)


def test_the_disk_follows_from_the_config():
    """About 85 GB for base.yaml with its teacher, not 200; little for a small model without one."""
    assert 70 <= price.disk_gb(CFG) <= 100
    assert price.disk_gb(load_config(str(ROOT / "configs/demo.yaml"), [])) < 30
    assert price.disk_gb(load_config(str(ROOT / "configs/base.yaml"), ["vast.disk_gb=123"])) == 123


def test_traffic_is_billed_as_the_box_counts_it():
    state = {"ledger": []}
    row = {"id": 7, "gpu": "g", "label": "l", "dph": 0.4, "disk_dph": 0.02, "inet": [0.01, 0.03]}
    ledger.opened(state, row, 0.0)
    ledger.moved(state, 7, 20.0, 2.0)
    assert ledger.total(state, 3600.0) == (1.0, pytest.approx(0.4 + 20 * 0.01 + 2 * 0.03))
    ledger.moved(state, 7, 0.0, 0.0)  # a report without it
    assert ledger.total(state, 3600.0)[1] == pytest.approx(0.66) and "$0.26 for traffic" in ledger.show(state, 3600.0)


# The ledger -----------------------------------------------------------------------------------------------------------


def entry(*prices: list[float]) -> dict:
    return {
        "id": 1,
        "gpu": "g",
        "label": "l",
        "dph": 0.4,
        "disk_dph": 0.02,
        "prices": [list(p) for p in prices],
        "traffic": 0,
    }


def test_a_stop_that_was_only_found_is_billed_late_until_the_box_was_asked():
    hour = 3600.0
    state = {"ledger": [entry([0, 0.4, 0], [50 * hour, 0.02, 2 * hour])]}
    it = state["ledger"][0]
    assert ledger.spent(it, 50 * hour) == pytest.approx((50.0, 20.0))
    assert ledger.guess(it) == pytest.approx(48 * 0.38)
    assert "less if it stopped earlier" in ledger.show(state, 50 * hour)
    ledger.priced(state, 1, 0.4, 50.2 * hour)
    ledger.counted(state, 1, ((100.0, 6.5 * hour), (50.19 * hour, 50.3 * hour)))
    assert ledger.spent(it, 50.19 * hour) == pytest.approx((6.5, 6.5 * 0.4 + 43.69 * 0.02), rel=1e-3)
    assert ledger.guess(it) == 0


def test_a_stop_and_start_that_nobody_here_saw_are_in_the_spans():
    state = {"ledger": [entry([0, 0.4, 0])]}
    ledger.counted(
        state, 1, ((60.0, 3600.0), (3630.0, 7200.0), (36_000.0, 40_000.0))
    )  # a restart; then hours of nothing
    hours, dollars = ledger.spent(state["ledger"][0], 43_200.0)
    assert hours == pytest.approx(2 + 2) and dollars == pytest.approx(4 * 0.4 + 8 * 0.02)


def test_the_bill_is_a_row_a_stage_with_the_courses_figure():
    state = {"ledger": [entry([0, 0.4, 0], [36_000, 0, 36_000])]}
    page = ledger.bill(state, {"train": 8.0, "train_sft": 0.5}, 36_000.0)
    assert "| train | 8.00 | 3.20 | 20 to 24 h |" in page and "| in all | 10.00 | 4.00 | 36 h, $14.40 " in page
    assert "| setting up, transfers, waiting | 1.50 | 0.60 | |" in page and "gone, costs nothing" in page
