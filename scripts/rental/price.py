"""What a whole build costs on an offer: each stage's hours by measured speeds, disk and traffic included; offers
ranked by it."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import resolve
from scripts.rental.on_box.build import STAGES, local_teacher, stages

# Tokens/s of training a 124M model of this shape (859 MFLOP a token) on one GPU in bf16 with torch.compile, as
# published; the relative speed of the teacher there by memory bandwidth, which decodes; TFLOPS and GB/s are of
# NVIDIA's data sheets. "estimate": no publication known; the 4090's or the H100's share of the peak. train.bench on
# the box is the last word.
SPEEDS = {  # name as vast.ai writes it: (tokens/s, GB/s of memory, GB, source)
    "RTX 3090": (52_000, 936, 24, "estimate: the 4090's share of 71 TFLOPS"),
    "RTX 4090": (118_000, 1008, 24, "published: 106k to 130k"),
    "RTX 5090": (150_000, 1792, 32, "estimate: the 4090's share of 210 TFLOPS"),
    "RTX 6000Ada": (190_000, 960, 48, "estimate: half of 364 TFLOPS, bound by memory"),
    "L40S": (185_000, 864, 48, "estimate: as the RTX 6000 Ada"),
    "A40": (95_000, 696, 48, "estimate: the A100's share of 150 TFLOPS"),
    "A100 PCIE": (180_000, 1935, 80, "published: 142k to 218k"),
    "A100 SXM4": (180_000, 2039, 80, "published: 142k to 218k"),
    "H100 PCIE": (330_000, 2000, 80, "estimate: 756 of 989 TFLOPS of the SXM card"),
    "H100 NVL": (370_000, 3900, 94, "estimate: 835 of 989 TFLOPS of the SXM card"),
    "H100 SXM": (448_000, 3350, 80, "published: 448k"),
    "H200": (490_000, 4800, 141, "published: 490k"),
}
FLOPS_OF_TABLE = 859e6  # a token of the model that the table is about
GPU_SCALING = 0.92  # of N times one GPU's speed, by DDP over PCIe
# The other stages on one RTX 4090, hours with configs/base.yaml, by what bounds them: the teacher's decoding (memory
# bandwidth) or training.
TEACHER_HOURS = {"gen_sft_data": 2.0, "gen_pref_data": 1.0, "judge_eval": 0.2}
TRAINED_SHARE = {"train_sft": 0.03, "train_dpo": 0.02, "eval_ppl": 0.002}  # of train's hours
SETUP_HOURS = 0.4  # image, packages, weights
UPLINK_MB_S = 5.0  # assumed of a home line, for what `build --check` says of the push
CODE_GB = 0.1
PACKAGES_GB = 3.5  # torch with CUDA's libraries, downloaded by the box
TEACHER_GB = 21.0  # vLLM's packages and 15.2 GB of weights
PULLED_GB = 10.0  # checkpoints and data on their way home


@dataclass(frozen=True)
class Quote:
    """One offer for the whole build. hours: {stage: hours}; dollars: GPU and disk for all of them and the traffic."""

    offer: dict
    hours: dict[str, float]
    dollars: float
    bid_dollars: float | None  # the same at the offer's bid price
    fits: str  # "" or why it cannot do the build

    @property
    def total_hours(self) -> float:
        return sum(self.hours.values())


def parameters(cfg) -> int:
    """Of the matrices; the rest are a thousandth."""
    m = cfg.model
    return m.n_layer * (4 * m.n_embd**2 + 3 * m.n_embd * m.d_ff) + m.vocab_size * m.n_embd


def flops_per_token(cfg) -> float:
    return 6.0 * parameters(cfg) + 12.0 * cfg.model.n_layer * cfg.model.n_embd * cfg.model.block_size


def tokens(cfg) -> int:
    t = cfg.train
    return t.max_iters * t.micro_batch_size * t.grad_accum_steps * cfg.model.block_size


def speed_of(gpu: str) -> tuple[int, int, int, str] | None:
    """The table's row for a name of vast.ai's or of torch's."""
    name = re.sub(r"[^a-z0-9]", "", gpu.lower())
    rows = [known for known in SPEEDS if re.sub(r"[^a-z0-9]", "", known.lower()) in name]
    return SPEEDS[max(rows, key=len)] if rows else None


def stage_hours(cfg, gpu: str, count: int, last: str, measured: float | None = None) -> dict[str, float] | None:
    """measured: tokens/s of training (or of train.bench) on this very box, for this very model. None for a GPU that the
    table does not have."""
    row = speed_of(gpu)
    if row is None and measured is None:
        return None
    many = count * GPU_SCALING if count > 1 else 1.0
    speed = measured or (row or (0,))[0] * FLOPS_OF_TABLE / flops_per_token(cfg) * many
    train = tokens(cfg) / speed / 3600
    bandwidth = row[1] / SPEEDS["RTX 4090"][1] if row else 1.0
    hours = {"set up, push": SETUP_HOURS, "train": train}
    for stage in stages(STAGES[0], last):
        if stage in TEACHER_HOURS:
            asked = local_teacher(cfg)
            hours[stage] = TEACHER_HOURS[stage] / bandwidth * teacher_share(cfg, stage) if asked else 0.1
        elif stage in TRAINED_SHARE:
            hours[stage] = train * TRAINED_SHARE[stage]
    return hours


