"""QuTiP's own trajectories under qtraj's checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import qutip
from scipy.special import ndtri

import qtraj
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.interop.mcsolve import ensemble_from_mcsolve, entropy_production, starting_mixture
from qtraj.interop.qutip import jump_process_from_qutip
from qtraj.processes.jump_process import JumpProcess
from tests.interop.driven_qubit import BATHS, C_OPS, HAMILTONIAN, START, driven

OPTIONS = {"progress_bar": False, "keep_runs_results": True, "store_states": True}

# Two-sided: a statistical test here fails by chance once in 1e9 runs.
QUANTILE = float(-ndtri(0.5e-9))


def simulated(process: JumpProcess, paths: int, seed: int = 4) -> Any:
    mixture, numbers = starting_mixture(process, paths, seed=seed)
    solver = qutip.MCSolver(HAMILTONIAN, C_OPS, options=OPTIONS)
    return solver.run(mixture, [0.0, process.duration], ntraj=numbers, seeds=seed)


@pytest.fixture(scope="module")
def run() -> tuple[JumpProcess, Any]:
    process = driven()
    return process, simulated(process, 3000)


class TestTrajectories:
    def test_every_path_is_booked_by_hand(self, run: tuple[JumpProcess, Any]) -> None:
        process, result = run
        ensemble = ensemble_from_mcsolve(result, process, c_ops=C_OPS, seed=1)
        start = np.linalg.eigvalsh(START.full())[::-1]
        end = np.linalg.eigvalsh(process.final_state)[::-1]
        for path in range(0, len(ensemble), 97):
            which = list(result.col_which[path])
            flow = 0.8 * (which.count(2) - which.count(1))
            sigma = np.log(start[ensemble["alpha"][path]]) - np.log(end[ensemble["beta"][path]]) + flow
            assert ensemble["sigma"][path] == pytest.approx(sigma, abs=1e-9)
            assert ensemble["entropy_into_cold"][path] == pytest.approx(flow, abs=1e-12)
            assert ensemble.records is not None
            assert ensemble.records[path][0] == pytest.approx(result.col_times[path])
        assert np.allclose(ensemble["sigma_d"] + ensemble["xi"], ensemble["sigma"], atol=1e-12)

    def test_one_run_that_is_read_twice_is_one_run(self, run: tuple[JumpProcess, Any]) -> None:
        process, result = run
        first, again = (ensemble_from_mcsolve(result, process, c_ops=C_OPS, seed=seed) for seed in (0, 1))
        with pytest.raises(InvalidInput, match="must have different paths to be merged, but have the same ones"):
            first + again
        other = ensemble_from_mcsolve(simulated(process, 100, seed=5), process, c_ops=C_OPS)
        assert (first + other).paths == 3100
        with pytest.raises(InvalidInput, match="but have the same ones"):
            (first + other) + again

    def test_qutips_trajectories_pass_qtrajs_checks(self, run: tuple[JumpProcess, Any]) -> None:
        """About 13 statistical checks share the level 1e-9."""
        process, result = run
        ensemble = ensemble_from_mcsolve(result, process, c_ops=C_OPS, seed=1)
        report = qtraj.verify(process, ensemble=ensemble, level=1e-9)
        assert str(report.verdict) != "fail", report
        assert report.seed is None
        assert "seed" not in repr(ensemble)
        assert {"mean_sigma", "mean_sigma_d", "mean_xi", "final_marginal"} <= {check.name for check in report.checks}

    def test_a_wrong_order_of_the_operators_is_found_out(self, run: tuple[JumpProcess, Any]) -> None:
        """Negative control: emission booked as absorption."""
        process, result = run
        wrong = ensemble_from_mcsolve(result, process, c_ops=[C_OPS[0], C_OPS[2], C_OPS[1]], seed=1)
        assert str(qtraj.verify(process, ensemble=wrong, level=1e-9).verdict) == "fail"

    def test_the_wrong_final_basis_is_found_out(self, run: tuple[JumpProcess, Any]) -> None:
        """Negative control: the final measurement in the basis of another process."""
        _, result = run
        other = jump_process_from_qutip(-HAMILTONIAN, START, C_OPS, baths=BATHS, duration=3.0)
        wrong = ensemble_from_mcsolve(result, other, c_ops=C_OPS, seed=1)
        assert str(qtraj.verify(other, ensemble=wrong, level=1e-9).verdict) == "fail"

    def test_both_samplers_agree(self, run: tuple[JumpProcess, Any]) -> None:
        """Two independent samples; each comparison fails by chance once in 1e9."""
        process, result = run
        theirs = ensemble_from_mcsolve(result, process, c_ops=C_OPS, seed=1)
        ours = qtraj.sample(process, paths=20_000, seed=6)
        for name in ("sigma", "sigma_d", "xi", "entropy_into_cold"):
            error = np.hypot(theirs.standard_error(name), ours.standard_error(name))
            assert abs(theirs.mean(name) - ours.mean(name)) < QUANTILE * error
        jumps = theirs["jumps"].mean() - ours["jumps"].mean()
        assert abs(jumps) < QUANTILE * np.hypot(theirs["jumps"].std() / 3000**0.5, ours["jumps"].std() / 20_000**0.5)

    def test_the_order_of_the_operators_is_not_guessed(self) -> None:
        """Pairs are put side by side in the process, so that its order is another one than that of the run."""
        lower = qutip.Qobj([[0, 1], [0, 0]])
        c_ops = [lower, 0.8 * lower, 0.5 * lower.dag(), 0.6 * lower.dag()]
        process = jump_process_from_qutip(HAMILTONIAN, START, c_ops, baths=["a", "b", "a", "b"], duration=3.0)
        mixture, numbers = starting_mixture(process, 2000, seed=1)
        result = qutip.MCSolver(HAMILTONIAN, c_ops, options=OPTIONS).run(mixture, [0, 3.0], ntraj=numbers, seeds=2)
        exact = qtraj.averages(process).entropy_production
        right = ensemble_from_mcsolve(result, process, c_ops=c_ops, baths=["a", "b", "a", "b"])
        assert abs(right.mean("sigma") - exact) < QUANTILE * right.standard_error("sigma")
        with pytest.raises(TypeError, match="c_ops"):
            ensemble_from_mcsolve(result, process)  # type: ignore[call-arg]

    @pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "kraus"])
    def test_protocols(self, run: tuple[JumpProcess, Any], protocol: str) -> None:
        process, result = run
        how: dict[str, Any] = {"c_ops": C_OPS, "protocol": protocol}
        ensemble = ensemble_from_mcsolve(result, process, **how)
        assert ensemble.protocol == protocol
        own = qtraj.sample(process, paths=10, protocol=protocol)
        assert set(ensemble.quantities) == set(own.quantities)
        if protocol == "kraus":
            with pytest.raises(NotRecorded):
                entropy_production(result, process, **how)
        else:
            assert np.array_equal(entropy_production(result, process, **how), ensemble["sigma"])

    def test_a_start_in_energy_eigenstates(self) -> None:
        """The energy two-point protocol starts in energy eigenstates, and so must the run."""
        diagonal = qutip.qdiags([0.0, 1.0], 0)
        process = jump_process_from_qutip(diagonal, qutip.qdiags([0.7, 0.3], 0), C_OPS[1:], duration=1.0)
        mixture, numbers = starting_mixture(process, 50, seed=1)
        solver = qutip.MCSolver(diagonal, C_OPS[1:], options=OPTIONS)
        result = solver.run(mixture, [0.0, 1.0], ntraj=numbers, seeds=1)
        ensemble = ensemble_from_mcsolve(result, process, c_ops=C_OPS[1:], protocol="tpm")
        assert np.array_equal(ensemble["n"], ensemble["alpha"])
        assert np.allclose(ensemble["xi"], 0.0)

    def test_pure_starts_and_shifted_times(self) -> None:
        process = jump_process_from_qutip(HAMILTONIAN, qutip.basis(2, 0), C_OPS, baths=BATHS, duration=1.0)
        result = qutip.mcsolve(HAMILTONIAN, qutip.basis(2, 0), [5.0, 6.0], C_OPS, ntraj=20, seeds=1, options=OPTIONS)
        ensemble = ensemble_from_mcsolve(result, process, c_ops=C_OPS)
        assert not ensemble["alpha"].any()
        assert ensemble.records is not None
        assert ensemble.records.col_times.max() <= 1.0

    @pytest.mark.parametrize(
        ("options", "how", "complaint"),
        [
            ({"keep_runs_results": False}, {}, "must hold its trajectories"),
            ({"store_states": False}, {}, "must hold the states"),
            ({"improved_sampling": True}, {}, "equal weight"),
            ({}, {"c_ops": C_OPS[:1]}, "must be those of the run"),
        ],
    )
    def test_runs_that_do_not_fit(self, options: dict[str, Any], how: dict[str, Any], complaint: str) -> None:
        ket = qutip.Qobj(np.linalg.eigh(START.full())[1][:, [1]])
        result = qutip.mcsolve(HAMILTONIAN, ket, [0.0, 3.0], C_OPS, ntraj=20, seeds=1, options=OPTIONS | options)
        with pytest.raises(InvalidInput, match=complaint):
            ensemble_from_mcsolve(result, driven(), **({"c_ops": C_OPS} | how))

    def test_what_is_no_run_of_this_process(self, run: tuple[JumpProcess, Any]) -> None:
        process, result = run
        with pytest.raises(InvalidInput, match="must last as long as the process"):
            ensemble_from_mcsolve(result, driven(2.0), c_ops=C_OPS)
        with pytest.raises(InvalidInput, match="must be what QuTiP's mcsolve returns"):
            ensemble_from_mcsolve(None, process, c_ops=C_OPS)
        elsewhere = jump_process_from_qutip(HAMILTONIAN, qutip.basis(2, 0), C_OPS, baths=BATHS, duration=3.0)
        with pytest.raises(InvalidInput, match="must start in an eigenstate"):
            ensemble_from_mcsolve(result, elsewhere, c_ops=C_OPS)
