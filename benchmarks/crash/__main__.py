"""200 kills: `python benchmarks/crash [KILLS [AGENTS [SEED]]]`; `mqttown bench crash` has all the options."""

import sys

from mqttown_cli.bench.crash.harness import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
