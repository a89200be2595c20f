"""What is due: from any state a few steps lead to the wished one; ends are counted once; a crash loop parks."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqttown_runtime.sandbox.container import Container
from mqttown_runtime.sandbox.limits import Limits
from mqttown_runtime.supervision.due import LOOP_ENDS, Step, after_end, due
from mqttown_runtime.supervision.epitaph import epitaph, parked
from mqttown_runtime.supervision.register import Hosted
from mqttown_runtime.supervision.spec import Spec

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WISH = Hosted(
    agent="mira",
    number=200_000,
    placement="docker",
    desired="running",
    generation=1,
    spec=Spec(command=("python3",)),
    handover=None,
    keeper="docker",
    observed="running",
    reason=None,
    starts=1,
    failures=(),
    next_start=None,
    counted=None,
    since=NOW - timedelta(hours=2),
    heard=NOW - timedelta(hours=1),
    silent_since=None,
    looked=None,
)
RUNNING = Container(
    agent="mira", id="c1", generation=1, state="running", exit_code=0, killed_for_memory=False, started="t0", finished=""
)
ENDED = dataclasses.replace(RUNNING, state="exited", exit_code=1, finished="t1")


def wish(**changes: object) -> Hosted:
    return dataclasses.replace(WISH, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wished", "container", "step"),
    [
        (WISH, None, Step.CREATE),
        (WISH, RUNNING, Step.NOTHING),
        (WISH, dataclasses.replace(RUNNING, state="created"), Step.START),
        (WISH, dataclasses.replace(RUNNING, state="paused"), Step.START),
        (WISH, dataclasses.replace(RUNNING, state="restarting"), Step.NOTHING),
        (WISH, ENDED, Step.COUNT_END),
        (wish(counted="t1"), ENDED, Step.START),
        (wish(counted="t1", next_start=NOW + timedelta(seconds=1)), ENDED, Step.NOTHING),
        (wish(counted="t1", next_start=NOW), ENDED, Step.START),
        (wish(generation=2), RUNNING, Step.REPLACE),
        (wish(generation=2, failures=(NOW,) * 5), ENDED, Step.REPLACE),
        (wish(failures=(NOW,) * 5), ENDED, Step.NOTHING),
        (wish(failures=(NOW,) * 5), None, Step.NOTHING),
        (wish(desired="paused"), RUNNING, Step.PAUSE),
        (wish(desired="paused"), ENDED, Step.NOTHING),
        (wish(desired="paused"), None, Step.CREATE),
        (wish(desired="deleted"), RUNNING, Step.REMOVE),
        (wish(desired="deleted", failures=(NOW,) * 5), None, Step.REMOVE),
        (wish(silent_since=NOW - timedelta(seconds=61), looked=NOW), RUNNING, Step.END_SILENCE),
        (wish(silent_since=NOW - timedelta(seconds=59), looked=NOW), RUNNING, Step.NOTHING),
        (wish(silent_since=NOW - timedelta(seconds=179), looked=NOW, heard=None), RUNNING, Step.NOTHING),
        (wish(silent_since=NOW - timedelta(seconds=181), looked=NOW, heard=None), RUNNING, Step.END_SILENCE),
        (wish(silent_since=NOW - timedelta(seconds=61), looked=NOW, since=NOW - timedelta(seconds=62)), RUNNING, Step.NOTHING),
        (wish(silent_since=NOW - timedelta(hours=1), looked=NOW - timedelta(minutes=1)), RUNNING, Step.NOTHING),
    ],
)
def test_one_step(wished: Hosted, container: Container | None, step: Step) -> None:
    assert due(wished, container, NOW) is step


def test_pauses_double_and_the_fifth_end_parks() -> None:
    failures: tuple[datetime, ...] = ()
    now, pauses = NOW, []
    for _ in range(LOOP_ENDS):
        then = after_end(failures, now)
        failures = then.failures
        if then.next_start is not None:
            pauses.append((then.next_start - now).total_seconds())
            now = then.next_start + timedelta(seconds=1)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert then.parked


def test_rare_ends_never_park() -> None:
    failures: tuple[datetime, ...] = ()
    for hour in range(100):
        then = after_end(failures, NOW + timedelta(hours=hour))
        failures = then.failures
        assert not then.parked
        assert len(failures) == 1


States = st.sampled_from(["none", "created", "running", "paused", "exited", "dead"])


@given(States, st.sampled_from(["running", "paused", "deleted"]), st.integers(1, 2), st.booleans())
def test_from_any_state_to_the_wished_one(state: str, desired: str, generation: int, counted: bool) -> None:
    """A little engine does each step at once; eight steps are always enough, and then nothing is due."""
    there = (
        None if state == "none" else dataclasses.replace(RUNNING, state=state, finished="t1" if state in {"exited", "dead"} else "")
    )
    wished = wish(desired=desired, generation=generation, counted="t1" if counted else None)
    now, gone = NOW, False
    for _ in range(8):
        step = due(wished, there, now)
        if step is Step.NOTHING or gone:
            break
        now += timedelta(seconds=2)
        match step:
            case Step.CREATE | Step.REPLACE:
                there = dataclasses.replace(RUNNING, generation=wished.generation, state="created")
            case Step.START:
                assert there is not None
                there = dataclasses.replace(there, state="running")
            case Step.PAUSE:
                assert there is not None
                there = dataclasses.replace(there, state="paused")
            case Step.COUNT_END:
                assert there is not None
                then = after_end(wished.failures, now)
                wished = dataclasses.replace(wished, failures=then.failures, next_start=then.next_start, counted=there.finished)
            case Step.REMOVE:
                there, gone = None, True
        now += timedelta(seconds=60)
    assert gone == (desired == "deleted")
    if not gone:
        assert due(wished, there, now) is Step.NOTHING
        assert there is not None
        assert there.state in ({"running"} if desired == "running" else {"paused", "created", "exited", "dead"})


@pytest.mark.parametrize(
    ("exit_code", "for_memory", "words"),
    [
        (137, True, "it used more than its 512 MiB of memory and was ended"),
        (0, False, "its program came to an end by itself (exit code 0)"),
        (1, False, "its program ended with exit code 1"),
        (139, False, "its program was ended by SIGSEGV (exit code 139)"),
        (127, False, "its program could not be started (exit code 127)"),
    ],
)
def test_an_owner_understands_why(exit_code: int, for_memory: bool, words: str) -> None:
    container = dataclasses.replace(ENDED, exit_code=exit_code, killed_for_memory=for_memory)
    told = epitaph(container, Limits(), b"Traceback\n  line 3\nValueError: \x1b[31mno\x07\xff\n")
    assert told.startswith(words)
    assert told.endswith("it wrote last: Traceback / line 3 / ValueError:  [31mno �")
    assert "restart" in parked(told, 5)
