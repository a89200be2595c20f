"""What `mqttown up` refuses before it starts anything: doors that are open to more than they should be."""

from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mqttown_cli.__main__ import app


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "say --public too"),
        (["--host", "0.0.0.0", "--public"], "--tls-cert and --tls-key"),
        (["--public", "--broker", "amqtt", "--tls"], "does not hold the grants against strangers"),
        (["--broker", "amqtt", "--tls"], "TLS is for the brokers that we start"),
        (["--broker", "mqtt://broker.example", "--tls"], "TLS is for the brokers that we start"),
        (["--tls-cert", "cert.pem"], "belong together"),
        (["--open", "--host", "0.0.0.0", "--public", "--insecure"], "--open is for loopback alone"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "No such file"),
    ],
)
def test_doors_that_are_not_opened(arguments: list[str], words: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["up", "--data", str(tmp_path / "data"), *arguments], env={"COLUMNS": "400"})
    assert result.exit_code != 0
    assert words in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "data" / "lock").exists()


def test_it_says_which_version_it_is() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"mqttown {version('mqttown-town')}\n")
