"""The house's arrows: which room may import which. A new import that runs the wrong way fails here, by name."""

import ast
import graphlib
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from keras_vision import COMMANDS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "keras_vision"
ROOMS = (
    "system",
    "reporting",
    "results",
    "runs",
    "models",
    "data",
    "training",
    "search",
    "analysis",
    "formats",
    "studies",
    "commands",
    "cli",
    "zoo",
)

# room -> the rooms it may import from, beside its own; what lies beside the rooms are the front doors, and `errors`
COMMON = {"system", "reporting", "runs"}
ALLOWED = {
    "system": set(),
    "reporting": {"system"},
    "runs": {"system", "models"},
    "models": {"system"},
    "data": COMMON,
    "analysis": {*COMMON, "models"},
    "training": {*COMMON, "data", "models"},
    "formats": {*COMMON, "models"},
    "search": {*COMMON, "training", "analysis", "data", "models", "formats"},
    "commands": {*COMMON, "data", "models", "training", "search", "analysis", "formats"},
    "studies": {*COMMON, "data", "models", "training", "search", "analysis", "commands", "cli"},
    "results": COMMON,
    "cli": {*COMMON, "results"},
    "zoo": COMMON,
}
FRONT_DOORS = tuple(COMMANDS)
# where tensorflow and keras_tuner may be imported
TENSORFLOW = (
    "system/conv_gradient.py",
    "data/",
    "training/memory.py",
    "training/precision.py",
    "training/fast_",
    "training/devices.py",
    "training/timing.py",
    "training/choosing.py",
    "formats/",
    "analysis/gradients.py",
)
KERAS_TUNER = ("search/",)


def imports(path):
    """All modules that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        yield from named(node)


def named(node):
    """What a node of the syntax tree imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


HEAVY = {
    "yaml",
    "shtab",
    "psutil",
    "filelock",
    "rich",
    "jinja2",
    "numpy",
    "pandas",
    "tensorflow",
    "tensorflow_datasets",
    "keras",
    "keras_tuner",
    "matplotlib",
    "sklearn",
    "scipy",
    "PIL",
    "ray",
}
FILES = sorted(PACKAGE.rglob("*.py"))
IN_ROOMS = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in ROOMS]


