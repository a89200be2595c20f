"""A moment as a link: what a chat reads of it, and its picture."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

MOMENT = {"t": "4", "c": "100_100_300_-30_60", "person": "otto"}


def test_a_picture_depends_on_the_moment_alone(stage: Any) -> None:
    first, again = (stage.get("/preview.png", **MOMENT) for _ in range(2))
    assert (first.headers["content-type"], first.content) == ("image/png", again.content)
    assert first.headers["cache-control"].startswith("public")
    picture = Image.open(io.BytesIO(first.content))
    assert picture.size == (1200, 630)
    colours = picture.getcolors(1_000_000)
    assert colours is not None
    assert len(colours) > 50
    other = stage.get("/preview.png", **MOMENT | {"c": "200_150_300_20_60"})
    assert other.content != first.content
    assert stage.get("/preview.png").headers["cache-control"] == "no-store"


def test_a_chat_reads_who_when_and_what(stage: Any) -> None:
    answer = httpx.get(f"{stage.page}moment", params=MOMENT)
    assert answer.status_code == 200
    assert '<meta property="og:title" content="Otto Laine, Monday 06:04" />' in answer.text
    assert 'property="og:image" content="http' in answer.text
    assert "/api/v1/preview.png?t=4&amp;c=100_100_300_-30_60&amp;person=otto" in answer.text
    assert '<div id="root">' in answer.text


def test_a_chat_reads_it_in_the_links_language(stage: Any) -> None:
    text = httpx.get(f"{stage.page}moment", params=MOMENT | {"lang": "sv"}).text
    assert '<meta property="og:title" content="Otto Laine, måndag 06:04" />' in text
    town = httpx.get(f"{stage.page}moment", params={"t": "4", "lang": "sv"}).text
    assert "en stad vars invånare är program" in town
    assert "Monday 06:04" in httpx.get(f"{stage.page}moment", params=MOMENT | {"lang": "tlh"}).text
    assert stage.get("/preview.png", **MOMENT, lang="sv").content != stage.get("/preview.png", **MOMENT).content


def test_a_link_of_another_run_shows_the_present(stage: Any) -> None:
    run = stage.get("/history").json()["run"]
    stage.clock(22)
    ours, others = (httpx.get(f"{stage.page}moment", params=MOMENT | {"run": name}).text for name in (run, "ffffffff"))
    assert 'content="Otto Laine, Monday 06:04"' in ours
    assert "Otto Laine" not in others
    assert "06:04" not in others
    assert stage.get("/preview.png", **MOMENT, run="ffffffff").headers["cache-control"] == "no-store"


def test_what_a_link_says_can_say_nothing_else(stage: Any) -> None:
    answer = httpx.get(f"{stage.page}moment", params={"place": '"><script>alert(1)</script>', "lang": '"><script>'})
    assert "<script>alert" not in answer.text
    assert '"><script>' not in answer.text


@pytest.mark.parametrize("query", [{"t": "-1"}, {"t": "nan"}, {"c": "1_2"}, {"c": "1_2_3_4_1e9"}, {"person": "UP PER"}])
def test_bad_moments_are_told_so(stage: Any, query: dict[str, str]) -> None:
    assert stage.get("/preview.png", **query).status_code == 422
