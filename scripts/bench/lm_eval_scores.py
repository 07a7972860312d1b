"""Do lm-eval's own backend (`hf`, transformers) and a running server give a checkpoint the same scores?

    .venv/bin/python src/serve.py serve.checkpoint=checkpoints/dpo/latest &
    python -m venv clients && clients/bin/pip install "lm-eval[api,hf]"
    clients/bin/python scripts/bench/lm_eval_scores.py http://127.0.0.1:8080 checkpoints/dpo/latest

Two small tasks that need no network: multiple choice by log-probabilities (local-completions) and answers in the chat
format, greedy (local-chat-completions). Prints a table; exits 1 when an answer differs, or a log-probability by more
than 1e-3, which is about what two ways of summing fp32 differ by over a sentence. What it imports of this repo needs no
package.
"""

import json
import os
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.ending import script_main

os.environ.setdefault("OPENAI_API_KEY", os.environ.get("SERVE_KEY", "none"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

FACTS = [  # question, choices, the right one
    ("What is the capital of France?", ["Paris", "Berlin", "Oslo", "Madrid"], 0),
    ("Which element has the symbol Au?", ["Silver", "Gold", "Iron", "Neon"], 1),
    ("Which river flows through Vienna?", ["The Nile", "The Rhine", "The Danube", "The Thames"], 2),
    ("How many legs has a spider?", ["two", "four", "six", "eight"], 3),
    ("naïve café \u2013 which word is French?", [" café", "house", "door", "\U0001f600"], 0),
    ("What is water made of?", ["hydrogen and oxygen", "gold", "sand", "iron and neon"], 0),
    ("Who wrote Hamlet?", ["Goethe", "William Shakespeare", "Homer", "Dante"], 1),
    ("   What is\n2 + 2?", ["3", "4", "5", "22"], 1),
]
CHOICE = """task: choice
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: answer
metric_list: [{metric: acc}, {metric: acc_norm}]
"""
ANSWER = """task: answer
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{choices[answer]}}"
generation_kwargs: {until: [], do_sample: false, temperature: 0.0, max_gen_toks: 48}
metric_list: [{metric: exact_match, ignore_case: true}]
"""


def samples(model: str, arguments: dict[str, Any], task: str, folder: str, chat: bool) -> tuple[dict, list]:
    """-> (lm-eval's scores, what the model gave for each document)"""
    import lm_eval
    from lm_eval.tasks import TaskManager

    found: Any = lm_eval.simple_evaluate(
        model=model,
        model_args=arguments,
        tasks=[task],
        task_manager=TaskManager(include_path=folder, include_defaults=False),
        apply_chat_template=chat,
        batch_size=1,
        device="cpu",
        bootstrap_iters=0,
    )
    scores = {name: value for name, value in found["results"][task].items() if isinstance(value, float)}
    return scores, [sample["filtered_resps"] for sample in sorted(found["samples"][task], key=lambda s: s["doc_id"])]


def main(url: str, checkpoint: str) -> int:
    with urllib.request.urlopen(f"{url}/health", timeout=10) as response:
        name = json.load(response)["model"]
    ours = {"tokenizer": checkpoint, "tokenizer_backend": "huggingface", "model": name}
    complete, chat = ({**ours, "base_url": f"{url}/v1/{path}"} for path in ("completions", "chat/completions"))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "facts.jsonl")
        rows = [{"question": q, "choices": c, "answer": a} for q, c, a in FACTS]
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        for task, text in (("choice", CHOICE), ("answer", ANSWER)):
            Path(folder, f"{task}.yaml").write_text(text.replace("FILE", str(data)))
        hf = {"pretrained": checkpoint, "dtype": "float32"}
        by_hf, logs = samples("hf", hf, "choice", folder, chat=False)
        by_us, our_logs = samples("local-completions", complete, "choice", folder, chat=False)
        chat_hf, texts = samples("hf", hf, "answer", folder, chat=True)
        chat_us, our_texts = samples("local-chat-completions", chat, "answer", folder, chat=True)
    pairs = [(float(a[0]), float(b[0])) for x, y in zip(logs, our_logs, strict=True) for a, b in zip(x, y, strict=True)]
    worst = max(abs(a - b) for a, b in pairs)
    same = sum(a == b for a, b in zip(texts, our_texts, strict=True))
    print(f"| | hf | server |\n|---|---|---|\n| choice | {by_hf} | {by_us} |\n| answer | {chat_hf} | {chat_us} |")
    print(f"{len(pairs)} log-probabilities, the worst differs by {worst:.2g}; {same} of {len(texts)} answers equal")
    for a, b in zip(texts, our_texts, strict=True):
        if a != b:
            print(f"  hf:     {a}\n  server: {b}")
    return int(worst > 1e-3 or same < len(texts) or by_hf != by_us or chat_hf != chat_us)


if __name__ == "__main__":
    if sys.argv[1:2] in (["-h"], ["--help"]):
        script_main(lambda: print(__doc__))
    elif len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    script_main(lambda: main(sys.argv[1], sys.argv[2]))
