"""The laboratory's results over 20 seeds and more, and how fast it runs.

`python benchmarks/laboratory.py results --out runs` runs the long forms (what is there is not run again) and prints their figures;
`python benchmarks/laboratory.py speed` measures a town day with 25 and 500 residents, and 20 seeds on 1 and on 2 processes.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
from scipy.stats import spearmanr, t

from mqttown_cli.laboratory.experiment import Experiment
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.gathering import gathering
from mqttown_cli.laboratory.measures.meeting import in_earshot
from mqttown_cli.laboratory.provenance import provenance
from mqttown_cli.laboratory.runner import run_experiment
from mqttown_cli.laboratory.town import Town, compiled

SCENARIOS = Path(__file__).parents[1] / "content" / "scenarios"
DAY = 1440


def spread(values: list[float]) -> dict[str, float]:
    """Mean, half width of its 95 % confidence interval (Student's t), least and most."""
    half = t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return {"mean": statistics.fmean(values), "half_95": float(half), "least": min(values), "most": max(values), "n": len(values)}


def last(folder: RunFolder, column: str, **where: Any) -> list[float]:
    """The last value of a metric in each run of which something holds."""
    rows = folder.table("model_vars").filter(*(pl.col(name) == value for name, value in where.items()))
    return rows.group_by("RunId", maintain_order=True).last()[column].to_list()


def news(folder: RunFolder, experiment: Experiment) -> dict[str, Any]:
    """Shares who know after two days, and whether every chain holds."""
    broken = false = knowers = 0
    for run_id in folder.receipts():
        for fact in (experiment.parameters["candidacy"], experiment.parameters["party"]):
            found = provenance(folder.table("knows", run_id), fact)
            knowers += len(found.chains)
            broken += len(found.broken())
            false += len(found.false_knowers)
    columns = ("know_candidacy", "know_party")
    told = {f"{column}, talk {talk}": spread(last(folder, column, talk=talk)) for column in columns for talk in (True, False)}
    return {**told, "knowers": knowers, "broken_chains": broken, "false_knowers": false}


def relationships(folder: RunFolder, _experiment: Experiment) -> dict[str, Any]:
    """Density at first and after two days."""
    first = folder.table("model_vars").filter(pl.col("Step") == 0, pl.col("talk"))["acquaintance"].to_list()
    return {
        "acquaintance at first": spread(first),
        "after two days": spread(last(folder, "acquaintance", talk=True)),
        "after two days without talk": spread(last(folder, "acquaintance", talk=False)),
        "talked both ways": spread(last(folder, "talked_both_ways", talk=True)),
    }


def party(folder: RunFolder, experiment: Experiment) -> dict[str, Any]:
    """How many were invited, planned and came, and why the others did not."""
    counts: dict[str, list[float]] = {"invited": [], "planned": [], "came": [], "planned and came": []}
    reasons: Counter[str] = Counter()
    for run_id in folder.receipts():
        fact, venue = experiment.parameters["party"], experiment.parameters["venue"]
        rows = gathering(folder, run_id, fact, venue, 2100, 2120).filter(pl.col("agent") != "aino").to_dicts()
        for name in ("invited", "planned", "came"):
            counts[name].append(sum(row[name] for row in rows))
        counts["planned and came"].append(sum(row["planned"] and row["came"] for row in rows))
        reasons.update(_kind(row["why_not"]) for row in rows if row["why_not"])
    runs = len(folder.receipts())
    return {**{name: spread(values) for name, values in counts.items()}, "why_not": {why: n / runs for why, n in reasons.items()}}


def _kind(why: str) -> str:
    return "works then" if why.startswith("works") else "meant to come, but did something else" if why.startswith("meant") else why


def custom(folder: RunFolder, experiment: Experiment) -> dict[str, Any]:
    """Keepers by day, whether they ever fall, and who is sooner: large districts, and residents who hear many others?"""
    words = experiment.parameters["words"]
    curve = folder.table("model_vars").group_by("Step").agg(pl.col("keepers").mean()).sort("Step")
    falls, correlations, of_residents = 0, [], []
    for run_id in folder.receipts():
        falls += int((folder.table("model_vars", run_id)["keepers"].diff() < 0).sum())
        homes = folder.table("agent_vars", run_id).filter(pl.col("Step") == 0).select("AgentID", "home_district")
        said = folder.table("speech", run_id).filter(pl.col("text").str.contains(words, literal=True))
        began = said.group_by("speaker").agg(pl.col("tick").min())
        joined = homes.join(began, left_on="AgentID", right_on="speaker", how="left").with_columns(
            pl.col("tick").fill_null(2 * DAY)
        )
        districts = (
            joined.group_by("home_district").agg(pl.len().alias("people"), pl.col("tick").median()).filter(pl.col("people") >= 5)
        )
        correlations.append(float(spearmanr(districts["people"], districts["tick"]).statistic))
        heard = folder.table("speech", run_id).filter(pl.col("tick") <= DAY).select("speaker", "heard_by").explode("heard_by")
        met = heard.drop_nulls().unique().group_by("heard_by").len("met")
        each = joined.join(met, left_on="AgentID", right_on="heard_by", how="left").with_columns(pl.col("met").fill_null(0))
        of_residents.append(float(spearmanr(each["met"], each["tick"]).statistic))
    shown = {int(step): mean for step, mean in curve.iter_rows() if step % 360 == 0}
    told = {"keepers_mean_at_step": shown, "falls": falls}
    told["rank correlation of a district's residents and its median time"] = spread(correlations)
    told["rank correlation of whom a resident heard on the first day and their time"] = spread(of_residents)
    return told


def custom_by_density(folder: RunFolder, experiment: Experiment) -> dict[str, Any]:
    """Is a custom sooner where people are denser? As `about` of the experiment says, and that was fixed before the first run."""
    words, areas = experiment.parameters["words"], _areas(experiment.parameters["residents"])
    found: dict[str, list[float]] = {}
    districts, falls = [], 0
    for run_id in folder.receipts():
        measured = folder.table("model_vars", run_id)
        falls += int((measured["keepers"].diff() < 0).sum())
        began = {json.loads(data)["agent"] for data in folder.table("interventions", run_id)["data"]}
        waited = _waits(folder, run_id, words, began)
        density = _densities(folder, run_id)
        each = waited.join(density, on="AgentID")
        of_district = (
            density.join(folder.table("agents", run_id).select("agent", "home_district"), left_on="AgentID", right_on="agent")
            .group_by("home_district")
            .agg(pl.len().alias("people"), pl.col("met").mean())
            .join(each.group_by("home_district").agg(pl.col("waited").mean()), on="home_district")
            .filter(pl.col("people") >= 10)
            .with_columns((pl.col("people") / pl.col("home_district").replace_strict(areas)).alias("a_km2"))
            .sort("home_district")
        )
        districts.append(of_district)
        for name, table, column in (
            ("districts: met in earshot a tick", of_district, "met"),
            ("districts: residents a km²", of_district, "a_km2"),
            ("districts: residents", of_district, "people"),
            ("residents: met in earshot a tick", each, "met"),
        ):
            found.setdefault(name, []).append(float(spearmanr(table[column], table["waited"]).statistic))
    curve = folder.table("model_vars").group_by("Step").agg(pl.col("keepers").mean()).sort("Step")
    means = pl.concat(districts).group_by("home_district").agg(pl.col("people", "a_km2", "met", "waited").mean()).sort("met")
    return {
        "falls": falls,
        "keepers_mean_at_step": {int(step): mean for step, mean in curve.iter_rows() if step % 360 == 0},
        "rank correlation with the mean waiting time": {name: spread(values) for name, values in found.items()},
        "runs with a negative one": {name: sum(value < 0 for value in values) for name, values in found.items()},
        "districts": means.to_dicts(),
    }


def _waits(folder: RunFolder, run_id: int, words: str, began: set[str]) -> pl.DataFrame:
    """Ticks from the beginning of the custom until each of the others first says its words; a day for whoever never does."""
    said = folder.table("speech", run_id).filter(pl.col("text").str.contains(words, literal=True))
    first = said.group_by("speaker").agg(pl.col("tick").min())
    homes = folder.table("agents", run_id).select(pl.col("agent").alias("AgentID"), "home_district")
    joined = homes.join(first, left_on="AgentID", right_on="speaker", how="left").filter(~pl.col("AgentID").is_in(began))
    return joined.select("AgentID", "home_district", (pl.col("tick").fill_null(2 * DAY) - DAY).alias("waited"))


def _densities(folder: RunFolder, run_id: int) -> pl.DataFrame:
    """Mean number of others in earshot of each resident on day 1, over the measured ticks at which they are awake."""
    there = folder.table("agent_vars", run_id).filter(pl.col("Step").is_between(1, DAY))
    steps = [step.with_columns(in_earshot(step)) for step in there.partition_by("Step", maintain_order=True)]
    return pl.concat(steps).group_by("AgentID").agg(pl.col("met").mean()).drop_nulls().sort("AgentID")


def _areas(residents: int) -> dict[str, float]:
    """Area of each district, km²: half the sum of the cross products along its edge."""
    areas = {}
    for district in compiled("helsinki", residents, 1)["districts"]:
        edge = district["polygon"]
        crossed = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(edge, [*edge[1:], edge[0]], strict=True))
        areas[district["id"]] = abs(crossed) / 2 / 1e10
    return areas


