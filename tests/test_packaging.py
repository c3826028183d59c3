"""What is shipped: a wheel with the whole package and nothing else, a source distribution that can be tested, and a
citation that other programs can read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import qtraj

ROOT = Path(__file__).resolve().parent.parent


def run(*words: object, **how: object) -> str:
    """What a program prints; it has to end well."""
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload]
    assert result.returncode == 0, f"{words}\n{result.stdout}\n{result.stderr}"
    return str(result.stdout)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, made with what is installed: no network."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, timeout=300)
    return folder


def test_the_wheel_is_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = {name for name in names if name.startswith("qtraj/")}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "qtraj").rglob("*.py")}
    assert sources | {"qtraj/py.typed", "qtraj/plots/paper.mplstyle"} <= shipped
    assert not any(name.startswith(("tests/", "docs/", "examples/")) or "__pycache__" in name for name in names)
    assert wheel.name == f"qtraj-{qtraj.__version__}-py3-none-any.whl"
    metadata = f"qtraj-{qtraj.__version__}.dist-info/"
    assert {f"{metadata}METADATA", f"{metadata}entry_points.txt", f"{metadata}licenses/LICENSE"} <= names


def test_the_source_distribution_can_be_tested(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "tests/test_packaging.py"}
    assert wanted <= names
    assert "docs/design.md" in names
    assert {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.toml")} <= names


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_works_where_nothing_else_is(built: Path, kind: str, tmp_path: Path) -> None:
    """Installed with its dependencies from the package index into an environment of its own, far from the source."""
    (archive,) = built.glob(kind)
    run(sys.executable, "-m", "venv", tmp_path / "venv", timeout=300)
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", archive, timeout=1200)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "QTRAJ"))}
    where = {"cwd": tmp_path, "env": environment, "timeout": 600}
    assert run(programs / "qtraj", "--version", **where) == f"qtraj {qtraj.__version__}\n"
    assert run(programs / "python", "-m", "qtraj", "--version", **where) == f"qtraj {qtraj.__version__}\n"
    place = run(programs / "python", "-c", "import qtraj; print(qtraj.__file__)", **where)
    assert str(tmp_path) in place
    report = json.loads(run(programs / "qtraj", "verify", "two-qubit-exchange", "--json", **where))
    assert report["verdict"] == "pass"
    followed = json.loads(run(programs / "qtraj", "verify", "davies-qutrit", "--json", **where))
    assert followed["verdict"] == "pass"
    run(programs / "qtraj", "sample", "two-qubit-exchange", "--out", "run", "--quiet", **where)
    run(programs / "qtraj", "verify", "run", "--figure", "sigma.png", "--quiet", **where)
    assert (tmp_path / "sigma.png").stat().st_size > 10_000
    assert run(programs / "qtraj", "completion", "bash", **where).startswith("# Completion of qtraj")


def test_the_citation_is_one() -> None:
    """By the schema of the Citation File Format."""
    cffconvert = pytest.importorskip("cffconvert", reason="its old jsonschema would hold back that of the notebooks")
    cffconvert.Citation((ROOT / "CITATION.cff").read_text(encoding="utf-8")).validate()


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    assert f"## {qtraj.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {qtraj.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
