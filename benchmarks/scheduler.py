"""How much of a pool's time is spent thinking: 200 agents, 50 places, a stub of 1 s latency. Prints one JSON object.

python benchmarks/scheduler.py [--agents 200] [--pool 50] [--latency 1.0] [--rounds 5]
"""

import argparse
import asyncio
import json
import math
import time

from mqttown_runtime.scheduler import Pool


async def measure(agents: int, size: int, latency: float, rounds: int) -> dict[str, float | int]:
    """Let every agent think `rounds` times.

    Returns:
        Seconds it took, seconds it would take at best (thoughts by places, rounded up, times latency), and the ratio of the two.
    """
    pool = Pool(size)

    async def think() -> None:
        await asyncio.sleep(latency)

    async def live(agent: str) -> None:
        for number in range(rounds):
            await pool.run(agent, str(number), think, 10 * latency)

    began = time.perf_counter()
    await asyncio.gather(*(live(f"agent-{number}") for number in range(agents)))
    took = time.perf_counter() - began
    ideal = math.ceil(agents * rounds / size) * latency
    return {
        "agents": agents,
        "pool": size,
        "latency_s": latency,
        "thoughts": pool.counts.answered,
        "seconds": round(took, 3),
        "ideal_seconds": round(ideal, 3),
        "efficiency": round(ideal / took, 4),
    }


def main() -> None:
    """Measure as asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--pool", type=int, default=50)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.agents, asked.pool, asked.latency, asked.rounds))))


if __name__ == "__main__":
    main()
