"""The pure world: `python benchmarks/world_bench.py` prints what `mqttown bench world` measures, as JSON."""

import argparse
import json

from mqttown_cli.bench.world import measure

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--ticks", type=int, default=1440, help="town minutes")
    asked = parser.parse_args()
    print(json.dumps(measure(agents=asked.agents, ticks=asked.ticks), indent=2))
