"""Is this GPU what was paid for? Measures it before hours are spent on it.

Reads nothing, writes nothing: prints the GPU's name, memory, driver, bf16 support and its measured bf16 matmul
speed beside the published peak, then a verdict. Exit status: 0 good, 1 slow (throttled, shared or not what it
says), 2 no GPU that torch can use.

    python scripts/gpu_check.py
    python scripts/gpu_check.py --json
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

# Dense bf16 tensor-core TFLOPS with fp32 accumulation, from NVIDIA's data sheets (without sparsity);
# src/gpt/machine.py counts MFU with it. The first name that stands as whole words in the device's name counts, so
# longer names stand before shorter ones. A laptop's card has the desktop's name and another chip: none is listed.
# fmt: off
PEAK_TFLOPS = {
    "RTX 5090": 210, "RTX 5080": 113, "RTX 5070 Ti": 88, "RTX 5070": 62,
    "RTX 4090 D": 147, "RTX 4090": 165, "RTX 4080 SUPER": 104, "RTX 4080": 97,
    "RTX 4070 Ti SUPER": 88, "RTX 4070 Ti": 80,
    "RTX 3090 Ti": 80, "RTX 3090": 71,
    "RTX PRO 6000 Blackwell Max-Q": 439, "RTX PRO 6000": 504,
    "RTX 6000 Ada": 364, "RTX 5000 Ada": 261, "RTX A6000": 155, "RTX A5000": 111,
    "L40S": 362, "L40": 181, "L4": 121, "A100": 312, "A800": 312, "A40": 150, "A10G": 70, "A10": 125,
    "H100 PCIe": 756, "H100 NVL": 835, "H100": 989, "H200": 989, "H20": 148, "GH200": 989,
    "GB200": 2500, "B200": 2250, "B300": 2250,
}
# fmt: on
# A healthy card reaches 80-95 % of its peak in large matmuls (power limits decide where); below this share
# something is wrong: heat, a power cap, another tenant.
GOOD_SHARE = 0.6
MATRIX = 8192  # 8192^3 * 2 = 1.1 TFLOP a product: about 7 ms on a 4090, far above launch overheads
WARMUP = 10  # products before the clock starts: the first choose kernels and raise the clocks
ROUNDS = 9
PRODUCTS = 10  # a round


def peak_tflops(name: str) -> float | None:
    """Published peak of a device by its name ("NVIDIA GeForce RTX 4090"), or None when we do not know it."""
    if re.search(r"\bLaptop\b", name, re.IGNORECASE):
        return None
    return next(
        (float(peak) for known, peak in PEAK_TFLOPS.items() if re.search(rf"\b{known}\b", name, re.IGNORECASE)), None
    )


def verdict(measured: float, peak: float | None) -> tuple[bool, str]:
    """-> (good, one line)"""
    if peak is None:
        return True, f"{measured:.0f} TFLOPS; no published peak known for this GPU, so judge for yourself"
    share = measured / peak
    if share < GOOD_SHARE:
        return False, f"SLOW: {share:.0%} of the {peak:.0f} TFLOPS peak; take another machine"
    return True, f"good: {share:.0%} of the {peak:.0f} TFLOPS peak"


def driver_version() -> str:
    if not shutil.which("nvidia-smi"):
        return "unknown"
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True)
    return answer.stdout.split("\n")[0].strip() or "unknown"


def measure_matmul(device: str, size: int, dtype, rounds: int = ROUNDS, products: int = PRODUCTS) -> float:
    """Median TFLOPS of size x size products, warmed up and synchronised."""
    import torch

    a = torch.randn(size, size, device=device, dtype=dtype)
    b = torch.randn(size, size, device=device, dtype=dtype)
    for _ in range(WARMUP):
        a @ b
    seconds = [_timed_round(torch, a, b, products) for _ in range(rounds)]
    return 2 * size**3 * products / statistics.median(seconds) / 1e12


def _timed_round(torch, a, b, products: int) -> float:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    start.record()
    for _ in range(products):
        a @ b
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000  # milliseconds -> seconds


def check() -> dict | str:
    """-> what was found, or one line saying why there is no GPU to use."""
    try:
        import torch
    except ImportError:
        return "torch is not installed here; run: bash scripts/setup.sh"
    if not torch.cuda.is_available():
        if torch.version.cuda is None:
            return f"torch {torch.__version__} is a build without CUDA, or this machine has no NVIDIA GPU"
        return (
            f"torch {torch.__version__} (CUDA {torch.version.cuda}) finds no GPU it can use "
            f"(driver: {driver_version()}); an older driver needs another machine"
        )
    properties = torch.cuda.get_device_properties(0)
    bf16 = torch.cuda.get_device_capability(0) >= (8, 0)  # Ampere and newer; before it bf16 is emulated
    measured = measure_matmul("cuda", MATRIX, torch.bfloat16 if bf16 else torch.float16)
    peak = peak_tflops(properties.name)
    good, line = verdict(measured, peak)
    return {
        "name": properties.name,
        "gpus": torch.cuda.device_count(),
        "vram_gb": round(properties.total_memory / 1e9, 1),
        "driver": driver_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "bf16": bf16,
        "tflops": round(measured, 1),
        "peak_tflops": peak,
        "good": good and bf16,
        "verdict": line if bf16 else f"no bf16 on this GPU (measured in fp16); set train.dtype=float32. {line}",
    }


def main(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser) -> int:
    parser = kind(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    found = check()
    if isinstance(found, str):
        print(
            json.dumps({"error": found}) if args.json else f"gpu_check: {found}",
            file=sys.stdout if args.json else sys.stderr,
        )
        return 2
    if args.json:
        print(json.dumps(found))
    else:
        print(
            f"{found['gpus']} x {found['name']}, {found['vram_gb']} GB, driver {found['driver']}, "
            f"torch {found['torch']}, CUDA {found['cuda']}"
        )
        print(f"bf16 matmul: {found['tflops']} TFLOPS, median of {ROUNDS} rounds" if found["bf16"] else "no bf16")
        print(found["verdict"])
    return 0 if found["good"] else 1


if __name__ == "__main__":
    if "__file__" not in globals():  # sent to a box that has nothing of the repo yet
        sys.exit(main())
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
    from pipeline.ending import Parser, script_main

    script_main(lambda: main(Parser))
