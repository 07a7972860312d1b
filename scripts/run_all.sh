#!/usr/bin/env bash
# The whole chain for one config, from the dump to a judged chat model; what is up to date is skipped.
#
#   bash scripts/run_all.sh --config configs/simplewiki.yaml
#   bash scripts/run_all.sh --config configs/base.yaml --from train --to train_sft
#   bash scripts/run_all.sh --config configs/demo.yaml data.dump=my.xml.bz2 train.max_iters=500
#
# --out DIR puts everything that is made under DIR, in place of the config's own folders:
#
#   bash scripts/run_all.sh --config configs/demo.yaml --out runs/mine data.dump=my.xml.bz2
#
# Everything else on the line goes to every stage. Stages that ask a teacher (gen_sft_data, gen_pref_data,
# judge_eval) want it up: bash scripts/serve_teacher.sh start. Stops at the first stage that fails, with its status.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$([ -x "$here/.venv/bin/python" ] && echo "$here/.venv/bin/python" || echo python3)}
stages="extract clean dedup train_tokenizer pack_tokens train gen_sft_data train_sft gen_pref_data train_dpo eval_ppl judge_eval"

usage() { sed -n '2,14s/^# \{0,1\}//p' "$0"; }
known() { case " $stages " in *" $1 "*) ;; *) echo "error: no stage '$1'; the stages: $stages" >&2; exit 2 ;; esac; }

first=extract last=judge_eval arguments=() config=() out=
while [ $# -gt 0 ]; do
    case $1 in
        --from | --to)
            [ $# -ge 2 ] || { echo "error: $1 needs the name of a stage: $stages" >&2; exit 2; }
            known "$2"
            [ "$1" = --from ] && first=$2 || last=$2
            shift 2 ;;
        --out)
            [ $# -ge 2 ] || { echo "error: --out needs a folder" >&2; exit 2; }
            out=$2
            arguments+=(tokenizer.path="$2/tokenizer/tokenizer.json"
                data.extracted_dir="$2/data/extracted" data.filtered_dir="$2/data/clean/filtered"
                data.deduped_dir="$2/data/clean/deduped" data.train_bin="$2/data/tokens/train.bin"
                data.val_bin="$2/data/tokens/val.bin" train.checkpoint_dir="$2/checkpoints"
                sample.checkpoint="$2/checkpoints/base/latest" sft.checkpoint="$2/checkpoints/base/latest"
                sft.train_file="$2/data/sft/train.jsonl" sft.val_file="$2/data/sft/val.jsonl"
                pref.train_file="$2/data/pref/train.jsonl" pref.val_file="$2/data/pref/val.jsonl"
                pref.checkpoint="$2/checkpoints/sft/latest" dpo.checkpoint="$2/checkpoints/sft/latest"
                "eval.checkpoints=[$2/checkpoints/base/latest, $2/checkpoints/sft/latest, $2/checkpoints/dpo/latest]"
                "judge.checkpoints={sft: $2/checkpoints/sft/latest, dpo: $2/checkpoints/dpo/latest}"
                eval.report="$2/reports/ppl" judge.report="$2/reports/judge" serve.checkpoint="$2/checkpoints/dpo/latest")
            shift 2 ;;
        --config)
            [ $# -ge 2 ] || { echo "error: --config needs a file" >&2; exit 2; }
            config=(--config "$2")
            shift 2 ;;
        -h | --help) usage; exit 0 ;;
        *) arguments+=("$1"); shift ;;
    esac
done

running=no
for stage in $stages; do
    [ "$stage" = "$first" ] && running=yes
    [ $running = yes ] || continue
    printf '\n== %s\n' "$stage"
    # `< /dev/null`: a stage that asked a question would hang a night's run
    "$python" "$here/src/$stage.py" ${config[@]+"${config[@]}"} ${arguments[@]+"${arguments[@]}"} < /dev/null || {
        status=$?
        echo "run_all: $stage ended with status $status; mend it and run the same command again: it goes on there" >&2
        exit $status
    }
    [ "$stage" = "$last" ] && running=no
done
if [ "$last" = judge_eval ]; then
    printf '\nrun_all: done. Talk to it: python src/serve.py %s\n' "${config[*]-}${out:+ serve.checkpoint=$out/checkpoints/dpo/latest}"
fi
