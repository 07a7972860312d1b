"""Pages to look at: one HTML file each, nothing loaded from outside.

    python scripts/report.py data --config configs/demo.yaml      what became of the data
    python scripts/report.py train --config configs/demo.yaml     how the training went
    python scripts/report.py card --config configs/demo.yaml      the examination: base, sft and dpo side by side
    python scripts/report.py index --config configs/demo.yaml     the closing page: all of it on one, with links

data:  manifests and shards of the five data stages                -> data.report
train: log.jsonl of the runs in train.checkpoint_dir               -> train.checkpoint_dir/report.html
card:  reports of eval_ppl, judge_eval and the quiz, and the answers to configs/gallery.jsonl, which it asks
       for                                                         -> reports/card.{html,md,json}, reports/gallery.json
index: all of these and the manifests                              -> reports/index.html

All work while the build is under way: what is not there yet is left out. reports/ is where eval.report is.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import pipeline.ctrl_c  # first, for as long as the others take

from pipeline.cli import stage_main
from pipeline.ending import script_main
from scripts.pages import card, closing, data, training

PAGES = {"data": data.write_page, "train": training.write_page, "card": card.write_page, "index": closing.write_page}


def usage() -> int:
    """Without a page's name: what there is, and how it is asked for."""
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        return 0
    print(f"error: say which page: python scripts/report.py {', '.join(PAGES)}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in PAGES:
        write_page = PAGES[sys.argv.pop(1)]
        # --config as it was given stands in the commands that the pages name
        sections = ("data", "train", "eval")
        stage_main(lambda cfg, args: write_page(cfg, args.config), __doc__, sections, lambda parser: None)
    script_main(usage)
