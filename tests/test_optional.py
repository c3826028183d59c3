"""A package that is not there is named, with the line that installs it; and every extra that is named exists."""

from __future__ import annotations

import pickle
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qtraj
from qtraj.errors import MissingPackage, QtrajError
from qtraj.interop import mcsolve, qthermo, qutip
from qtraj.optional import import_optional

ROOT = Path(__file__).resolve().parent.parent
PROCESS = qtraj.build_model("davies-qutrit")
COUNTED = qtraj.sample(PROCESS, paths=10, seed=1)
FOLLOWED = qtraj.sample(PROCESS, paths=10, seed=1, keep_records=True)

CALLS: dict[str, list[Callable[[], Any]]] = {
    "pandas": [
        COUNTED.to_pandas,
        qtraj.exact_law(PROCESS).to_pandas,
        qtraj.exact_law(PROCESS).distribution("sigma").to_pandas,
        FOLLOWED.records.to_pandas,  # type: ignore[union-attr]
        qtraj.verify(PROCESS, ensemble=COUNTED, followed_paths=0).to_pandas,
    ],
    "xarray": [COUNTED.to_xarray],
    "qutip": [lambda: qutip.collapse_operators(PROCESS), lambda: mcsolve.starting_mixture(PROCESS, 10)],
    "qthermo": [lambda: qthermo.baths_to_qthermo(PROCESS)],
}


@pytest.mark.parametrize("package", CALLS)
def test_a_package_that_is_not_there(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # what Python takes for a package that cannot be found
    for call in CALLS[package]:
        with pytest.raises(MissingPackage, match=re.escape(f"`pip install 'qtraj[{package}]'`")) as caught:
            call()
        assert isinstance(caught.value, QtrajError)
        assert isinstance(caught.value, ImportError)


def test_a_package_that_lacks_something_itself_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_there.py").write_text("import no_such_requirement\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_requirement") as caught:
        import_optional("half_there", "this test")
    assert not isinstance(caught.value, MissingPackage)


def test_every_extra_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(CALLS) <= set(project["optional-dependencies"])


def test_the_refusal_travels() -> None:
    error = MissingPackage("a data frame", "pandas", "pandas")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
