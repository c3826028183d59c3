"""Figures of sweeps: what stands where, in which scale, and what is marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from qtraj.errors import InvalidInput
from qtraj.plots import save_figure, sweep
from qtraj.plots.style import EXACT, SAMPLED, figure_of
from tests.plots.canvas import texts_cut_off

Curve = dict[str, NDArray[Any]]


def curve(
    keys: dict[str, Any],
    mean: Any,
    *,
    exact: Any = None,
    verdict: Any = "pass",
    of_point: Any = None,
    error: float = 0.01,
) -> Curve:
    mean = np.asarray(mean, dtype=float)

    def words(given: Any) -> NDArray[Any]:
        return np.broadcast_to(np.asarray(given, dtype=object), mean.shape)

    return {name: np.asarray(values) for name, values in keys.items()} | {
        "mean": mean,
        "exact": mean + error / 2 if exact is None else np.asarray(exact, dtype=float),
        "standard_error": np.full(mean.size, error),
        "verdict": words(verdict),
        "point_verdict": words(verdict if of_point is None else of_point),
    }


def grid(x: Any, y: Any, mean: Any, **how: Any) -> Curve:
    """A grid whose second key changes fastest."""
    return curve({"x": np.repeat(x, len(y)), "y": np.tile(y, len(x))}, np.ravel(mean), **how)


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.artists[0].get_texts()]


def lines(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axes.get_lines()}


class TestCurves:
    def test_dots_are_sampled_and_the_dashed_line_is_exact(self) -> None:
        axes = sweep(curve({"angle": [0.3, 0.1, 0.2]}, [3.0, 1.0, 2.0], exact=[3.1, 1.1, 2.1]), ["angle"])
        drawn = lines(axes)
        np.testing.assert_array_equal(drawn["exact"].get_xydata(), [[0.1, 1.1], [0.2, 2.1], [0.3, 3.1]])
        np.testing.assert_array_equal(drawn["sampled"].get_xydata(), [[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]])
        assert (drawn["exact"].get_linestyle(), to_hex(drawn["exact"].get_color())) == ("--", EXACT.lower())
        assert to_hex(drawn["sampled"].get_color()) == SAMPLED.lower()

    def test_bars_are_one_standard_error(self) -> None:
        axes = sweep(curve({"angle": [0.1, 0.2]}, [1.0, 2.0], error=0.25), ["angle"])
        (bars,) = [one for one in axes.collections if len(one.get_paths()) == 2]
        heights = [path.vertices[:, 1].tolist() for path in bars.get_paths()]
        assert heights == [[0.75, 1.25], [1.75, 2.25]]

    @pytest.mark.parametrize("verdict", ["fail", "inconclusive"])
    def test_what_did_not_pass_is_marked(self, verdict: str) -> None:
        axes = sweep(curve({"angle": [0.1, 0.2, 0.3]}, [1, 2, 3], verdict=["pass", verdict, "pass"]), ["angle"])
        drawn = lines(axes)
        np.testing.assert_array_equal(drawn[verdict].get_xydata(), [[0.2, 2.0]])
        assert drawn["sampled"].get_xdata().tolist() == [0.1, 0.3]
        assert legend(axes) == ["sampled", "exact", verdict]

    @pytest.mark.parametrize("verdict", ["fail", "inconclusive"])
    def test_what_another_check_found_is_marked_around_the_dot(self, verdict: str) -> None:
        points = curve({"angle": [0.1, 0.2, 0.3]}, [1, 2, 3], of_point=["pass", verdict, "pass"])
        axes = sweep(points, ["angle"])
        drawn = lines(axes)
        assert drawn["sampled"].get_xdata().tolist() == [0.1, 0.2, 0.3], "its own number is not in doubt"
        np.testing.assert_array_equal(drawn[f"{verdict}: another check"].get_xydata(), [[0.2, 2.0]])
        assert drawn[f"{verdict}: another check"].get_markerfacecolor() == "none"
        assert legend(axes) == ["sampled", "exact", f"{verdict}: another check"]

    def test_a_point_is_marked_for_the_worse_of_two_reasons_and_never_twice_for_one(self) -> None:
        points = curve({"x": [1, 2]}, [1, 2], verdict=["inconclusive", "fail"], of_point=["fail", "fail"])
        drawn = lines(sweep(points, ["x"]))
        assert drawn["inconclusive"].get_xdata().tolist() == [1]
        assert drawn["fail"].get_xdata().tolist() == [2]
        assert drawn["fail: another check"].get_xdata().tolist() == [1]

    def test_few_values_are_ticked_themselves(self) -> None:
        def ticks(values: list[float]) -> list[str]:
            axis = sweep(curve({"x": values}, np.arange(len(values))), ["x"]).get_xaxis()
            return [label.get_text() for label in axis.get_ticklabels()]

        assert ticks([0.1, 0.3, 0.7]) == ["0.1", "0.3", "0.7"]
        assert ticks([2.0, 20.0, 200.0]) == ["2", "20", "200"]
        assert "0.101" not in ticks([0.1, 0.101, 0.7]), "no room for both"
        assert len(ticks(np.linspace(0, 1, 50).tolist())) < 10

    @pytest.mark.parametrize(
        ("values", "scale"),
        [([0.1, 1.0, 10.0], "log"), ([1, 2, 3], "linear"), ([0.0, 1.0, 10.0], "linear"), ([1.0, 2.0, 4.0], "linear")],
    )
    def test_equal_ratios_over_a_decade_are_logarithmic(self, values: list[float], scale: str) -> None:
        assert sweep(curve({"beta": values}, [1, 2, 3]), ["beta"]).get_xscale() == scale

    @pytest.mark.parametrize("values", [["local", "global"], [True, False]])
    def test_names_are_joined_by_no_line(self, values: list[Any]) -> None:
        axes = sweep(curve({"approach": values}, [1, 2]), ["approach"])
        assert [label.get_text() for label in axes.get_xticklabels()] == list(map(str, values))
        assert lines(axes)["exact"].get_linestyle() == "None"

    def test_zipped_keys_are_one_axis(self) -> None:
        axes = sweep(curve({"x": [1, 2], "y_$2": [3, 4], "z": [5, 6]}, [1, 2]), ["x", "y_$2", "z"], zipped=True)
        assert axes.get_xlabel() == r"x (with y_\$2, z)"

    @pytest.mark.parametrize(
        ("quantity", "label"),
        [
            ("heat_into_hot", r"mean heat into hot $\langle Q_{\mathrm{hot}}\rangle$ (energy)"),
            ("exp_minus_sigma_beyond_information", r"$\langle e^{-(c-\Delta i)}\rangle$"),
            ("exp_minus_sigma_d", r"$\langle e^{-\sigma_{\mathrm{d}}}\rangle$"),
            ("of my own", "mean of of my own"),
        ],
    )
    def test_labels(self, quantity: str, label: str) -> None:
        assert sweep(curve({"x": [1, 2]}, [1, 2]), ["x"], quantity=quantity).get_ylabel() == label


LONG = ("sigma_beyond_information", "clausius_sigma", "heat_into_a_name_that_is_long")
KEYS = ("angle", "reservoirs.environment.log_populations")


@pytest.mark.parametrize("quantity", ["sigma", "exp_minus_sigma_beyond_information", *LONG])
def test_no_text_leaves_the_page(quantity: str) -> None:
    some = ["fail", "inconclusive", *["pass"] * 7]
    for key in KEYS:
        values, marks = np.linspace(-1, 1, 9), {"verdict": some, "of_point": some[::-1]}
        axes = sweep(
            curve({key: values, "other": values}, values, **marks), [key, "other"], quantity=quantity, zipped=True
        )
        assert texts_cut_off(figure_of(axes)) == []
        places = {"x": np.repeat([-1.0, 0.0, 1.0], 3), "y": np.tile([1.0, 2.0, 3.0], 3)}
        for names in ((key, "other"), ("other", key)):
            points = curve(dict(zip(names, places.values(), strict=True)), 1e-7 * values, **marks)
            assert texts_cut_off(figure_of(sweep(points, names, quantity=quantity))) == []


def test_a_label_on_one_line_would_leave_it() -> None:
    """Negative control of the test above."""
    axes = sweep(curve({"angle": [1, 2]}, [1, 2]), ["angle"], quantity="clausius_sigma")
    axes.set_ylabel(axes.get_ylabel().replace("\n", " "))
    assert texts_cut_off(figure_of(axes)) == [axes.get_ylabel()]


class TestMaps:
    def test_every_cell_stands_where_its_values_say(self) -> None:
        x, y = [0.3, 0.1, 0.2], [1.0, 2.0]
        axes = sweep(grid(x, y, [[31, 32], [11, 12], [21, 22]], error=1e-3), ["x", "y"])
        (mesh,) = [one for one in axes.collections if one.get_array() is not None and one.get_array().size == 6]
        np.testing.assert_array_equal(mesh.get_array(), [[11, 21, 31], [12, 22, 32]])
        assert axes.get_xlim() == pytest.approx((0.05, 0.35))
        assert axes.get_ylim() == pytest.approx((0.5, 2.5))
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")

    def test_edges_are_half_way_also_on_a_logarithmic_scale(self) -> None:
        axes = sweep(grid([0.01, 0.1, 1.0], [1, 2], np.arange(6)), ["x", "y"])
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
        assert axes.get_xlim() == pytest.approx((10**-2.5, 10**0.5))

    def test_colours_part_at_zero_where_signs_differ(self) -> None:
        x, y = [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]
        for low, symmetric in ((-4.0, True), (1.0, False), (-1e-3, False)):
            axes = sweep(grid(x, y, np.linspace(low, 5, 9)), ["x", "y"])
            mesh = next(one for one in axes.collections if one.get_array() is not None and one.get_array().size == 9)
            assert (mesh.norm.vmin == -mesh.norm.vmax) is symmetric

    def test_exact_values_are_lines_where_there_are_enough(self) -> None:
        x, y = [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]
        drawn = sweep(grid(x, y, np.arange(9.0)), ["x", "y"])
        assert legend(drawn) == ["equal exact values"]
        assert not sweep(grid(x, y[:2], np.arange(6.0)), ["x", "y"]).artists  # too narrow
        assert not sweep(grid(x, y, np.arange(9.0), exact=np.ones(9)), ["x", "y"]).artists  # equal everywhere

    def test_what_did_not_pass_is_marked(self) -> None:
        verdict = np.array(["pass"] * 5 + ["fail"], dtype=object)
        axes = sweep(grid([1, 2, 3], [10, 20], np.arange(6.0), verdict=verdict), ["x", "y"])
        np.testing.assert_array_equal(lines(axes)["fail"].get_xydata(), [[3, 20]])
        axes = sweep(grid([1, 2, 3], [10, 20], np.arange(6.0), of_point=verdict), ["x", "y"])
        np.testing.assert_array_equal(lines(axes)["fail: another check"].get_xydata(), [[3, 20]])

    @pytest.mark.parametrize(
        ("values", "ends"),
        [
            ([0.2, 1.0], (0.0, 1.4)),
            ([-1.0, -0.2], (-1.4, 0.0)),
            ([0.0, 1.0], (-0.5, 1.5)),
            ([-1.0, 1.0], (-2.0, 2.0)),
            ([0.4], (0.2, 0.6)),
            ([0.0], (-0.5, 0.5)),
        ],
    )
    def test_cells_end_half_a_cell_away_and_not_past_zero(self, values: list[float], ends: tuple[float, float]) -> None:
        axes = sweep(grid(values, [1.0, 2.0], np.arange(2.0 * len(values))), ["x", "y"])
        assert axes.get_xlim() == pytest.approx(ends)
        assert axes.get_xticks().tolist() == values

    def test_single_values_and_names(self, tmp_path: Any) -> None:
        for x, y in (([1], [2]), (["a", "b"], [1.0, 2.0]), ([1, 2], [True, False])):
            axes = sweep(grid(x, y, np.arange(float(len(x) * len(y)))), ["x", "y"])
            save_figure(figure_of(axes), tmp_path / "map.png")

    def test_what_is_not_defined_is_left_empty(self, tmp_path: Any) -> None:
        mean = np.arange(9.0)
        mean[4] = np.nan
        axes = sweep(grid([1, 2, 3], [1, 2, 3], mean, exact=mean), ["x", "y"])
        save_figure(figure_of(axes), tmp_path / "map.png")


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must have one or two swept keys, but there are 3: x, y, z"):
        sweep(curve({"x": [1], "y": [2], "z": [3]}, [1]), ["x", "y", "z"])
    with pytest.raises(InvalidInput, match="must name the keys that were swept"):
        sweep(curve({}, [1]), [])
    with pytest.raises(InvalidInput, match="a point for each of 2 x 2 pairs of values, but has 3"):
        sweep(curve({"x": [1, 1, 2], "y": [1, 2, 1]}, [1, 2, 3]), ["x", "y"])


def test_axes_of_ones_own(tmp_path: Any) -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert sweep(curve({"x": [1, 2]}, [1, 2]), ["x"], ax=axes) is axes
