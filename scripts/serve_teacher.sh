#!/usr/bin/env bash
# Starts and stops the teacher on the GPU box: vLLM in its own environment, serving teacher.model at teacher.base_url.
#   bash scripts/serve_teacher.sh start [--config configs/base.yaml] [teacher.model=...]   returns when it answers
#   bash scripts/serve_teacher.sh stop                                                     gives the GPU back
#   bash scripts/serve_teacher.sh status
#   bash scripts/serve_teacher.sh check [...]           could it start here? Python, driver, memory, disk; starts nothing
#   bash scripts/serve_teacher.sh prepare [...]         installs vLLM and fetches the weights; needs no GPU
# Reads the teacher section of the config; writes runs/teacher.log. Checks driver, GPU memory and disk before
# 15 GB of weights are fetched. WIKILLM_TEACHER_MINUTES: how long the first start may take (default 30).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv-teacher
log=runs/teacher.log
pid_file=runs/teacher.pid
minutes=${WIKILLM_TEACHER_MINUTES:-30}
min_driver=580        # CUDA 13, which the pinned vLLM is built for
min_gpu_mb=20000      # 7B weights in bf16 are 15.2 GB, then the KV cache
min_awq_mb=9000       # 4-bit weights (AWQ) are 5.6 GB
min_disk_gb=40        # vLLM's environment takes 12 GB, the weights 15 GB

die() { echo "serve_teacher.sh: $*" >&2; exit 2; }
say() { echo "serve_teacher.sh: $*"; }
running() { [ -f "$pid_file" ] && kill -0 -- "-$(cat "$pid_file")" 2>/dev/null; }

read_config() {   # -> model host port
  .venv/bin/python - "$@" <<'PY'
import sys
from argparse import ArgumentParser
from urllib.parse import urlsplit
sys.path.insert(0, "src")
from pipeline.config import InputError, load_config
parser = ArgumentParser()
parser.add_argument("--config", default="configs/base.yaml")
parser.add_argument("overrides", nargs="*")
args = parser.parse_intermixed_args()
try:
    teacher = load_config(args.config, args.overrides).teacher
    if teacher.backend != "openai":
        raise InputError(f"{args.config}: teacher.backend is {teacher.backend}, which needs no server")
except InputError as error:
    sys.exit(str(error))
url = urlsplit(teacher.base_url)
print(teacher.model, url.hostname, url.port or 80)
PY
}

# vLLM wants Python 3.11 or newer, which the image need not have first on its path.
find_python() {
  local candidate
  for candidate in ${WIKILLM_TEACHER_PYTHON:-python3.12 python3.11 python3.13 python3 /venv/main/bin/python \
                                             /opt/conda/bin/python}; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

awq() { case $1 in *-AWQ) echo "$1" ;; *) echo "$1-AWQ" ;; esac; }

check_machine() {   # MODEL
  command -v nvidia-smi >/dev/null || die "no NVIDIA GPU here; point teacher.base_url at a server that has one"
  local driver free_mb free_gb
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -1)
  [ "${driver%%.*}" -ge $min_driver ] || die "driver $driver is too old for the pinned vLLM, it wants $min_driver or newer; rent a machine with cuda_vers>=13.0"
  free_mb=$(nvidia-smi --query-gpu=memory.free --format=csv,noheader,nounits | head -1)
  local needed=$min_gpu_mb
  case $1 in *-AWQ) needed=$min_awq_mb ;; esac
  [ "$free_mb" -ge $needed ] || die "only $free_mb MB of GPU memory are free, $needed are needed; stop what runs there (nvidia-smi lists it), or take the 4-bit weights: teacher.model=$(awq "$1")"
  free_gb=$(df -Pk . | awk 'NR==2 {print int($4 / 1048576)}')
  [ -f "$venv/.ready" ] || [ "$free_gb" -ge $min_disk_gb ] || die "only $free_gb GB of disk are free, the first start needs $min_disk_gb"
}

install_vllm() {
  mkdir -p runs
  exec 9> runs/teacher.lock   # `prepare` may be at it
  flock 9
  install_it
  exec 9>&-
}

