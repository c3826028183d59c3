"""Mutated experiment files: whatever is in them, they load or are refused by name, and nothing else happens."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterable
from pathlib import Path

import pytest

from qtraj.errors import InvalidInput, QtrajError
from qtraj.experiment import load_experiment
from qtraj.models import MODELS

# Sweeps are no single experiments, and are refused whatever is in them; test_sweeps.py spoils them in its own way.
EXAMPLES = [
    path
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
    if "[sweep]" not in path.read_text(encoding="utf-8")
]

# What mutations put into a text: numbers at the edge of what floats and integers are, wrong types, and half syntax.
SCRAPS = (
    *(
        "0",
        "-1",
        "1e400",
        "-1e-400",
        "nan",
        "inf",
        "1e308",
        "1e-308",
        "9" * 30,
        "true",
        "'x'",
        "[]",
        "{}",
        "[[]]",
        "1e150",
    ),
    *("[1, 2]", "{kind = 'haar'}", "2020-01-01", "0x1f", "=", "[", "]", "{", "}", '"', "'", "\n", "#", ".", ",", "\0"),
    *("[system]", "kind", "rank = 1", "file = 'none'", "imag", "[[1, 0], [0, 1]]", "\ud7ff", "é", "beta", "1_0", "-"),
)


def mutated(text: str, rng: random.Random) -> str:
    """A text with a few words or characters removed, doubled, swapped or replaced."""
    for _ in range(rng.randint(1, 4)):
        tokens = text.split(" ")
        place = rng.randrange(len(tokens))
        match rng.randrange(6):
            case 0:
                tokens[place] = rng.choice(SCRAPS)
            case 1:
                del tokens[place]
            case 2:
                other = rng.randrange(len(tokens))
                tokens[place], tokens[other] = tokens[other], tokens[place]
            case 3:
                tokens.insert(place, rng.choice(SCRAPS))
            case 4:
                digits = [k for k, token in enumerate(tokens) if any(letter.isdigit() for letter in token)]
                if digits:
                    tokens[rng.choice(digits)] = rng.choice(SCRAPS)
            case 5:
                where = rng.randrange(len(text))
                tokens = [text[:where] + rng.choice(SCRAPS) + text[where + rng.randrange(3) :]]
        text = " ".join(tokens) or " "
    return text


def outcome(target: Path | str, settings: Iterable[str] = ()) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            load_experiment(target, settings)
    except QtrajError as error:
        message = str(error)
        assert "\n" not in message
        assert "Traceback" not in message
        assert 10 < len(message) < 1000
        return "refused"
    return "loaded"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_mutated_files_load_or_are_refused_by_name(example: Path, tmp_path: Path) -> None:
    rng = random.Random(example.stem)
    text = example.read_text(encoding="utf-8")
    path = tmp_path / "mutated.toml"
    outcomes = []
    for _ in range(80):
        path.write_text(mutated(text, rng), encoding="utf-8", errors="surrogatepass")
        outcomes.append(outcome(path))
    # The mutations are neither so gentle nor so brutal that one of the two ways is never taken.
    assert outcomes.count("refused") > 20
    assert outcomes.count("loaded") > 2


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(10))
def test_a_hundred_thousand_mutated_files(chunk: int, tmp_path: Path) -> None:
    rng = random.Random(chunk)
    texts = [example.read_text(encoding="utf-8") for example in EXAMPLES]
    path = tmp_path / "mutated.toml"
    for _ in range(10_000):
        path.write_text(mutated(rng.choice(texts), rng), encoding="utf-8", errors="surrogatepass")
        outcome(path)


def test_random_settings_are_applied_or_refused_by_name() -> None:
    rng = random.Random(5)
    keys = [
        "kind",
        "system",
        "system.energies",
        "system.energies.0",
        "system.state",
        "system.state.kind",
        "environment",
    ]
    keys += [
        "environment.beta",
        "unitary",
        "unitary.angle",
        "unitary.kind",
        "ensemble.paths",
        "ensemble",
        "model",
        "x.y",
    ]
    keys += ["duration", "beta", "rates", "rates.0", "rates.0.1", "rates.0.2", "baths", "system.hamiltonian"]
    keys += [f"correlations{rest}" for rest in ("", ".kind", ".strength", ".elements", ".elements.0", ".elements.0.2")]
    keys += ["joint_state", "joint_state.real"]
    keys += [f"channels{rest}" for rest in ("", ".0", ".0.operator", ".0.rate", ".0.energy", ".0.beta", ".1.bath")]
    refused = 0
    for _ in range(600):
        settings = [f"{rng.choice(keys)}={rng.choice(SCRAPS)}" for _ in range(rng.randint(1, 3))]
        try:
            load_experiment(rng.choice(EXAMPLES), settings)
        except InvalidInput:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize("name", MODELS)
def test_random_parameters_of_models_are_taken_or_refused_by_name(name: str) -> None:
    rng = random.Random(name)
    parameters = list(MODELS[name].parameters)
    refused = 0
    for _ in range(60):
        settings = [f"{rng.choice(parameters)}={rng.choice(SCRAPS)}" for _ in range(rng.randint(1, 2))]
        refused += outcome(name, settings) == "refused"
    assert refused > 20
