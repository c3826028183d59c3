"""Stored sweeps: right numbers, one table, and the same bytes whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest

from qtraj.errors import InvalidInput, NoFiniteLaw, QtrajError, StorageError
from qtraj.experiment import load_experiment, load_sweep_file
from qtraj.experiment.axes import SweepAxis
from qtraj.paths.sample import sample
from qtraj.storage import (
    RunFolder,
    SweepFolder,
    is_sweep_folder,
    load_run,
    load_sweep,
    merge_runs,
    resume_run,
    resume_sweep,
    start_sweep,
    verify_sweep,
)
from qtraj.storage.sweep_manifest import point_seed
from qtraj.theorems.checks import Verdict
from qtraj.theorems.levels import FAMILY_LEVEL
from tests.storage.runs import SEED, Obey, rewrite_manifest, spoil

MODEL = "two-qubit-exchange"
OVER = ("angle=0.3,1.1", "beta_system=0.5,2")
PATHS = 20_000

Sweeps = Callable[..., Path]


def swept(folder: Path, *over: str, zipped: bool = False, model: str = MODEL, **how: Any) -> SweepFolder:
    sweep = load_sweep_file(model, over=over or OVER, zipped=zipped)
    return start_sweep(sweep, folder, **({"paths": PATHS, "seed": SEED} | how)).folder


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweeps") / "sweep"
    swept(folder)
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """A finished sweep of one's own to spoil."""
    shutil.copytree(original, tmp_path / "sweep")
    return tmp_path / "sweep"


def content(folder: Path) -> dict[str, bytes]:
    """Every file by its place: equal sweeps have equal bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def exchanged_heat(angle: Any, beta_system: Any) -> Any:
    """Closed form of the model's source, at frequency 1 and beta_environment 1.25."""
    return np.sin(angle) ** 2 * (1 / (np.exp(beta_system) + 1) - 1 / (np.exp(1.25) + 1))


class TestNumbers:
    def test_exact_values_are_the_closed_form(self, original: Path) -> None:
        heat = load_sweep(original).curve("heat")
        np.testing.assert_allclose(heat["exact"], exchanged_heat(heat["angle"], heat["beta_system"]), atol=1e-12)

    def test_sampled_values_are_those_of_their_points(self, original: Path) -> None:
        """Four scores below 7 standard errors: false-failure rate 1e-11. A shifted table is far beyond that."""
        heat = load_sweep(original).curve("heat")
        scores = (heat["mean"] - exchanged_heat(heat["angle"], heat["beta_system"])) / heat["standard_error"]
        assert np.abs(scores).max() < 7
        shifted = (np.roll(heat["mean"], 1) - heat["exact"]) / heat["standard_error"]
        assert np.abs(shifted).max() > 20

    def test_every_point_is_the_run_that_its_row_describes(self, original: Path) -> None:
        folder = load_sweep(original)
        heat = folder.curve("heat")
        for point in folder.points:
            process = load_experiment(MODEL, [f"{name}={value}" for name, value in point.values.items()]).process
            alone = sample(process, paths=PATHS, seed=int(heat["seed"][point.index]))
            np.testing.assert_array_equal(alone.class_counts, load_run(point.path).class_counts)
            assert alone.mean("heat") == pytest.approx(heat["mean"][point.index], abs=1e-12)

    def test_points_keep_their_numbers_in_other_sweeps(self, original: Path, tmp_path: Path) -> None:
        """Here two of the four, in another order, zipped, of keys in another order."""
        other = swept(tmp_path / "sweep", "beta_system=2,0.5", "angle=1.1,0.3", zipped=True).curve("heat")
        heat = load_sweep(original).curve("heat")
        names = ("angle", "beta_system", "seed", "mean")
        rows = [set(zip(*(curve[name].tolist() for name in names), strict=True)) for curve in (heat, other)]
        assert len(rows[1]) == 2
        assert rows[1] <= rows[0]

    def test_points_have_seeds_of_their_own(self) -> None:
        seeds = {point_seed(seed, {"x": x, "y": y}) for seed in range(3) for x in range(30) for y in (0.5, "a", True)}
        assert len(seeds) == 3 * 30 * 3
        assert max(seeds) < 2**53

    def test_whole_numbers_are_the_same_points_as_real_ones(self) -> None:
        assert point_seed(7, {"x": 1, "y": -0.0}) == point_seed(7, {"y": 0, "x": 1.0})
        assert point_seed(7, {"x": 1}) != point_seed(7, {"y": 1})

    def test_the_level_is_shared(self, original: Path) -> None:
        folder = load_sweep(original)
        assert folder.level == FAMILY_LEVEL / 4
        report = json.loads((folder.points[0].path / "report.json").read_text())
        assert report["of"]["level"] == FAMILY_LEVEL / 4
        check = next(check for check in report["checks"] if check["name"] == "mean_heat")
        alone = next(check for check in _alone(folder) if check.name == "mean_heat")
        assert check["tolerance"] > alone.tolerance

    def test_points_are_judged_again_from_their_paths(self, original: Path) -> None:
        folder = load_sweep(original)
        reports = verify_sweep(folder)
        assert [report.verdict for report in reports] == [report.verdict for report in folder.reports]
        assert [report.seed for report in reports] == [point.seed for point in folder.points]


