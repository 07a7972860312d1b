"""Everything a GPU can tell in half an hour, with one command and no network: the owner of a card runs this first.

The repo, a machine with an NVIDIA GPU -> --out: results.json after every part, and RESULTS.md, the tables for
scripts/bench/RESULTS.md with card, driver, versions and date.

    python scripts/bench/gpu.py
    python scripts/bench/gpu.py --parts check steps --nanogpt ../nanoGPT
    python scripts/bench/gpu.py --dry-run            # all of it in miniature on a CPU, in three minutes

Each part runs in a process of its own, for nine minutes at most, so that one that fails costs only itself; the parts
that are there already are not measured again. It needs torch, numpy, safetensors, tokenizers, pyyaml, pydantic, tqdm,
regex and orjson; transformers, nanoGPT and pytest are left out where they are not there.
"""

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (HERE, ROOT / "src", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

import torch  # noqa: E402

from gpu_parts import PARTS, Card  # noqa: E402
from pipeline.cli import or_input_error  # noqa: E402
from pipeline.ending import Parser, script_main  # noqa: E402
from pipeline.files import read_json, write_bytes, write_json  # noqa: E402

PART_SECONDS = 540  # a part that hangs ends here; each looks at its own clock long before
ALL_MINUTES = 25


def main() -> int:
    args = arguments()
    if args.part:
        result = PARTS[args.part](Card.here(args))
        write_json(args.out / f"{args.part}.json", result)
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    results = read_json(args.out / "results.json") if (args.out / "results.json").exists() else {}
    started = time.monotonic()
    for name in args.parts:
        left = 60 * args.minutes - (time.monotonic() - started)
        if name in results and "error" not in results[name]:
            print(f"== {name}: is there already", flush=True)
            continue
        if left < 30:
            results[name] = {"error": "no time left"}
        else:
            print(f"== {name}", flush=True)
            results[name] = run(name, args, min(PART_SECONDS, left))
        write_json(args.out / "results.json", results)
        write_bytes(args.out / "RESULTS.md", report(results).encode())
    print(f"\n{report(results)}\n{args.out / 'RESULTS.md'}, {args.out / 'results.json'}")
    return 1 if any("error" in result for result in results.values()) else 0


def run(name: str, args: argparse.Namespace, seconds: float) -> dict:
    """A part in a process of its own -> {"rows": [...], "seconds": ...} or {"error": ...}"""
    command = [sys.executable, __file__, "--part", name, "--out", str(args.out), "--config", args.config]
    command += [*(["--dry-run"] if args.dry_run else []), *(["--nanogpt", str(args.nanogpt)] if args.nanogpt else [])]
    kept, began = args.out / f"{name}.json", time.monotonic()
    kept.unlink(missing_ok=True)
    try:
        status = subprocess.run(command, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        return {"error": f"not through after {seconds:.0f} s"}
    if status or not kept.exists():
        return {"error": f"exit status {status}; see above"}
    return {**read_json(kept), "seconds": round(time.monotonic() - began, 1)}


def report(results: dict) -> str:
    """The tables of all parts, in Markdown."""
    lines = [f"## On a GPU\n\n{time.strftime('%Y-%m-%d')}, {machine()}. `python scripts/bench/gpu.py`"]
    for name, result in results.items():
        lines.append(f"\n### {name}\n")
        if "error" in result:
            lines.append(f"Not measured: {result['error']}.")
            continue
        rows = result["rows"]
        if result.get("note"):
            lines.append(f"{result['note']}\n")
        columns = list(dict.fromkeys(column for row in rows for column in row))
        if rows:
            lines += [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
            lines += [f"| {' | '.join(str(row.get(column, '')) for column in columns)} |" for row in rows]
        lines.append(f"\n{result['seconds']:.0f} s.")
    return "\n".join(lines) + "\n"


def machine() -> str:
    from scripts.gpu_check import driver_version

    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    if not torch.cuda.is_available():
        return f"a CPU ({platform.processor() or platform.machine()}), {versions}"
    cards = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    return f"{cards}, driver {driver_version()}, CUDA {torch.version.cuda}, {versions}"


def arguments() -> argparse.Namespace:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parts", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--minutes", type=float, default=ALL_MINUTES, help=f"for all parts together: {ALL_MINUTES}")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/gpu")
    parser.add_argument("--config", default="configs/base.yaml", help="whose tokens the recipes are tried on")
    parser.add_argument("--nanogpt", type=Path, help="folder with nanoGPT's model.py, to measure beside us")
    parser.add_argument("--dry-run", action="store_true", help="everything in miniature, on a CPU too")
    parser.add_argument(
        "--part", choices=list(PARTS), help=argparse.SUPPRESS
    )  # what the process of a part is called with
    args = parser.parse_args()
    if not args.dry_run and not torch.cuda.is_available():
        parser.error("no NVIDIA GPU that torch can use; --dry-run tries everything in miniature")
    args.out = args.out.resolve()
    return args


if __name__ == "__main__":
    script_main(lambda: or_input_error(main))
