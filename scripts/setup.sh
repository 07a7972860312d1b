#!/usr/bin/env bash
# Makes or updates .venv: the packages of requirements.txt at the versions of constraints.txt.
#   bash scripts/setup.sh             what the pipeline needs
#   bash scripts/setup.sh --tests     and what the tests need
# Quick when nothing changed. WIKILLM_PYTHON names another Python to build from; when that one brings a torch that
# is new enough (a GPU image does), .venv uses it instead of installing its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv
min_torch=2.4
cpu_index=${WIKILLM_TORCH_CPU_INDEX:-https://download.pytorch.org/whl/cpu}
export PIP_DISABLE_PIP_VERSION_CHECK=1

die() { echo "setup.sh: $*" >&2; exit 2; }

case "${1:-}" in
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' scripts/setup.sh; exit 0 ;;
  "")      wanted=base  requirements=requirements.txt ;;
  --tests) wanted=tests requirements=tests/requirements.txt ;;
  *)       die "unknown argument $1; usage: bash scripts/setup.sh [--tests]" ;;
esac

find_python() {
  local candidate
  for candidate in ${WIKILLM_PYTHON:-python3 python3.13 python3.12 python3.11 python3.10}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  local how="install it" found
  command -v apt-get >/dev/null && how="sudo apt-get install python3 python3-venv"
  found=$(${WIKILLM_PYTHON:-python3} -V 2>&1) || found="there is none"
  die "Python 3.10 or newer is needed, and ${WIKILLM_PYTHON:-here}: $found. Do: $how; or name one: WIKILLM_PYTHON=/path/to/python bash scripts/setup.sh"
}

make_venv() {
  local python=$1
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then   # Debian ships them apart
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
    else
      die "this Python has no venv module; on Debian and Ubuntu: sudo apt-get install python3-venv"
    fi
  fi
  "$python" -m venv "$venv"
}

# The folder that holds a torch new enough in the Python given, or nothing.
torch_home() {
  "$1" - "$min_torch" 2>/dev/null <<'PY' || true
import importlib.metadata, importlib.util, pathlib, re, sys
number = lambda version: tuple(int(x) for x in re.findall(r"\d+", version)[:2])
if number(importlib.metadata.version("torch")) >= number(sys.argv[1]):
    print(pathlib.Path(importlib.util.find_spec("torch").origin).parent.parent)
PY
}

has_nvidia_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU; }

# On Linux the ordinary torch wheel drags in gigabytes of CUDA, unless this machine's pip is set up for the CPU build.
# pip itself says which, without downloading them.
install_torch() {
  local torch
  torch=$(grep '^torch==' constraints.txt)
  if [ "$(uname -s)" = Linux ] && ! has_nvidia_gpu; then
    pip install --quiet --dry-run --ignore-installed --report "$scratch/report.json" "$torch" 2>"$scratch/log" \
      || { cat "$scratch/log" >&2; die "pip could not find $torch"; }
    if grep -q '"name": "nvidia-' "$scratch/report.json"; then
      echo "setup.sh: no NVIDIA GPU here: taking torch's CPU build"
      pip install --quiet --index-url "$cpu_index" "$torch"
      return
    fi
  fi
  pip install --quiet -c constraints.txt "$torch"
}

pip() { "$venv/bin/python" -m pip "$@"; }

stamp=$({ cat requirements.txt tests/requirements.txt constraints.txt; echo "torch $min_torch"; } | cksum)
for done_before in "$wanted" tests; do
  if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.setup-$done_before" 2>/dev/null)" = "$stamp" ]; then
    echo "setup.sh: $venv is up to date"
    exit 0
  fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=$(find_python)
"$venv/bin/python" -c '' 2>/dev/null || make_venv "$python"
echo "setup.sh: installing into $venv ($("$venv/bin/python" -V))"
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
if [ -n "${WIKILLM_PYTHON:-}" ] && [ -n "$(torch_home "$python")" ]; then
  torch_home "$python" > "$site/image-torch.pth"   # a path file: .venv's own packages still come first
fi
[ -n "$(torch_home "$venv/bin/python")" ] || install_torch
# torch is settled by now: its pin must not replace one that the image brought
grep -v '^torch==' constraints.txt > "$scratch/constraints.txt"
pip install --quiet -r "$requirements" -c "$scratch/constraints.txt"
# transformers 5 wants torch 2.6, and an image's may be older; to the tests version 4 is as good a peer
if [ "$wanted" = tests ] && [ -z "$(min_torch=2.6; torch_home "$venv/bin/python")" ]; then
  pip install --quiet "transformers==4.57.6"
fi
echo "$stamp" > "$venv/.setup-$wanted"
echo "setup.sh: $venv is ready ($("$venv/bin/python" -c 'from importlib.metadata import version; print("torch", version("torch"))'))"