def _alone(folder: SweepFolder) -> Any:
    from qtraj.theorems.verify import verify

    ensemble = load_run(folder.points[0].path)
    return verify(ensemble.process, ensemble=ensemble).checks


class TestTable:
    def test_one_row_a_point_and_quantity(self, original: Path) -> None:
        folder = load_sweep(original)
        table = folder.table()
        assert list(table.columns[:4]) == ["point", "angle", "beta_system", "quantity"]
        assert not table.duplicated(["point", "quantity"]).any()
        quantities = {"sigma", "sigma_d", "xi", "heat", "exp_minus_sigma", "exp_minus_sigma_d", "exp_minus_xi"}
        assert set(table["quantity"]) == quantities
        assert len(table) == 4 * len(quantities)
        assert set(table["point_verdict"]) <= set(Verdict)

    def test_parquet_and_csv_are_the_same_table(self, original: Path) -> None:
        table = load_sweep(original).table()
        parquet = pandas.read_parquet(original / "results.parquet")
        csv = pandas.read_csv(original / "results.csv")
        for read in (parquet, csv):
            assert list(read.columns) == list(table.columns)
            for name in table.columns:
                assert read[name].tolist() == table[name].tolist()
        assert csv["seed"].dtype == np.int64

    def test_files_say_what_their_columns_are(self, original: Path) -> None:
        schema = pyarrow.parquet.read_schema(original / "results.parquet")
        notes = load_sweep(original).manifest.columns
        assert list(notes) == schema.names
        for name in schema.names:
            assert schema.field(name).metadata[b"meaning"].decode() == notes[name]["meaning"]
        assert notes["angle"]["meaning"] == "the key parameters.angle of the experiment"

    def test_texts_and_protocols_can_be_swept(self, tmp_path: Path) -> None:
        path = tmp_path / "protocols.toml"
        path.write_text(
            f'model = "{MODEL}"\n[sweep]\nensemble.protocol = ["augmented", "kraus"]\nensemble.paths = [3000, 5000]\n'
        )
        folder = start_sweep(load_sweep_file(path), tmp_path / "sweep", seed=SEED).folder
        table = folder.table()
        assert set(zip(table["ensemble.protocol"], table["protocol"], strict=True)) == {
            ("augmented", "augmented"),
            ("kraus", "kraus"),
        }
        assert (table["ensemble.paths"] == table["paths"]).all()
        kraus = table[table["protocol"] == "kraus"]
        assert set(kraus["quantity"]) == {"heat"}  # this protocol has no entropy production
        assert kraus["covered_weight"].isna().all()
        assert pandas.read_csv(tmp_path / "sweep" / "results.csv")["covered_weight"].isna().sum() == len(kraus)
        with pytest.raises(InvalidInput, match=r"one that every point has, of heat.*but is 'sigma'"):
            folder.curve("sigma")

    def test_processes_without_a_law_can_be_swept(self, tmp_path: Path) -> None:
        folder = swept(tmp_path / "sweep", "rate=0.5", model="dephasing-qubit", paths=300)
        assert set(folder.results["sampler"]) == {"followed"}
        entropy = folder.curve("sigma")
        assert (np.abs(entropy["mean"] - entropy["exact"]) < 7 * entropy["standard_error"]).all()


