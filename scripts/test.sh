#!/usr/bin/env bash
# Makes the environment, checks style and types, and runs the tests; arguments go to pytest, which then runs alone.
#   bash scripts/test.sh                       all but the next
#   bash scripts/test.sh -k dedup -x           some
#   bash scripts/test.sh -m rental             scripts/vast.py with real ssh, rsync and tmux: some minutes more
# As root on Debian or Ubuntu it installs the programs some tests use; elsewhere those tests skip and say which.
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

install_programs() {   # program:package
  local pair missing=()
  for pair in tmux:tmux rsync:rsync ssh:openssh-client sshd:openssh-server aria2c:aria2 chromium:chromium chromedriver:chromium-driver; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "test.sh: not installed, so the tests that use them skip: ${missing[*]}"
    return
  fi
  echo "test.sh: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || true
  local package
  for package in "${missing[@]}"; do
    apt-get install -qq -y --no-install-recommends "$package" >/dev/null 2>&1 \
      || echo "test.sh: could not install $package; the tests that use it skip"
  done
}

install_programs
bash scripts/setup.sh --tests
# One thread: the tests' models are tiny, and more threads only wait for each other.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} PYTHONDONTWRITEBYTECODE=1 WANDB_MODE=${WANDB_MODE:-disabled}
if [ $# -eq 0 ]; then
  .venv/bin/ruff check --quiet . && .venv/bin/ruff format --check --quiet . && .venv/bin/mypy --no-error-summary src scripts
fi
# A worker a core, each with whole files: their fixtures are made once.
exec .venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -rs "$@"   # -rs: what was skipped, and why
