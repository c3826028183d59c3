"""The house keeps its shape: who may import whom, what `import qtraj` costs, and which names are public.

The floors are those of docs/design.md. Imports are read from the source with `ast`, so that an import inside
a function or under TYPE_CHECKING counts as much as one at the top of a file.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import qtraj

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qtraj"

# From the ground up. A room imports itself and the floors below; rooms on one floor never import each other.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"arrays", "blas", "errors", "markup"}),
    frozenset({"atomic", "memory", "optional"}),
    frozenset({"quantum"}),
    frozenset({"processes"}),
    frozenset({"density", "paths"}),
    frozenset({"theorems"}),
    frozenset({"models"}),
    frozenset({"experiment", "interop", "plots", "strategies"}),
    frozenset({"reproduce", "storage"}),
    frozenset({"report"}),
    frozenset({"cli"}),
)
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# The face and the `python -m` door belong to no floor: the first has only lazy imports, the second only calls `cli`.
FACE = PACKAGE / "__init__.py"
DOOR = PACKAGE / "__main__.py"

# What costs tens of milliseconds and up, and most programs that use qtraj as a library never need.
HEAVY = (
    *("matplotlib", "numba", "pyarrow", "pydantic", "rich", "hypothesis", "distributed"),
    *("qutip", "qthermo", "pandas", "xarray"),
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def imported_names(source: str, *, filename: str = "<source>") -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import in `source`, `from a import b` as `a.b`, dynamic ones included."""
    for node in ast.walk(ast.parse(source, filename)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                prefix = "." * level + (module or "")
                yield from ((node.lineno, f"{prefix}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def objection(room: str, imported: str) -> str | None:
    """Why the module `room` of the package must not import the dotted name `imported`, or None."""
    if imported.startswith("."):
        return "is relative; write `from qtraj.x import y`"
    package, *rest = imported.split(".")
    if package != "qtraj" or rest == ["__version__"]:
        return None
    if not rest or rest[0] not in FLOOR_OF:
        return "goes through the public face or to a room without a floor; import from the module that defines it"
    if rest[0] == room:
        return None
    if FLOOR_OF[rest[0]] > FLOOR_OF[room]:
        return f"goes up: `{rest[0]}` is above `{room}`"
    if FLOOR_OF[rest[0]] == FLOOR_OF[room]:
        return f"goes sideways: `{rest[0]}` and `{room}` share a floor and must not know each other"
    return None


def objections(room: str, source: str, *, filename: str = "<source>") -> list[str]:
    found = []
    for line, imported in imported_names(source, filename=filename):
        reason = objection(room, imported)
        if reason is not None:
            found.append(f"{filename}:{line}: import of `{imported}` {reason}")
    return found


def test_every_room_has_a_floor() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in sources()} - {"__init__", "__main__"}
    homeless = rooms - set(FLOOR_OF)
    assert not homeless, f"give each of these a floor in FLOORS and in docs/design.md: {sorted(homeless)}"


def test_no_import_goes_up_or_sideways() -> None:
    found = []
    for path in sources():
        if path in (FACE, DOOR):
            continue
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in FLOOR_OF:
            found += objections(room, path.read_text(encoding="utf-8"), filename=str(path.relative_to(ROOT)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("paths", "from qtraj.density.averages import averages"),
        ("density", "import qtraj.paths.law"),
        ("quantum", "from qtraj.processes.parties import System"),
        ("quantum", "from qtraj import processes"),
        ("paths", "from qtraj import sample"),
        ("paths", "from qtraj import *"),
        ("errors", "def late():\n    from qtraj.arrays import frozen"),
        ("processes", "from ..paths import law"),
        ("processes", "from . import parties"),
        ("models", "if TYPE_CHECKING:\n    from qtraj.experiment.files import load"),
        ("plots", "import qtraj.experiment"),
        ("theorems", "import importlib\nimportlib.import_module('qtraj.cli')"),
        ("theorems", "import qtraj"),
    ],
)
def test_forbidden_imports_are_found(room: str, source: str) -> None:
    """Negative control: a checker that finds nothing would pass the test above."""
    assert objections(room, source)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("theorems", "from qtraj.density.averages import averages\nfrom qtraj.paths.exact_law import exact_law"),
        ("paths", "from qtraj.paths.exact_law import exact_law\nfrom qtraj.arrays import frozen\nimport numpy as np"),
        ("cli", "from qtraj import __version__\nfrom qtraj.plots.histogram import histogram"),
        ("plots", "import matplotlib.pyplot as plt"),
    ],
)
def test_allowed_imports_pass(room: str, source: str) -> None:
    assert not objections(room, source)