install_it() {
  local wanted
  wanted=$(cksum < scripts/teacher-requirements.txt)
  [ "$(cat "$venv/.ready" 2>/dev/null)" = "$wanted" ] && return
  say "installing $(grep '^vllm' scripts/teacher-requirements.txt) into $venv (10 GB, several minutes)"
  local python
  python=$(find_python)
  if [ -n "$python" ]; then
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet -r scripts/teacher-requirements.txt
  else   # uv brings a Python of its own
    say "no Python 3.11 or newer here: uv fetches one"
    local uv=(.venv/bin/python -m uv --quiet)
    { .venv/bin/python -m pip install --quiet uv && "${uv[@]}" venv --clear --python 3.12 "$venv" &&
      "${uv[@]}" pip install --python "$venv/bin/python" -r scripts/teacher-requirements.txt; } ||
      die "uv could not make $venv; name a Python 3.11 or newer: WIKILLM_TEACHER_PYTHON=/path/to/python"
  fi
  echo "$wanted" > "$venv/.ready"
}

answers() { curl -fsS -m 5 -o /dev/null "http://$1:$2/health" 2>/dev/null; }

start() {
  local settings model host port
  settings=$(read_config "$@") || exit 2
  read -r model host port <<< "$settings"
  mkdir -p runs
  if running; then
    answers "$host" "$port" && { say "already serving at http://$host:$port/v1"; return; }
    stop
  fi
  answers "$host" "$port" && die "something else answers at http://$host:$port; stop it or change teacher.base_url"
  check_machine "$model"
  install_vllm
  say "starting $model at http://$host:$port/v1 (log: $log)"
  # setsid: its worker processes share one group, so that stop reaches all of them
  setsid "$venv/bin/vllm" serve "$model" --host "$host" --port "$port" --max-model-len 4096 --gpu-memory-utilization 0.90 \
    --max-num-seqs 64 --generation-config vllm --structured-outputs-config.backend xgrammar \
    --structured-outputs-config.disable_any_whitespace true > "$log" 2>&1 < /dev/null &
  echo $! > "$pid_file"
  local deadline=$((SECONDS + minutes * 60)) shown="" line
  until answers "$host" "$port"; do
    running || { tail -n 15 "$log" >&2; out_of_memory "$model"; rm -f "$pid_file"; die "the server ended while starting; its last lines are above, all of it in $log"; }
    if [ $SECONDS -ge $deadline ]; then stop; tail -n 15 "$log" >&2; die "no answer after $minutes minutes; the log's end is above"; fi
    line=$(tail -n 1 "$log" | tr -d '\r' | cut -c1-110)
    [ "$line" = "$shown" ] || { echo "  $line"; shown=$line; }
    sleep 2
  done
  say "serving $model at http://$host:$port/v1"
}

out_of_memory() {
  if grep -qiE "out of memory|no available memory for the cache" "$log"; then
    say "the GPU's memory did not suffice: take the 4-bit weights, teacher.model=$(awq "$1")" >&2
  fi
}

check() {
  local settings model host port python
  settings=$(read_config "$@") || exit 2
  read -r model host port <<< "$settings"
  check_machine "$model"
  python=$(find_python)
  say "could serve $model here (Python: ${python:-uv fetches one})"
}

prepare() {
  local settings model host port
  settings=$(read_config "$@") || exit 2
  read -r model host port <<< "$settings"
  install_vllm
  [ -d "$model" ] || "$venv/bin/hf" download --quiet "$model" > /dev/null || die "could not fetch the weights of $model"
  say "vLLM and the weights of $model are here"
}

stop() {
  running || { rm -f "$pid_file"; say "not running"; return; }
  local group second
  group=$(cat "$pid_file")
  kill -TERM -- "-$group"
  for second in {1..60}; do
    kill -0 -- "-$group" 2>/dev/null || break
    [ "$second" -lt 60 ] || kill -KILL -- "-$group" 2>/dev/null || true
    sleep 0.5
  done
  rm -f "$pid_file"
  say "stopped; the GPU is free"
}

case "${1:-}" in
  -h | --help) sed -n '2,9s/^# \{0,1\}//p' scripts/serve_teacher.sh ;;
  start)  shift; start "$@" ;;
  stop)   stop ;;
  check)  shift; check "$@" ;;
  prepare) shift; prepare "$@" ;;
  status) running && say "running (process group $(cat "$pid_file"))" || { say "not running"; exit 1; } ;;
  *)      die "usage: bash scripts/serve_teacher.sh start|stop|status|check|prepare [--config FILE] [teacher.key=value ...]" ;;
esac
