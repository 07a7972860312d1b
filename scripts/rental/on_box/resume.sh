#!/usr/bin/env bash
# Puts back what a restart of the container has ended: the meter guard, and the jobs that had not finished. onstart.sh runs it at
# every start, scripts/vast.py after it has copied these files here. Harmless when all runs.
case ${1:-} in -h | --help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
me=$HOME/.wikillm
python=$(cat "$me/python" 2> /dev/null || command -v python3 || echo /opt/conda/bin/python)
# as guard.py: a process by its number and start, and not one that is dead and only not reaped (state Z)
start_of() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | awk '$1 != "Z" {print $20}'; }
lives() { [ -s "$1" ] && read -r pid start < "$1" && [ -n "$start" ] && [ "$(start_of "$pid")" = "$start" ]; }

[ -f "$me/limits.json" ] || exit 0   # nobody has set it up yet: the fuse watches
if ! lives "$me/guard.pid"; then
  # kept alive: a guard that dies of a full disk, say, is started again
  setsid nohup bash -c 'until [ ! -d "$0" ]; do "$1" "$0/guard.py"; sleep 5; done' "$me" "$python" >> "$me/guard.log" 2>&1 < /dev/null &
  for _ in $(seq 100); do lives "$me/guard.pid" && break; sleep 0.1; done
  lives "$me/guard.pid" || { tail -n 3 "$me/guard.log" >&2; exit 1; }
fi
for job in "$me"/jobs/*/; do
  [ -s "$job/command" ] && [ ! -s "$job/exit" ] && ! lives "$job/pid" || continue
  name=$(basename "$job")
  tmux kill-session -t "=$name" 2> /dev/null
  eval "tmux new-session -d -s $name bash $me/job.sh $name $(cat "$job/command")"   # words quoted by job.sh
done
