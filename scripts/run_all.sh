#!/usr/bin/env bash
# The whole chain for one config, from the dump to a judged chat model; what is up to date is skipped.
#
#   bash scripts/run_all.sh --config configs/simplewiki.yaml
#   bash scripts/run_all.sh --config configs/base.yaml --from train --to train_sft
#   bash scripts/run_all.sh --config configs/demo.yaml data.dump=my.xml.bz2 train.max_iters=500
#
# --out DIR is short for out=DIR: everything that is made has its path under DIR.
#
#   bash scripts/run_all.sh --config configs/demo.yaml --out runs/mine data.dump=my.xml.bz2
#
# Behind judge_eval it writes the report pages and prints the bill: reports/index.html is the one to open (--no-pages: not).
# Everything else on the line goes to every stage. Stages that ask a teacher (gen_sft_data, gen_pref_data,
# judge_eval) want it up: bash scripts/serve_teacher.sh start. Stops at the first stage that fails, with its status.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$([ -x "$here/.venv/bin/python" ] && echo "$here/.venv/bin/python" || echo python3)}
stages="extract clean dedup train_tokenizer pack_tokens build_index train gen_sft_data train_sft gen_pref_data train_dpo eval_ppl judge_eval"

usage() { sed -n '2,15s/^# \{0,1\}//p' "$0"; }
known() { case " $stages " in *" $1 "*) ;; *) echo "error: no stage '$1'; the stages: $stages" >&2; exit 2 ;; esac; }

first=extract last=judge_eval arguments=() config=() pages=yes
while [ $# -gt 0 ]; do
    case $1 in
        --from | --to)
            [ $# -ge 2 ] || { echo "error: $1 needs the name of a stage: $stages" >&2; exit 2; }
            known "$2"
            [ "$1" = --from ] && first=$2 || last=$2
            shift 2 ;;
        --out)
            [ $# -ge 2 ] || { echo "error: --out needs a folder" >&2; exit 2; }
            arguments+=("out=$2")
            shift 2 ;;
        --config)
            [ $# -ge 2 ] || { echo "error: --config needs a file" >&2; exit 2; }
            config=(--config "$2")
            shift 2 ;;
        --no-pages) pages=no; shift ;;
        -h | --help) usage; exit 0 ;;
        *) arguments+=("$1"); shift ;;
    esac
done

[[ $first = "$last" || " $stages " = *" $first "*" $last "* ]] || {
    echo "error: --to $last comes before --from $first; the stages: $stages" >&2
    exit 2
}

# Ctrl-C reaches the stage too. A trainer saves and ends well, with 0: what follows is not for a half-trained model.
told=
trap 'told=130' INT
trap 'told=143' TERM
running=no
for stage in $stages; do
    [ "$stage" = "$first" ] && running=yes
    [ $running = yes ] || continue
    printf '\n== %s\n' "$stage"
    # `< /dev/null`: a stage that asked a question would hang a night's run
    script=$here/src/$stage.py
    [ -e "$script" ] || script=$here/scripts/$stage.py
    status=0
    "$python" "$script" ${config[@]+"${config[@]}"} ${arguments[@]+"${arguments[@]}"} < /dev/null || status=$?
    if [ -n "$told" ] || [ $status -eq 130 ]; then
        echo "run_all: stopped in $stage; the same command goes on there" >&2
        exit ${told:-$status}
    elif [ $status -ne 0 ]; then
        echo "run_all: $stage ended with status $status; repair it and run the same command again: it goes on there" >&2
        exit $status
    fi
    [ "$stage" = "$last" ] && running=no
done
if [ "$last" = judge_eval ]; then
    if [ $pages = yes ]; then
        printf '\n== what each stage made, took and cost\n'
        "$python" "$here/scripts/summary.py" ${config[@]+"${config[@]}"} ${arguments[@]+"${arguments[@]}"}
        for page in data train card index; do   # a page that fails does not end a build that is done
            "$python" "$here/scripts/report.py" $page ${config[@]+"${config[@]}"} ${arguments[@]+"${arguments[@]}"} < /dev/null ||
                echo "run_all: the page '$page' could not be written; the models are whole" >&2
        done
    fi
    printf '\nrun_all: done. Talk to it: python src/serve.py %s\n' "${config[*]-} ${arguments[*]-}"
fi
