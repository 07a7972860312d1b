#!/usr/bin/env bash
# Runs one job on the box, inside a tmux session of its name: job.sh NAME COMMAND...
# In ~/.wikillm/jobs/NAME: the command, "PID START" while it runs, log, and its exit status in `exit`, which appears only at the end:
# a job without it was cut off by a restart of the container, and resume.sh starts it again.
case ${1:-} in -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
name=$1
job=$HOME/.wikillm/jobs/$name
shift
mkdir -p "$job"
rm -f "$job/exit"
printf '%q ' "$@" > "$job/command.new" && mv "$job/command.new" "$job/command"
# since when this process lives: a number that lives again after a restart is another process
echo "$$ $(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20)" > "$job/pid.new" && mv "$job/pid.new" "$job/pid"
touch "$HOME/.wikillm/activity"
if [ -f "$HOME/.wikillm/secrets" ]; then set -a; . "$HOME/.wikillm/secrets"; set +a; fi
cd "$HOME/wikillm" || exit 1
trap : TERM INT   # the guard signals the whole group: the job saves and ends, this script then notes its status
{ echo "--- $(date -u +%FT%TZ) $*"; } >> "$job/log"
"$@" > >(trap '' TERM INT; exec tee -a "$job/log") 2>&1 < /dev/null
status=$?
echo "--- $(date -u +%FT%TZ) ended with status $status" >> "$job/log"
echo $status > "$job/exit.new" && mv "$job/exit.new" "$job/exit"
exit $status