def test_the_door_only_opens_the_command_line() -> None:
    ours = {name for _, name in imported_names(DOOR.read_text(encoding="utf-8")) if name.startswith("qtraj")}
    assert ours == {"qtraj.cli.main"}


def modules_after(program: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running `program`."""
    code = f"{program}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_import_qtraj_is_light() -> None:
    loaded = modules_after("import qtraj")
    assert not loaded & {*HEAVY, "numpy", "scipy", "joblib"}


def test_the_whole_public_face_is_light() -> None:
    """Using the library from Python needs neither the plotting, the experiment-file nor the command-line stack."""
    loaded = modules_after("from qtraj import *")
    assert "numpy" in loaded
    assert not loaded & set(HEAVY)


def test_the_light_import_checks_can_fail() -> None:
    assert "rich" in modules_after("import qtraj, rich")


def test_every_public_name_loads() -> None:
    for name in qtraj.__all__:
        assert getattr(qtraj, name) is not None
    assert dir(qtraj) == sorted(qtraj.__all__)


def test_public_names_are_documented_where_they_are_defined() -> None:
    for name, home in qtraj._HOME.items():
        value = getattr(qtraj, name)
        assert value.__module__ == home, f"{name} is defined in {value.__module__}, not in {home}"
        assert value.__doc__, f"{name} has no docstring"


def test_face_table_all_and_type_checking_imports_agree() -> None:
    """A name missing from one of the three lists would work at run time and be unknown to type checkers, or so."""
    typed = {}
    for node in ast.walk(ast.parse(FACE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("qtraj."):
            typed |= {alias.asname or alias.name: node.module for alias in node.names}
    assert typed == qtraj._HOME
    assert sorted(qtraj.__all__) == sorted([*qtraj._HOME, *qtraj._SUBMODULES, "__version__"])


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'smaple'"):
        _ = qtraj.smaple


def test_the_version_is_said_once_and_meant_everywhere() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["dynamic"] == ["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(qtraj.__version__)}$", citation, flags=re.MULTILINE)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {qtraj.__version__}" in changelog


# Imports whose package has another name, or comes along with another package.
PROVIDED_BY = {"pydantic_core": "pydantic", "mpl_toolkits": "matplotlib", "llvmlite": "numba"}


def third_party(paths: Iterable[Path]) -> set[str]:
    """Packages from elsewhere that the files import."""
    names = set()
    for path in paths:
        names |= {name.partition(".")[0] for _, name in imported_names(path.read_text(encoding="utf-8"))}
    ours = {"qtraj", "tests"} | {path.stem for path in (ROOT / "docs" / "_ext").glob("*.py")}
    return {PROVIDED_BY.get(name, name) for name in names - sys.stdlib_module_names - ours}


def declared(*extras: str) -> set[str]:
    """Packages that pyproject.toml requires for the core and the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {re.split(r"[<>=!~ \[]", requirement)[0] for requirement in wanted}


# What single functions import and say that it is missing where it is, and the extra that brings it.
OPTIONAL = {"distributed": "dask"}


def test_the_core_depends_on_what_it_imports_and_nothing_else() -> None:
    strategies = PACKAGE / "strategies"
    core = [path for path in sources() if strategies not in path.parents]
    assert third_party(core) - set(OPTIONAL) == declared()
    for package, extra in OPTIONAL.items():
        assert package in declared(extra)
    assert third_party(strategies.glob("*.py")) <= declared("strategies")


def test_the_test_extra_brings_what_the_tests_import() -> None:
    assert third_party((ROOT / "tests").rglob("*.py")) <= declared("test")


def test_type_information_is_shipped() -> None:
    assert (PACKAGE / "py.typed").is_file()
