"""The script with which a shell completes words, in the shell itself."""

import shutil
import subprocess

import pytest

from keras_vision import COMMANDS
from keras_vision.__main__ import main


def test_a_shell_that_is_not_known_is_refused(capsys):
    assert main(["--print-completion", "zhs"]) == 2
    assert "--print-completion must be bash, zsh or tcsh, not 'zhs'. Did you mean 'zsh'?" in capsys.readouterr().err
    assert main(["--print-completion"]) == 2


def test_where_shtab_is_missing_its_installation_is_named(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["--print-completion", "bash"]) == 2
    assert "pip install 'shtab>=" in capsys.readouterr().err


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    pytest.importorskip("shtab")
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("builtins.print", printed.append)
        assert main(["--print-completion", "bash"]) == 0
    path = tmp_path_factory.mktemp("completion") / "keras-vision"
    path.write_text(printed[0], encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "wanted", "unwanted"),
    [
        ("keras-vision ''", set(COMMANDS), {"--target-acc"}),
        ("keras-vision tune --t", {"--target-acc"}, {"--top"}),
        ("keras-vision tune --model v", {"vgg"}, {"cnn"}),
        ("keras-vision train --no-", {"--no-dry-run"}, {"--dry-run"}),
        ("keras-vision train --preset ''", {"best", "quick"}, set()),
    ],
)
def test_bash_completes_commands_options_and_choices(script, words, wanted, unwanted):
    bash = shutil.which("bash") or pytest.skip("there is no bash")
    code = (
        f"source {script}; function=$(complete -p keras-vision | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
        f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); $function\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run([bash, "-c", code], capture_output=True, text=True, check=True)
    found = {word.strip() for word in done.stdout.splitlines()}
    assert wanted <= found and not unwanted & found
