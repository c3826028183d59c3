"""The scripts in `examples/` that end in a figure run, and print what they claim."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.plots.other_processes import EXAMPLES


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_heat_between_reservoirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Within 6.2 standard errors as printed (6e-10), and rounded: 1 % of the last digit."""
    target = tmp_path / "heat.png"
    loaded("heat_between_reservoirs").main(["--rounds", "6", "--paths", "1e5", "--figure", str(target)])
    assert target.stat().st_size > 10_000
    text = capsys.readouterr().out
    assert "100,000 paths of 6 rounds" in text
    lines = re.findall(r"heat into +(\w+): (\S+) \+- (\S+) \(exact (\S+)\), in the steady state (\S+) a round", text)
    assert [line[0] for line in lines] == ["hot", "cold"]
    for _, sampled, error, exact, _ in lines:
        assert abs(float(sampled) - float(exact)) < 6.2 * float(error) + 1e-5
    # What the hot units lose in the steady state, the cold ones gain.
    assert float(lines[0][4]) == -float(lines[1][4]) < 0


def test_jump_trajectory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "trajectory.png"
    loaded("jump_trajectory").main(["--paths", "500", "--duration", "8", "--figure", str(target)])
    assert target.stat().st_size > 10_000
    text = capsys.readouterr().out
    jumps, (claimed,) = re.findall(r"heat into the bath (\S+),", text), re.findall(r"500: (\d+) jumps", text)
    assert len(jumps) == int(claimed)
    from_jumps, ends, sigma = map(
        float, re.findall(r"sigma = (\S+) from the jumps (\S+) from the ends = (\S+)", text)[0]
    )
    assert from_jumps == pytest.approx(0.8 * sum(map(float, jumps)), abs=1e-3)
    assert sigma == pytest.approx(from_jumps + ends, abs=2e-4)


@pytest.mark.parametrize("name", ["heat_between_reservoirs", "jump_trajectory"])
def test_without_a_figure_none_is_drawn(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded(name).main(["--paths", "200"])
    assert not list(tmp_path.iterdir())