def teacher_share(cfg, stage: str) -> float:
    """Of what configs/base.yaml asks of the teacher in this stage."""
    base = {"gen_sft_data": 20000 * 3, "gen_pref_data": 5000 * 4, "judge_eval": 200}[stage]
    now = {
        "gen_sft_data": cfg.sft.articles * cfg.sft.conversations,
        "gen_pref_data": cfg.pref.prompts * cfg.pref.samples,
        "judge_eval": cfg.judge.prompts,
    }[stage]
    return now / base


def disk_gb(cfg) -> int:
    """What the box needs: the packages, tokens and articles with room to spare, the checkpoints, the teacher when it
    runs there."""
    if cfg.vast.disk_gb != "auto":
        return cfg.vast.disk_gb
    token_gb = 2 * tokens(cfg) / 1e9
    there = {name: size_gb(resolve(str(Path(path).parent))) for name, path in (("tokens", cfg.data.train_bin),)}
    checkpoints = checkpoint_gb(cfg) * (cfg.train.keep_checkpoints + 2 + 2 * (cfg.sft.keep_checkpoints + 2))
    teacher = 30.0 if local_teacher(cfg) else 0.0
    articles = size_gb(resolve(cfg.data.deduped_dir)) or token_gb * 2.2
    return int(12 + max(there["tokens"], token_gb) + articles + checkpoints + teacher + 5) + 1


def size_gb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9 if folder.is_dir() else 0.0


def bid_interval(cfg, train_hours: float) -> int:
    """Steps between checkpoints on a box that may be outbid: one for each pull, or the config's when that is fewer."""
    steps = round(cfg.train.max_iters * cfg.vast.pull_minutes / 60 / train_hours)
    return min(cfg.train.checkpoint_interval, max(1, steps))


def more_pulled_gb(cfg, train_hours: float) -> float:
    """What these checkpoints add to the traffic of the pulls."""
    t = cfg.train
    more = t.max_iters / bid_interval(cfg, train_hours) - t.max_iters / t.checkpoint_interval
    return more * checkpoint_gb(cfg)


def checkpoint_gb(cfg) -> float:
    """Weights and the optimizer's two moments in fp32."""
    return parameters(cfg) * 4 * 3 / 1e9


def push_gb(cfg) -> tuple[float, float]:
    """-> (before training starts, later), compressed as rsync does"""
    token_gb = size_gb(resolve(cfg.data.train_bin).parent) / 1.45
    return CODE_GB + token_gb, size_gb(resolve(cfg.data.deduped_dir)) / 2.7


def gpus(name: str, count: int) -> str:
    """The key of state["speeds"]."""
    return f"{count} x {name}"


def quote(cfg, offer: dict, last: str, now: float, speeds: dict[str, float] | None = None) -> Quote | None:
    """speeds: {gpus(): FLOPs a second that training has reached there}, which replace the table's"""
    count = int(offer.get("num_gpus") or 1)
    reached = (speeds or {}).get(gpus(offer["gpu_name"], count))
    measured = reached / flops_per_token(cfg) if reached else None
    hours = stage_hours(cfg, offer["gpu_name"], count, last, measured)
    if hours is None:
        return None
    down = sum(push_gb(cfg)) + PACKAGES_GB + (TEACHER_GB if local_teacher(cfg) else 0.0)
    home = offer.get("inet_up_cost") or 0.0
    traffic = down * (offer.get("inet_down_cost") or 0.0) + PULLED_GB * home
    total = sum(hours.values())
    bid = offer.get("min_bid")
    disk = offer.get("disk_dph") or 0.0
    left = (offer["end_date"] - now) / 3600 if offer.get("end_date") else None
    fits = ""
    if left is not None and left < total * 1.1:
        fits = f"its host takes it back in {left:.0f} h"
    memory = speed_of(offer["gpu_name"])
    if not fits and memory and local_teacher(cfg) and memory[2] < 24:
        fits = f"{memory[2]} GB are too few for the teacher; take {cfg.teacher.model}-AWQ"
    by_bid = (bid + disk) * total + traffic + more_pulled_gb(cfg, hours["train"]) * home if bid else None
    return Quote(offer, hours, total * offer["dph_total"] + traffic, by_bid, fits)


def rank(cfg, offers: list[dict], last: str, now: float, speeds: dict[str, float] | None = None) -> list[Quote]:
    """Cheapest whole build first; those that cannot do it last."""
    quotes = [found for found in (quote(cfg, offer, last, now, speeds) for offer in offers) if found is not None]
    return sorted(quotes, key=lambda q: (bool(q.fits), q.dollars))


def table(quotes: list[Quote]) -> str:
    lines = [
        f"{'offer':>10}  {'GPU':<15} {'$/h':>6}  {'train h':>7}  {'all h':>6}  {'all $':>6}  {'bid: all $':>10}  "
        f"{'Mb/s':>6}  {'CUDA':>5}  where"
    ]
    for q in quotes:
        o, bid = q.offer, f"{q.bid_dollars:10.2f}" if q.bid_dollars is not None else f"{'':>10}"
        count = f"{int(o['num_gpus'])} x " if (o.get("num_gpus") or 1) > 1 else ""
        lines.append(
            f"{o['id']:>10}  {count + o['gpu_name']:<15} {o['dph_total']:6.3f}  {q.hours['train']:7.1f}  "
            f"{q.total_hours:6.1f}  {q.dollars:6.2f}  {bid}  {o.get('inet_down') or 0:6.0f}  "
            f"{o.get('cuda_max_good') or 0:5.1f}  {o.get('geolocation') or '?'}{'  NOT: ' + q.fits if q.fits else ''}"
        )
    return "\n".join(lines)