RESULTS = {
    "news": news,
    "relationships": relationships,
    "party": party,
    "custom": custom,
    "custom-by-density": custom_by_density,
}


def results(out: Path, workers: int, only: list[str]) -> dict[str, Any]:
    """Run what is missing, and tell."""
    told = {}
    for name in only:
        tell = RESULTS[name]
        experiment = Experiment.read(SCENARIOS / f"{name}.yaml")
        manifest = run_experiment(experiment, out / name, workers=workers)
        told[name] = {"hash": manifest["hash"], "seconds": manifest["seconds"], **tell(RunFolder(out / name), experiment)}
    return told


def speed() -> dict[str, Any]:
    """Seconds of a town day, on the wall and of the processor, and of 20 seeds on 1 process and on as many as there are cores."""
    told: dict[str, Any] = {}
    for residents in (25, 500):
        town = Town(seed=1, residents=residents)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(DAY):
            town.step()
        told[f"{residents} residents, a day"] = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    plain = {"name": "speed", "time_limit": DAY, "repetitions": 20, "parameters": {"residents": 25}, "metrics": ["gini"]}
    for workers in (1, os.cpu_count() or 1):
        with tempfile.TemporaryDirectory() as folder:
            wall, cpu = time.perf_counter(), _processor()
            manifest = run_experiment(Experiment.of(plain), Path(folder) / "speed", workers=workers)
            seconds, worked = time.perf_counter() - wall, _processor() - cpu
            told[f"20 seeds of a day, {workers} processes"] = {"s": seconds, "cpu_s": worked, "hash": manifest["hash"]}
    return {**told, "load at the end": os.getloadavg()[0], "cores": os.cpu_count()}


def _processor() -> float:
    """Seconds of the processor that this process and its finished workers have used."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["results", "speed"])
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", choices=list(RESULTS), action="append", help="only this result; may be given more than once")
    asked = parser.parse_args()
    only = asked.only or list(RESULTS)
    print(json.dumps(results(asked.out, asked.workers, only) if asked.what == "results" else speed(), indent=1))