class TestInterruptions:
    def test_workers_change_nothing(self, original: Path, tmp_path: Path) -> None:
        swept(tmp_path / "whole", n_jobs=2)  # points on workers
        assert content(tmp_path / "whole") == content(original)

    @pytest.mark.slow
    @pytest.mark.parametrize("how", [{"n_jobs": 2, "backend": "loky"}, {"n_jobs": 8, "backend": "threading"}])
    def test_other_workers_change_nothing(self, original: Path, tmp_path: Path, how: dict[str, Any]) -> None:
        swept(tmp_path / "sweep", **how)  # the last one has more workers than points, so that they take blocks
        assert content(tmp_path / "sweep") == content(original)

    def test_a_finished_sweep_is_left_alone(self, copy: Path) -> None:
        before = content(copy)
        done = resume_sweep(copy)
        assert (done.kept, done.drawn, done.remade) == (4, 0, ())
        assert content(copy) == before

    @pytest.mark.parametrize(
        "lost",
        [
            ["results.csv"],
            ["results.parquet", "points/0002/report.json"],
            ["points/0000", "points/0003/manifest.json", "results.csv", "results.parquet"],
        ],
    )
    def test_what_is_missing_is_made_again(self, copy: Path, lost: list[str]) -> None:
        before = content(copy)
        for name in lost:
            (shutil.rmtree if (copy / name).is_dir() else os.remove)(copy / name)
        if (copy / "points/0003").exists() and "points/0003/manifest.json" in lost:
            shutil.rmtree(copy / "points/0003")
        resume_sweep(copy)
        assert content(copy) == before

    @pytest.mark.parametrize("name", ["results.csv", "results.parquet", "points/0003/report.json"])
    def test_what_is_damaged_is_made_again_and_named(self, copy: Path, name: str) -> None:
        before = content(copy)
        spoil(copy / name)
        done = resume_sweep(copy)
        (sentence,) = done.remade
        assert str(copy / name) in sentence
        assert content(copy) == before

    def test_a_damaged_block_is_drawn_again(self, copy: Path) -> None:
        before = content(copy)
        spoil(next((copy / "points/0001/paths").iterdir()))
        with pytest.raises(StorageError, match="is damaged"):
            verify_sweep(load_sweep(copy))
        done = resume_sweep(copy)
        assert (done.kept, done.drawn, len(done.remade)) == (3, 1, 1)
        assert content(copy) == before

    def test_a_file_that_cannot_be_read_is_replaced(self, copy: Path) -> None:
        before = content(copy)
        (copy / "results.csv").unlink()
        os.mkfifo(copy / "results.csv")
        resume_sweep(copy)
        assert content(copy) == before

    def test_a_longer_sweep_equals_a_fresh_one(self, copy: Path, tmp_path: Path) -> None:
        resume_sweep(copy, paths=PATHS + 5000)
        swept(tmp_path / "fresh", paths=PATHS + 5000)
        assert content(copy) == content(tmp_path / "fresh")
        with pytest.raises(InvalidInput, match=r"`paths` must be at least the 25000 that the points have, but is 10"):
            resume_sweep(copy, paths=10)

    def test_three_kills_at_random_moments(self, obey: Obey, original: Path, tmp_path: Path, root_seed: int) -> None:
        kill_often(obey, tmp_path / "sweep", original, 3, root_seed)

    @pytest.mark.slow
    def test_fifty_kills_at_random_moments(self, obey: Obey, original: Path, tmp_path: Path, root_seed: int) -> None:
        for part in range(10):
            kill_often(obey, tmp_path / f"sweep-{part}", original, 5, root_seed + part)

    @pytest.mark.parametrize("event", [2, 90])
    def test_a_kill_at_a_chosen_file_operation(self, obey: Obey, original: Path, tmp_path: Path, event: int) -> None:
        """While the folder is made, and after the first points; the slow suite tries many more."""
        kill_at(obey, tmp_path / "sweep", original, event)

    @pytest.mark.slow
    def test_a_kill_at_many_file_operations(self, obey: Obey, original: Path, tmp_path: Path) -> None:
        for event in range(0, 120, 3):
            kill_at(obey, tmp_path / f"sweep-{event}", original, event)

    def test_a_sweep_may_read_its_matrices_from_itself(self, tmp_path: Path) -> None:
        """The file it was made from, and the matrix beside it, may change or go."""
        np.save(tmp_path / "state.npy", np.array([[0.6, 0.2], [0.2, 0.4]]))
        (tmp_path / "mine.toml").write_text(
            'kind = "thermal-operation"\n[system]\nenergies = [0.0, 1.0]\n'
            'state = { kind = "matrix", file = "state.npy" }\n[environment]\nenergies = [0.0, 1.0]\nbeta = 1.0\n'
            '[unitary]\nkind = "partial-swap"\nangle = 0.3\n[sweep]\nenvironment.beta = [0.5, 1.5]\n'
        )
        how: dict[str, Any] = {"paths": 2000, "seed": SEED}
        start_sweep(load_sweep_file(tmp_path / "mine.toml"), tmp_path / "sweep", **how)
        before = content(tmp_path / "sweep")
        (tmp_path / "state.npy").unlink()
        shutil.rmtree(tmp_path / "sweep/points/0001")
        resume_sweep(tmp_path / "sweep")
        assert content(tmp_path / "sweep") == before
        spoil(next((tmp_path / "sweep/matrices").iterdir()))
        with pytest.raises(StorageError, match=r"matrices/.* is damaged"):
            resume_sweep(tmp_path / "sweep")


