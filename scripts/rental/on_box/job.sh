#!/usr/bin/env bash
# Runs one job on the box, inside a tmux session of its name: job.sh NAME COMMAND...
# In ~/.wikillm/jobs/NAME: pid while it runs, log, and its exit status in `exit`, which appears only at the end.
job=$HOME/.wikillm/jobs/$1
shift
mkdir -p "$job"
rm -f "$job/exit"
echo $$ > "$job/pid"
touch "$HOME/.wikillm/activity"
if [ -f "$HOME/.wikillm/secrets" ]; then set -a; . "$HOME/.wikillm/secrets"; set +a; fi
cd "$HOME/wikillm" || exit 1
trap : TERM   # the guard signals the whole group: the job saves and ends, this script then notes its status
{ echo "--- $(date -u +%FT%TZ) $*"; } >> "$job/log"
"$@" > >(trap '' TERM INT; exec tee -a "$job/log") 2>&1 < /dev/null
status=$?
echo "--- $(date -u +%FT%TZ) ended with status $status" >> "$job/log"
echo $status > "$job/exit.new" && mv "$job/exit.new" "$job/exit"
exit $status
