"""The report: what repetitions say, charts, one file without a network, two runs side by side, sensitivity."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("polars", reason="extra research")
pytest.importorskip("scipy", reason="extra research")
pytest.importorskip("SALib", reason="extra research")

import polars as pl
from scipy.stats import ttest_ind
from typer.testing import CliRunner

from mqttown_cli.__main__ import app
from mqttown_cli.laboratory.design import varied
from mqttown_cli.laboratory.experiment import Experiment, ExperimentError
from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.report.charts import Bar, Curve, bars, curves, number, ticks
from mqttown_cli.laboratory.report.page import report_page
from mqttown_cli.laboratory.report.sets import endings, series, sets_of
from mqttown_cli.laboratory.report.side import Side
from mqttown_cli.laboratory.report.spreading import spreading
from mqttown_cli.laboratory.report.statistics import contrast, detectable, estimate, power
from mqttown_cli.laboratory.runner import run_experiment
from mqttown_cli.laboratory.sensitivity import Sensitivity, indices, samples

ROOT = Path(__file__).parents[2]
KIT = "mqttown_cli.laboratory.rulekit"
SIR = {
    "name": "cough", "about": "Is <script>alert(1)</script> shown as words?", "model": f"{KIT}.sir:Sir",
    "parameters": {"agents": 40, "contacts": 5.0, "spread": [0.05, 0.4], "ill": 3}, "repetitions": 3, "time_limit": 40,
    "metrics": [{"measure": "share", "as": "well again", "of": "state", "value": "recovered"}], "metrics_every": 1,
}  # fmt: skip
RICH = {
    "name": "rich", "model": f"{KIT}.boltzmann:Boltzmann", "parameters": {"agents": 20}, "repetitions": 2, "time_limit": 10,
    "metrics": ["gini"], "metrics_every": 5,
}  # fmt: skip


class Parsed(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def cough(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return ran(SIR, tmp_path_factory.mktemp("runs") / "cough")


def ran(plain: dict[str, Any], out: Path) -> RunFolder:
    run_experiment(Experiment.of(plain), out)
    return RunFolder(out)


def test_power_is_that_of_the_tables() -> None:
    # Cohen (1988), and G*Power: two groups, two-sided, alpha 0.05.
    assert power(0.5, 64, 64) == pytest.approx(0.8015, abs=1e-4)
    assert power(0.909, 20, 20) == pytest.approx(0.80, abs=1e-3)
    assert power(0.0, 20, 20) == pytest.approx(0.05)
    assert detectable(2.0, 20) == pytest.approx(2 * 0.9091, abs=1e-3)
    assert detectable(1.0, 2) > detectable(1.0, 3) > detectable(1.0, 100)


def test_the_mean_of_runs_with_its_confidence() -> None:
    found = estimate([2.0, 4.0, 6.0])
    assert found is not None
    assert (found.mean, found.sd, found.least, found.most) == (4, 2, 2, 6)
    assert found.half == pytest.approx(4.303 * 2 / 3**0.5, abs=1e-3)  # Student's t for 2 degrees of freedom
    assert estimate([]) is None
    alone = estimate([3.0])
    assert alone is not None
    assert alone.half is None


def test_whether_two_sets_differ() -> None:
    found = contrast([1.0, 2.0, 3.0, 4.0], [11.0, 12.0, 13.0, 14.0])
    assert found is not None
    assert found.difference == 10
    assert found.low < 10 < found.high
    assert found.p_mean < 0.001
    assert found.p_distribution == pytest.approx(2 / 70)  # one of the 70 ways to deal eight runs, and its mirror image
    oracle = ttest_ind([11.0, 12.0, 15.0], [1.0, 2.0, 3.0, 4.0], equal_var=False)
    uneven = contrast([1.0, 2.0, 3.0, 4.0], [11.0, 12.0, 15.0])
    assert uneven is not None
    assert uneven.p_mean == pytest.approx(oracle.pvalue)
    assert (uneven.low, uneven.high) == pytest.approx(oracle.confidence_interval(0.95))
    same = contrast([1.0, 1.0], [1.0, 1.0])
    assert same is not None
    assert (same.difference, same.p_mean) == (0, 1)
    assert contrast([1.0], [2.0, 3.0]) is None


def test_numbers_and_ticks_for_people() -> None:
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(3, 1440) == [500, 1000]
    assert ticks(2, 2) == [2]
    assert [number(value) for value in (0, 1440, 0.123456, 12345.6, 1e-9, float("nan"))] == [
        "0",
        "1,440",
        "0.1235",
        "12,346",
        "1e-09",
        "n/a",
    ]


def test_a_chart_is_drawn_inside_its_axes() -> None:
    line = Curve("a < b", [0, 1, 2], [0.0, 0.5, 1.0], inner=[(-9.0, 9.0)] * 3, outer=[(0.0, 1.0)] * 3)
    picture = curves([line], "what & why", "step", "share", (0.0, 1.0))
    assert picture.count("<polygon") == 2
    assert "a &lt; b" in picture
    assert "what &amp; why" in picture
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", picture)]
    assert heights
    assert 0 <= min(heights) <= max(heights) <= 280
    assert bars([Bar("x", 0.5, 0.1), Bar("y", -0.2)], "t", "share").count("<rect") == 2


def test_runs_are_in_sets_that_differ_by_seed_alone(cough: RunFolder) -> None:
    few, many = sets_of(cough)
    assert (few.label, many.label) == ("spread 0.05", "spread 0.4")
    assert sorted([*few.runs, *many.runs]) == list(range(6))
    table = cough.table("model_vars")
    line = series(table, many, "well again")
    assert line is not None
    assert line.steps == list(range(max(line.steps) + 1))
    assert all(one.n == 3 for one in line.estimates)  # a run that is over keeps its last value
    ends = endings(table, many, "well again")
    assert len(ends) == 3
    assert line.estimates[-1].mean == pytest.approx(sum(ends) / 3)
    assert line.estimates[-1].mean > endings(table, few, "well again")[0]


def test_a_report_is_one_file_that_asks_nobody(cough: RunFolder) -> None:
    done = CliRunner().invoke(app, ["report", str(cough.path)])
    assert done.exit_code == 0, done.output
    page = (cough.path / "report.html").read_text(encoding="utf-8")
    parsed = Parsed(page)
    assert {tag for tag, _ in parsed.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert [attributes for _, attributes in parsed.tags if {"src", "href", "onload"} & set(attributes)] == []
    assert "url(" not in page
    assert "@import" not in page
    assert {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"} in [
        attributes for tag, attributes in parsed.tags if tag == "meta"
    ]
    assert "&lt;script&gt;" in page
    manifest = cough.manifest()
    for told in (
        manifest["hash"],
        manifest["lock_hash"],
        manifest["runs"][0]["facts"]["content_hash"],
        "well again",
        "spread 0.4",
        "Maps",
        "Networks",
        "Detectable",
    ):
        assert told in page
    assert [tag for tag, _ in parsed.tags].count("svg") == 1 + 2 + 2  # curves, and a map and a network of each set


def test_two_runs_side_by_side(cough: RunFolder, tmp_path: Path) -> None:
    other = ran({**SIR, "parameters": {**SIR["parameters"], "agents": 50}}, tmp_path / "more")
    page = report_page([cough, other])
    assert "more: spread 0.4 less cough: spread 0.4" in page
    assert '<tr class="differs"><td>agents</td><td>40</td><td>50</td></tr>' in page
    assert page.count("well again over the steps") == 2


def test_lorenz_curves_of_purses(tmp_path: Path) -> None:
    assert "Mean over runs at the end. Gini 0." in report_page([ran(RICH, tmp_path / "rich")])


def test_diffusion_of_what_was_planted(rumour: dict[str, Any], tmp_path: Path) -> None:
    folder = ran({**rumour, "time_limit": 400, "interventions": [], "surveys": []}, tmp_path / "rumour")
    page = report_page([folder])
    assert "Diffusion" in page
    assert rumour["parameters"]["fact"] in page
    knows = folder.table("knows")
    (quiet,) = (panel for panel in spreading(Side(folder)))
    assert quiet.picture.count('class="line') == 2
    assert "talk False: 0" in quiet.caption  # without talk nobody is told
    assert set(knows.filter(pl.col("speaker").is_null())["agent"]) == {"aino"}


def test_a_folder_without_runs_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert done.exit_code == 1


def test_indices_of_a_line_are_known() -> None:
    ranges = {"a": {"first": 0.0, "last": 1.0}, "b": {"first": 0.0, "last": 1.0}, "n": {"first": 1, "last": 9}}
    sobol = Sensitivity(method="sobol", size=256, parameters=ranges)
    found = {one.parameter: one for one in indices(sobol, [2 * sample["a"] + sample["b"] for sample in samples(sobol)])}
    assert found["a"].first == pytest.approx(0.8, abs=0.03)  # the variance of 2a is four times that of b
    assert found["b"].total == pytest.approx(0.2, abs=0.03)
    assert found["n"].total == 0
    morris = Sensitivity(method="morris", size=8, parameters=ranges)
    found = {one.parameter: one for one in indices(morris, [2 * sample["a"] + sample["b"] for sample in samples(morris)])}
    assert [found[name].total for name in "abn"] == pytest.approx([2, 1, 0])
    assert all(isinstance(sample["n"], int) and 1 <= sample["n"] <= 9 for sample in samples(morris))
    assert samples(sobol) == samples(sobol)
    with pytest.raises(ValueError, match="as many outcomes"):
        indices(morris, [1.0])


def test_sensitivity_from_an_experiment_file(tmp_path: Path) -> None:
    file = ROOT / "content" / "scenarios" / "sir-sensitivity.yaml"
    run_experiment(Experiment.read(file, short=True), tmp_path / "which")
    folder = RunFolder(tmp_path / "which")
    assert len(folder.manifest()["runs"]) == 2 * 3
    page = report_page([folder])
    assert "what matters for recovered" in page
    assert "6 samples by SALib" in page
    whole = Experiment.read(file)
    assert len(list(varied(whole))) == 64 * 6
    plain = whole.plain()
    with pytest.raises(ExperimentError, match="power of 2"):
        Experiment.of({**plain, "sensitivity": {**plain["sensitivity"], "size": 48}})