def kill_often(obey: Obey, folder: Path, original: Path, kills: int, seed: int) -> None:
    rng, killed = random.Random(seed), 0
    for _ in range(kills):
        answer = obey(folder, over=list(OVER), paths=PATHS, after=rng.uniform(0.02, 0.4), sampler=None)
        assert answer["killed"] or answer["finished"]
        killed += answer["killed"]
    assert killed > 0
    assert_as_if_never_killed(folder, original)


def kill_at(obey: Obey, folder: Path, original: Path, event: int) -> None:
    answer = obey(folder, over=list(OVER), paths=PATHS, event=event, sampler=None)
    assert answer["killed"]
    assert_as_if_never_killed(folder, original)


def assert_as_if_never_killed(folder: Path, original: Path) -> None:
    if is_sweep_folder(folder):
        resume_sweep(folder)
    else:
        swept(folder)
    assert content(folder) == content(original)


class TestRefusals:
    def test_nothing_is_made_where_a_point_is_wrong(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"at beta_system = -1: `beta_system` must be"):
            swept(tmp_path / "sweep", "beta_system=1,-1")
        assert not (tmp_path / "sweep").exists()

    def test_what_only_drawing_shows_names_the_point(self, tmp_path: Path) -> None:
        with pytest.raises(NoFiniteLaw, match="at point 0 of the sweep: the counts sampler needs a finite law"):
            swept(tmp_path / "sweep", "rate=0.5,1", model="dephasing-qubit", sampler="counts")

    @pytest.mark.parametrize("how", [{"paths": 0}, {"seed": -1}, {"sampler": "x"}, {"protocol": "x"}, {"n_jobs": 0}])
    def test_arguments(self, tmp_path: Path, how: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            swept(tmp_path / "sweep", **how)
        assert not (tmp_path / "sweep").exists()

    def test_what_is_swept_cannot_be_given(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(f'model = "{MODEL}"\n[sweep]\nensemble.paths = [1000, 2000]\n')
        with pytest.raises(InvalidInput, match="`paths` must be either given or swept, but is both"):
            start_sweep(load_sweep_file(path), tmp_path / "sweep", paths=10)
        start_sweep(load_sweep_file(path), tmp_path / "sweep")
        with pytest.raises(InvalidInput, match="`paths` must be left out where it is swept"):
            resume_sweep(tmp_path / "sweep", paths=10_000)

    def test_folders_of_another_sort(self, original: Path, tmp_path: Path) -> None:
        point = original / "points/0000"
        for wrong in (tmp_path, tmp_path / "none", point, "a\0b"):
            with pytest.raises(StorageError, match="must be a sweep folder"):
                load_sweep(wrong)
        for read in (load_run, resume_run, lambda path: merge_runs(path, point, tmp_path / "merged")):
            with pytest.raises(
                StorageError, match="must be the manifest of a run folder, but is the manifest of a sweep"
            ):
                read(original)  # type: ignore[operator]
        with pytest.raises(StorageError, match="holds a run already"):
            swept(original)
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "note.txt").touch()
        with pytest.raises(StorageError, match=r"must be a new or empty folder, but holds note\.txt"):
            swept(tmp_path / "full")

    def test_a_run_in_the_wrong_place(self, copy: Path, tmp_path: Path) -> None:
        (copy / "points/0000").rename(copy / "points/tmp")
        (copy / "points/0001").rename(copy / "points/0000")
        (copy / "points/tmp").rename(copy / "points/0001")
        with pytest.raises(
            StorageError, match=r"points/0000` must hold the run of its point.*beta_system` is 0.5 in the"
        ):
            resume_sweep(copy)

    def test_a_point_of_a_sweep_of_another_experiment(self, copy: Path, tmp_path: Path) -> None:
        """It has the right seed, which is made of the swept values alone."""
        sweep = load_sweep_file(MODEL, ["frequency=2"], over=["angle=0.3", "beta_system=0.5"])
        other = start_sweep(sweep, tmp_path / "other", paths=PATHS, seed=SEED).folder
        assert other.points[0].seed == load_sweep(copy).points[0].seed
        shutil.rmtree(copy / "points/0000")
        shutil.copytree(other.points[0].path, copy / "points/0000")
        with pytest.raises(
            StorageError, match=r"`parameters.frequency` is 1.0 in the sweep, but is 2 in .*points/0000"
        ):
            resume_sweep(copy)

    def test_a_manifest_that_was_changed(self, copy: Path) -> None:
        text = (copy / "manifest.json").read_text()
        (copy / "manifest.json").write_text(text.replace("0.3", "0.8"))
        with pytest.raises(StorageError, match="was changed or damaged"):
            load_sweep(copy)

    def test_manifests_and_reports_changed_under_a_checksum_that_fits(self, copy: Path, tmp_path: Path) -> None:
        """Whatever stands in them, there is a typed error or the sweep loads; nothing else happens."""
        rng, refused = random.Random(5), 0
        for number in range(80):
            where = "." if number % 2 else "points/0002"
            name = "manifest.json" if number % 2 else "report.json"
            path = copy / where / name
            before = path.read_bytes()
            shutil.copy(path, tmp_path / "manifest.json")
            rewrite_manifest(tmp_path, lambda document: spoil_document(document, rng))
            shutil.copy(tmp_path / "manifest.json", path)
            try:
                _ = load_sweep(copy).results
            except QtrajError as error:
                refused += 1
                text = str(error)
            else:
                text = "loaded"
            assert len(text) < 2000
            path.write_bytes(before)
        assert refused > 15


def spoil_document(document: dict[str, Any], rng: random.Random) -> None:
    """Change, remove or replace something somewhere."""
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
            place = place[key]
            continue
        if rng.random() < 0.3:
            del place[key]
        else:
            place[key] = rng.choice([None, True, -1, 1e300, "x", [], {}, [[1]], {"a": 1}, 2**70])
        return


def test_an_axis_is_named_by_its_key() -> None:
    assert SweepAxis(parts=("parameters",), values=(1,)).name == "parameters"
    assert SweepAxis(parts=("environment", "beta"), values=(1,)).name == "environment.beta"


def test_a_point_is_an_ordinary_run(original: Path) -> None:
    assert RunFolder.open(original / "points/0001").manifest.paths == PATHS
