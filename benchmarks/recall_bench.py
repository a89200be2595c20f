"""Recall: `python benchmarks/recall_bench.py` prints both cases of `mqttown bench recall` as JSON."""

import json

from mqttown_cli.bench.recall import measure

if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