@pytest.mark.parametrize("path", IN_ROOMS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_arrows_run_one_way(path):
    room = path.relative_to(PACKAGE).parts[0]
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "keras_vision" and len(parts) > 1:
            may_all = parts[1] in ("errors", "__version__") or (room == "studies" and parts[1] in FRONT_DOORS)
            assert may_all or parts[1] in {room, *ALLOWED[room]}, module


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_is_allowed_that_nobody_needs(room):
    found = (module.split(".") for path in (PACKAGE / room).rglob("*.py") for module in imports(path))
    taken = {parts[1] for parts in found if parts[0] == "keras_vision" and len(parts) > 1}
    assert ALLOWED[room] - COMMON <= taken


def test_beside_the_rooms_lie_the_front_doors_alone():
    beside = {path.stem for path in PACKAGE.glob("*.py")}
    assert beside == {"__init__", "__main__", "errors", *FRONT_DOORS}
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize(("library", "places"), [("tensorflow", TENSORFLOW), ("keras_tuner", KERAS_TUNER)])
def test_heavy_libraries_stay_in_their_places(library, places):
    elsewhere = [
        str(path.relative_to(PACKAGE))
        for path in FILES
        if any(module.split(".")[0] == library for module in imports(path))
        and not str(path.relative_to(PACKAGE)).startswith(places)
    ]
    assert not elsewhere


# What is imported inside functions: heavy libraries that not everybody who comes by needs, each in one place; what must
# wait until Keras is there; and what need not be installed.
LATE = {
    "analysis/gradients.py": {"tensorflow", "jax", "torch"},  # of each backend, its own
    "cli/completion.py": {"shtab"},
    "cli/config_file.py": {"yaml"},
    "data/arrays/reading.py": {"sklearn.datasets"},
    "data/files/file_types.py": {"pillow_heif"},
    "data/arrays/npz.py": {"scipy.io"},
    "data/source.py": {"keras_vision.data.loading"},
    "data/opening.py": {"keras_vision.data.prepared"},
    "commands/doctor.py": {"keras_vision.commands.doctor_cluster"},
    "commands/report.py": {"keras_vision.commands.page"},
    "reporting/progress.py": {  # `terminal`, which draws with rich, and what is in every notebook
        "keras_vision.reporting",
        "keras_vision.reporting.notebook",
    },
    "results/answers.py": {"keras_vision.results.html"},
    "results/pictures.py": {"keras_vision.results.html"},
    "results/result.py": {"keras_vision.results.html", "pandas"},
    "runs/locks.py": {"filelock"},
    "runs/opening.py": {"keras_vision.runs.models"},
    "runs/provenance.py": {"importlib"},
    "search/report.py": {"sklearn"},
    "system/keras_import.py": {"keras", "keras_vision.system.conv_gradient"},
    "system/machine.py": {"psutil"},
    "system/ray_import.py": {"ray"},
    "training/validation_scores.py": {"scipy.special"},
}


def imported_late(path):
    """The modules that a file imports inside functions."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom):
                    yield node.module
                elif isinstance(node, ast.Import):
                    yield from named(node)


def test_imports_stand_at_the_top_of_files_but_for_a_few():
    found = {str(path.relative_to(PACKAGE)): set(imported_late(path)) for path in FILES}
    assert {name: late for name, late in found.items() if late} == LATE


def carried_out_in(path):
    """The modules that a front door gives to `carry_out`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "carry_out":
            yield ast.literal_eval(node.args[0])


def test_front_doors_that_need_keras_are_carried_out_in_the_rooms_behind_them():
    found = {name: list(carried_out_in(PACKAGE / f"{name}.py")) for name in FRONT_DOORS}
    behind = {name: f"commands.{name}" for name in FRONT_DOORS} | {"study": "studies.asked"}
    assert found == {name: [] if name in ("report", "doctor") else [behind[name]] for name in FRONT_DOORS}
    for place in {*behind.values()} - {"commands.report", "commands.doctor"}:
        path = PACKAGE / f"{place.replace('.', '/')}.py"
        assert "def carry_out(" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("package", ["keras_vision", "keras_vision.data", "keras_vision.runs"])
def test_public_names_that_are_loaded_late_are_there_and_are_the_packages_own(package):
    package = importlib.import_module(package)
    assert set(package._PUBLIC) <= set(package.__all__)
    for name, module in package._PUBLIC.items():
        assert module.startswith(f"{package.__name__}.")
        assert getattr(package, name) is getattr(importlib.import_module(module), name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        package.nothing  # noqa: B018


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_files(paths):
    """module -> those of the other files that it imports, at its top or inside functions."""
    modules = {module_of(path): path for path in paths}
    return {module: modules.keys() & set(imports(path)) - {module} for module, path in modules.items()}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_has_a_circle_of_imports(room):
    graphlib.TopologicalSorter(imported_files((PACKAGE / room).rglob("*.py"))).prepare()  # raises CycleError


def test_a_circle_of_imports_would_be_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("import b")
    (tmp_path / "b.py").write_text("def late():\n    from a import name")
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(imported_files(tmp_path.glob("*.py"))).prepare()


@pytest.mark.parametrize("path", sorted((ROOT / "tuner_configs").glob("*.py")), ids=lambda p: p.name)
def test_search_spaces_import_nothing(path):
    assert not list(imports(path))


@pytest.mark.slow
def test_only_the_search_reads_search_spaces():
    readers = {
        path.relative_to(PACKAGE).parts[0]
        for path in FILES
        if any(module.split(".")[0] == "tuner_configs" for module in (*imports(path), *imported_by_name(path)))
    }
    assert readers == {"search"}


# What is imported by a name that is made when it is needed: files of the same room; what a front door is carried out in
# and public names, which tests above read.
BY_NAME = {
    "__main__.py": {"keras_vision.{arguments[0]}", "keras_vision.{name}"},
    "analysis/explanation.py": {"keras_vision.analysis.{name}"},
    "cli/front_door.py": {"keras_vision.{place}"},
    "data/opening.py": {"keras_vision.data.{row.file}"},
    "formats/__init__.py": {"{__name__}.{name}"},
    "models/__init__.py": {"keras_vision.models.{name}"},
    "search/executors/elsewhere.py": {"sent['place']"},  # of a search, or of a study
    "search/space.py": {"tuner_configs.common"},
    "search/strategies/__init__.py": {"{__name__}.{check_name('strategy', name, STRATEGIES)}"},
    "studies/__init__.py": {"keras_vision.studies.{name}"},
    "system/lazy.py": {"places[name]"},
    "training/trackers.py": {"name"},  # a package that need not be installed
}


def imported_by_name(path):
    """All names that a file gives to `import_module`, as it writes them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield ast.unparse(node.args[0]).removeprefix("f").strip("'\"")


def test_modules_are_imported_by_name_in_few_places():
    found = {str(path.relative_to(PACKAGE)): set(imported_by_name(path)) for path in FILES}
    assert {name: modules for name, modules in found.items() if modules} == BY_NAME
    assert sum(map(len, (*BY_NAME.values(), *LATE.values()))) <= 40


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_package_imports_neither_tools_nor_tests(path):
    assert not [module for module in imports(path) if module.split(".")[0] in ("tools", "tests")]


# what is compared with the package may stand on whatever it likes
TOOLS = [path for path in sorted((ROOT / "tools").glob("*.py")) if not path.name.startswith("peers_")]


@pytest.mark.parametrize("path", TOOLS, ids=lambda p: p.name)
def test_tools_stand_on_the_package_alone(path):
    assert not [
        module
        for module in imports(path)
        if module.split(".")[0] in ("tools", "tests", "tuner_configs", "tensorflow", "keras_tuner")
    ]


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_help_imports_nothing_heavy_and_needs_no_docstrings(name):
    code = (
        "import runpy, sys\n"
        "sys.argv[1:] = ['--help']\n"
        f"try: runpy.run_module('keras_vision.{name}', run_name='__main__')\n"
        "except SystemExit as end: code = end.code\n"
        f"sys.exit(', '.join({HEAVY} & set(sys.modules)) or code)"
    )
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--json" in done.stdout
