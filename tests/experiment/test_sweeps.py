"""What is swept: axes from files and words, the points they make, and what is refused by name."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, QtrajError, TooLarge
from qtraj.experiment import Sweep, load_experiment, load_sweep_file
from qtraj.experiment.axes import MOST_POINTS, axes_of, parse_over
from qtraj.models import MODELS
from qtraj.storage.sweep_results import result_notes
from tests.experiment.test_fuzz import SCRAPS, mutated

EXAMPLE = Path(__file__).parents[2] / "examples" / "coherence_sweep.toml"
MODEL = "two-qubit-exchange"


def written(folder: Path, table: str, rest: str = f'model = "{MODEL}"') -> Path:
    path = folder / "mine.toml"
    path.write_text(f"{rest}\n{table}\n", encoding="utf-8")
    return path


def keys_and_points(sweep: Sweep) -> tuple[list[str], list[tuple[Any, ...]]]:
    return [axis.name for axis in sweep.axes], list(sweep.points)


class TestPoints:
    def test_on_a_grid_the_last_key_changes_fastest(self, tmp_path: Path) -> None:
        path = written(tmp_path, '[sweep]\n"parameters.angle" = [0.3, 0.1]\n"parameters.frequency" = [1, 2.5]')
        sweep = load_sweep_file(path)
        assert keys_and_points(sweep) == (["angle", "frequency"], [(0.3, 1), (0.3, 2.5), (0.1, 1), (0.1, 2.5)])
        assert (sweep.shape, len(sweep), sweep.mode) == ((2, 2), 4, "grid")

    def test_zipped_keys_go_side_by_side(self, tmp_path: Path) -> None:
        table = '[sweep]\nmode = "zip"\nparameters.angle = [0.3, 0.3]\nparameters.frequency = [1, 2.5]'
        sweep = load_sweep_file(written(tmp_path, table))
        assert keys_and_points(sweep) == (["angle", "frequency"], [(0.3, 1), (0.3, 2.5)])
        assert (sweep.shape, len(sweep)) == ((2,), 2)

    def test_a_point_is_the_experiment_with_its_values_set(self, tmp_path: Path) -> None:
        sweep = load_sweep_file(EXAMPLE, over=["environment.beta=0.5,2"])
        alone = tmp_path / "alone.toml"
        alone.write_text(EXAMPLE.read_text(encoding="utf-8").partition("[sweep]")[0], encoding="utf-8")
        for point in sweep.points:
            settings = [f"{axis.key}={value}" for axis, value in zip(sweep.axes, point, strict=True)]
            assert sweep.experiment(point).document == load_experiment(alone, settings).document

    def test_building_a_point_leaves_the_others_alone(self) -> None:
        sweep = load_sweep_file(MODEL, over=["angle=0.1,0.2"])
        before = json.dumps(sweep.source.document)
        sweep.check()
        assert json.dumps(sweep.source.document) == before

    def test_words_replace_and_add(self) -> None:
        sweep = load_sweep_file(EXAMPLE, over=["environment.beta=1:2:2", "system.state.x=0.1"])
        assert keys_and_points(sweep) == (["system.state.x", "environment.beta"], [(0.1, 1), (0.1, 2)])
        assert load_sweep_file(EXAMPLE, over=["environment.beta=0.1:1:7"], zipped=True).shape == (7,)

    def test_one_entry_of_a_default_can_be_swept(self) -> None:
        sweep = load_sweep_file("davies-qutrit", over=["rates.0.2=0.5,1.5"])
        first, second = (sweep.experiment(point).document["parameters"]["rates"] for point in sweep.points)
        assert first[1:] == second[1:]
        assert (first[0][2], second[0][2]) == (0.5, 1.5)

    def test_a_sweep_cannot_be_taken_for_an_experiment(self) -> None:
        with pytest.raises(InvalidInput, match=r"must describe one experiment.*`qtraj sweep FILE --out DIR`"):
            load_experiment(EXAMPLE)

    def test_no_parameter_of_a_model_is_called_like_a_column(self) -> None:
        """Parameters stand in the table of results under their own names."""
        fixed = set(result_notes([]))
        for model in MODELS.values():
            assert not fixed & set(model.parameters), model.name


class TestValues:
    def test_both_spellings_of_keys_and_values_are_one(self) -> None:
        quoted = {"environment.beta": {"from": 0.5, "to": 2.0, "count": 4}, "unitary.kind": ["haar"]}
        nested = {"environment": {"beta": [0.5, 1.0, 1.5, 2.0]}, "unitary": {"kind": ["haar"]}}
        assert axes_of(quoted) == axes_of(nested)
        assert axes_of(quoted)[1][0] == parse_over("environment.beta=0.5:2.0:4")

    def test_a_key_may_be_called_like_a_part_of_a_range(self) -> None:
        _, (axis,) = axes_of({"environment": {"count": {"from": 2, "to": 6, "count": 3}}})
        assert (axis.key, axis.values) == ("environment.count", (2, 4, 6))

    def test_whole_numbers_in_whole_steps_stay_whole(self) -> None:
        values = parse_over("levels=6:2:3").values
        assert values == (6, 4, 2)
        assert all(isinstance(value, int) for value in values)
        assert all(isinstance(value, float) for value in parse_over("levels=2:6:4").values)

    @given(
        start=st.floats(-1e6, 1e6),
        stop=st.floats(-1e6, 1e6),
        count=st.integers(2, 50),
        scale=st.sampled_from(["", ":log"]),
    )
    def test_ranges_reach_both_ends_in_equal_steps(self, start: float, stop: float, count: int, scale: str) -> None:
        word = f"beta={start!r}:{stop!r}:{count}{scale}"
        if start == stop or (scale and min(start, stop) <= 0):
            with pytest.raises(InvalidInput, match=r"`sweep\.beta` must"):
                parse_over(word)
            return
        values = np.array(parse_over(word).values, dtype=float)
        assert (values[0], values[-1], values.size) == (start, stop, count)
        steps = np.diff(np.log(values) if scale else values)
        assert np.abs(steps - steps.mean()).max() <= 1e-9 * max(1.0, np.abs(np.log(values) if scale else values).max())

    def test_texts_and_truth_values_and_json_lists(self) -> None:
        assert parse_over("approach=local,global").values == ("local", "global")
        assert parse_over('approach=["local", "global"]').values == ("local", "global")
        assert parse_over("flag=true,false").values == (True, False)
        assert parse_over("angle=[0.1, 0.2]").values == (0.1, 0.2)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("sweep = 3", "`sweep` must be a table, but is 3"),
        ("[sweep]", "a sweep must have something to sweep over, but neither"),
        ('[sweep]\nmode = "gird"\nparameters.angle = [1]', "one of grid, zip, but is 'gird'; did you mean 'grid'?"),
        ("[sweep]\nmode = [1]\nparameters.angle = [1]", "`sweep.mode` must be one of grid, zip, but is a list"),
        ("[sweep]\nparameters.angle = 3", "`sweep.parameters.angle` must be a list of values or a range, but is 3"),
        ("[sweep]\nparameters.angle = []", "`sweep.parameters.angle` must have at least one value, but is empty"),
        ("[sweep]\nparameters.angle = {}", "`sweep.parameters.angle.from` must be given, but is missing"),
        ("[sweep]\nparameters.angle = [1, nan]", "`sweep.parameters.angle.1` must be finite, but is nan"),
        ("[sweep]\nparameters.angle = [1, -inf]", "`sweep.parameters.angle.1` must be finite, but is -inf"),
        ("[sweep]\nparameters.angle = [1, [2]]", "must be a number, text or truth value, but is a list of 1 entries"),
        ("[sweep]\nparameters.angle = [1, 'x']", "must have values of one sort, but has numbers and texts"),
        (
            "[sweep]\nparameters.angle = [1, 2.0, 2]",
            "`sweep.parameters.angle` must have different values, but has 2 twice",
        ),
        ("[sweep]\nparameters.angle = { from = 1, to = 2 }", "`sweep.parameters.angle.count` must be given"),
        ("[sweep]\nparameters.angle = { from = 1, to = 2, cuont = 3 }", "no key 'cuont'; did you mean 'count'?"),
        ("[sweep]\nparameters.angle = { from = 1, to = 2, count = 1 }", "must be a whole number from 2 on, but is 1"),
        (
            "[sweep]\nparameters.angle = { from = 1, to = 2, count = 2.0 }",
            "must be a whole number from 2 on, but is 2.0",
        ),
        ("[sweep]\nparameters.angle = { from = true, to = 2, count = 2 }", "must be a real number, but is true"),
        ("[sweep]\nparameters.angle = { from = 1, to = inf, count = 2 }", "angle.to` must be finite, but is inf"),
        (
            "[sweep]\nparameters.angle = { from = 1, to = 1, count = 2 }",
            "must have `from` and `to` apart, but both are 1",
        ),
        ("[sweep]\nparameters.angle = { from = -1e308, to = 1e308, count = 2 }", "must span less than 1e308"),
        ("[sweep]\nparameters.angle = { from = 0, to = 1, count = 2, scale = 'log' }", "must lie above 0"),
        (
            "[sweep]\nparameters.angle = { from = 1, to = 2, count = 2, scale = 'lin' }",
            "one of linear, log, but is 'lin'",
        ),
        ("[sweep]\nparameters.angle = { from = 0, to = 1, count = 10001 }", "at most 10,000 values, but has 10,001"),
        ("[sweep]\n'parameters..angle' = [1]", "must be dotted, as after `--set`, but is 'parameters..angle'"),
        ("[sweep]\nparameters.angel = [1]", "at angel = 1: `parameters` has no key 'angel'; did you mean 'angle'?"),
        ("[sweep]\n'parameters.angle.x' = [1]\nparameters.angle = [1]", "must be a key of the experiment"),
        ("[sweep]\n'parameters.angle' = [1]\nparameters.angle = [1]", "`sweep.parameters.angle` must be given once"),
        (
            "[sweep]\nparameters.beta_system = [1, -2]",
            "at beta_system = -2: `parameters.beta_system` must be finite and not",
        ),
        ("[sweep]\nensemble.seed = [1]", "`ensemble.seed` cannot be swept: every point has a seed of its own"),
        ("[sweep]\nmodel = ['x']", "`model` cannot be swept"),
        ("[sweep]\nsweep.x = [1]", "`sweep.x` cannot be swept"),
        ("[sweep]\nparameters.state.file = ['x']", "`parameters.state.file` cannot be swept"),
        (
            "[sweep]\nmode = 'zip'\nparameters.angle = [1]\nparameters.frequency = [1, 2]",
            "zipped axes must have equally many values, but angle has 1, frequency has 2",
        ),
        (
            "[sweep]\nmode = 'zip'\nparameters.angle = [1, 1]\nparameters.frequency = [2, 2]",
            r"zipped axes must give different points, but has \(1, 2\) twice",
        ),
    ],
)
def test_a_wrong_table_is_refused_by_name(table: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_sweep_file(written(tmp_path, table)).check()
    assert complaint.replace("\\", "") in str(caught.value)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("angle", "must be followed by key=START:STOP:COUNT or key=a,b,c, with a dotted key, but got 'angle'"),
        ("angle=", "must be followed by"),
        (".=1", "must be followed by"),
        ("angle=0:x:3", "`sweep.angle.to` must be a real number, but is 'x'"),
        ("angle=0:1", "`sweep.angle.count` must be given"),
        ("angle=0:1:3:4", "`sweep.angle.scale` must be one of linear, log, but is 4"),
        ("angle=1,,2", "must have values of one sort"),
        ("angle=nan,1", "`sweep.angle.0` must be finite"),
        ("angel=1,2", f"at angel = 1: model {MODEL} has no parameter 'angel'; did you mean 'angle'?"),
    ],
)
def test_wrong_words_are_refused_by_name(words: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_sweep_file(MODEL, over=[words]).check()
    assert complaint in str(caught.value)


def test_too_many_points_are_refused_before_any_is_made() -> None:
    with pytest.raises(TooLarge, match=r"at most 10,000 points, but has 101 x 100 = 10,100") as caught:
        load_sweep_file(MODEL, over=["angle=0:1:101", "frequency=1:2:100"])
    assert caught.value.measured == 10_100
    assert len(load_sweep_file(MODEL, over=["angle=0:1:100", "frequency=1:2:100"])) == MOST_POINTS


def test_a_key_is_set_or_swept() -> None:
    with pytest.raises(InvalidInput, match="`angle` must be either set or swept, but is both"):
        load_sweep_file(MODEL, ["angle=0.3"], over=["angle=1,2"])


def test_mutated_tables_load_or_are_refused_by_name(tmp_path: Path) -> None:
    rng = random.Random(3)
    head = f'model = "{MODEL}"\n'
    table = (
        '[sweep]\nmode = "zip"\n"parameters.angle" = [ 0.1 , 0.2 , 0.5 ]\n'
        "parameters.frequency = { from = 1 , to = 3 , count = 3 , scale = 'log' }\n"
    )
    outcomes = []
    for _ in range(400):
        path = tmp_path / "mutated.toml"
        path.write_text(head + mutated(table, rng), encoding="utf-8", errors="surrogatepass")
        outcomes.append(_outcome(path, []))
    assert outcomes.count("refused") > 100
    assert outcomes.count("loaded") > 2


def test_mutated_words_load_or_are_refused_by_name() -> None:
    rng = random.Random(4)
    keys = ["angle", "frequency", "correlation", "x", "a.b", ""]
    outcomes = []
    for _ in range(400):
        pieces = [rng.choice([*SCRAPS, "1", "0.5", "3", "log"]) for _ in range(rng.randint(1, 4))]
        outcomes.append(_outcome(MODEL, [f"{rng.choice(keys)}={rng.choice(':,').join(pieces)}"]))
    assert outcomes.count("refused") > 200
    assert outcomes.count("loaded") > 3


def _outcome(target: Path | str, over: list[str]) -> str:
    try:
        load_sweep_file(target, over=over).check()
        return "loaded"
    except QtrajError as error:
        message = str(error)
    assert "\n" not in message
    assert 10 < len(message) < 1000
    return "refused"
