#!/usr/bin/env bash
# The whole pipeline on the built-in mini-wiki on a CPU, from nothing to a model that you can talk to, in minutes.
#
#   bash scripts/demo.sh
#   bash scripts/demo.sh train.max_iters=600        # overrides go to every stage
#
# Makes .venv and installs, writes the mini-wiki, runs every stage with configs/demo.yaml, then shows what each stage made,
# examines the model through its own server, asks it three questions and puts it all on one page, demo/reports/index.html.
# Everything lands in demo/; run again, it skips what is up to date.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
case ${1:-} in -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
started=$(date +%s)
# Where the CPU has units for bf16, a step takes two thirds of the time. What the command line says comes later and wins.
grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo && set -- train.dtype=bfloat16 "$@"

bash scripts/setup.sh
python=$here/.venv/bin/python
installed=$(date +%s)

"$python" scripts/miniwiki/build.py --out demo/data/raw
PYTHON=$python bash scripts/run_all.sh --config configs/demo.yaml --no-pages "$@"

# serve CHECKPOINT: starts a server on a free port; sets $server (process) and $url
serve() {
    "$python" src/serve.py --config configs/demo.yaml "${overrides[@]+"${overrides[@]}"}" serve.checkpoint="$1" serve.port=0 \
        > demo/serve.log 2>&1 < /dev/null &
    server=$!
    for _ in $(seq 600); do   # 5 minutes: a busy machine takes its time to import torch
        url=$(sed -n 's/.* on \(http:[^ ]*\).*/\1/p' demo/serve.log | head -n 1)
        [ -n "$url" ] && return
        kill -0 $server 2> /dev/null || break
        sleep 0.5
    done
    echo "error: the server did not start; its log:" >&2
    cat demo/serve.log >&2
    exit 1
}
overrides=("$@")
server=
trap '[ -z "$server" ] || kill $server 2> /dev/null || true' EXIT

# The quiz and the examination take a minute, so their result is kept while models, facts and questions stay the same.
key=$(cat scripts/bench/{quiz,exam}.py scripts/bench/exam/*.txt demo/data/raw/miniwiki-truth.json \
    demo/checkpoints/{sft,dpo}/latest/hashes.json | cksum)
if [ "$(cat demo/reports/quiz.key 2> /dev/null)" != "$key" ]; then
    rm -f demo/reports/quiz.key
    for model in sft dpo; do
        serve demo/checkpoints/$model/latest
        minimum=$([ $model = dpo ] && echo 60 || echo 0)  # it gets about 80: less than 60 is a defect
        "$python" scripts/bench/quiz.py --url "$url" --truth demo/data/raw/miniwiki-truth.json --train demo/data/sft/train.jsonl \
            --json demo/reports/quiz-$model.json --min-percent "$minimum" \
            --exam > demo/reports/quiz-$model.txt || quiz_failed=$?
        [ "${quiz_failed:-0}" -lt 128 ] || exit $quiz_failed   # Ctrl-C
        kill $server && wait $server 2> /dev/null || true
        server=
    done
    [ -n "${quiz_failed:-}" ] || echo "$key" > demo/reports/quiz.key
fi
for model in sft dpo; do
    printf '\n== quiz: 100 questions on the facts of the mini-wiki, %s model\n' "$model"
    cat demo/reports/quiz-$model.txt
done
[ -z "${quiz_failed:-}" ] || { echo "error: the quiz was not passed (status $quiz_failed)" >&2; exit 1; }

printf '\n== three questions, through the running server: from memory, and looked up in the mini-wiki\n'
serve demo/checkpoints/dpo/latest
show='import json, sys
said = json.load(sys.stdin)
print(said["choices"][0]["message"]["content"], *("[" + s["title"] + "]" for s in said.get("sources", [])))'
for question in "What is the capital of Japan?" "Which element has the symbol Au?" "Tell me about the Danube."; do
    printf '\nyou:         %s\n' "$question"
    for lookup in off auto; do
        [ $lookup = off ] && printf 'from memory: ' || printf 'looked up:   '
        curl -s "$url/v1/chat/completions" -H 'content-type: application/json' \
            -d "{\"messages\": [{\"role\": \"user\", \"content\": \"$question\"}], \"temperature\": 0, \"lookup\": \"$lookup\"}" \
            | "$python" -c "$show"
    done
done

printf '\n\n== what each stage made, took and cost\n'
"$python" scripts/summary.py --config configs/demo.yaml "$@"
for page in data train card index; do
    "$python" scripts/report.py $page --config configs/demo.yaml "$@" < /dev/null | sed -n 's/: open it.*//p'
done

now=$(date +%s)
printf '\ndone in %d s, %d s of it installing. All of it on one page:\n\n    demo/reports/index.html\n\nTalk to your model in a browser:\n\n    .venv/bin/python src/serve.py --config configs/demo.yaml\n\n' \
    $((now - started)) $((installed - started))
