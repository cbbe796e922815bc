import dataclasses
import io
import json
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest
import tensorflow as tf

import keras_vision
from keras_vision.__main__ import main as keras_vision_main
from keras_vision.cli import command as cli
from keras_vision.cli.front_door import front_door
from keras_vision.cli.reading import parse_settings
from keras_vision.errors import BadInput, KerasVisionError
from keras_vision.report import main as report_main
from keras_vision.reporting.progress import installed
from keras_vision.system.settings import SHARE, Settings, setting, whole
from keras_vision.train import main as train_main
from keras_vision.tune import main as tune_main


@dataclasses.dataclass(frozen=True)
class FrontSettings(Settings):
    model: str = setting("vgg", "what to do")
    epochs: int = setting(None, "a number", "N", whole(1))
    target_acc: float = setting(None, "a share", "SHARE", SHARE)
    settings: dict = setting({}, "a setting", "KEY=VALUE", option="set", is_repeated=True)


@front_door(FrontSettings)
def front(asked, progress):
    """Do nothing, and say so."""
    model, epochs, target_acc, settings = asked.model, asked.epochs, asked.target_acc, asked.settings
    if model == "interrupt":
        raise KeyboardInterrupt
    if model == "terminate":
        signal.raise_signal(signal.SIGTERM)
    if model == "close":
        signal.raise_signal(signal.SIGHUP)
    if model == "fail":
        raise KerasVisionError("it broke")
    if model == "full":
        raise OSError(28, "No space left on device", "checkpoint")
    if model == "lack":
        raise ImportError("libx.so: failed to map segment")
    if model == "exhaust":
        raise MemoryError
    if model == "overflow":
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    if target_acc == 0.99:
        return {"exit_code": 3}
    progress.say("working")
    return {"epochs": epochs, "settings": settings}


def run(*words, **options):
    return cli.main(front, "front", arguments=words, **options)


class Forgotten:
    """Something to be collected."""


@pytest.fixture
def hears_interrupts():
    """Takes SIGINT as Python does by default, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_interrupts")
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_in_a_callback_of_the_garbage_collector_is_not_lost(signum, code):
    @front_door(FrontSettings)
    def collecting(asked, progress):
        """Let go of something just when the signal comes, and go on."""
        one = Forgotten()
        callback = weakref.ref(one, lambda _: signal.raise_signal(signum))
        del one
        assert callback() is None
        for _ in range(100):
            time.sleep(0.1)
        return {}

    began = time.monotonic()
    assert cli.main(collecting, "front", arguments=[]) == code
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("words", "code"),
    [([], 0), (["--model", "fail"], 1), (["--model", "full"], 1),
     (["--model", "lack"], 1), (["--model", "exhaust"], 1), (["--model", "overflow"], 1),
     (["--epochs", "many"], 2), (["--epoch", "3"], 2),
     (["--target-acc", "0.99"], 3), (["--model", "interrupt"], 130), (["--model", "terminate"], 143),
     (["--model", "close"], 129)],
)  # fmt: skip
def test_exit_codes(words, code):
    assert run(*words) == code


def test_a_full_disk_is_told_with_the_place_and_what_to_do(capsys):
    run("--model", "full")
    assert capsys.readouterr().err.endswith("'checkpoint'. Free some space there, and give the same command again.\n")


ENDLESS = """
import sys
from keras_vision.cli import command as cli
from keras_vision.cli.front_door import front_door
from keras_vision.system.settings import Settings

@front_door(Settings)
def say(asked, progress):
    \"\"\"Speak without end.\"\"\"
    while True:
        progress.say("word")

@front_door(Settings)
def answer(asked, progress):
    \"\"\"Answer without end.\"\"\"
    while True:
        yield "word"

def show(answers, form, out):
    for one in answers:
        print(one, file=out)

sys.exit(cli.main({}, "front", show=show, arguments=[]))
"""


@pytest.mark.parametrize("front", ["say", "answer"])
def test_output_that_nobody_reads_any_more_ends_the_command_without_a_word(front):
    command = [sys.executable, "-c", ENDLESS.format(front)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"word\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_output_that_cannot_be_written_is_said_once():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", ENDLESS.format("answer")]
        process = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert process.stderr == "keras_vision.front: [Errno 28] No space left on device\n"
    assert process.returncode == 1


def test_an_unknown_option_names_the_nearest(capsys):
    run("--traget-acc", "0.9")
    assert "There is no option '--traget-acc'. Did you mean '--target-acc'?" in capsys.readouterr().err


def test_an_unknown_option_is_known_by_its_initials_or_is_a_setting_of_the_network(capsys):
    run("--ta", "0.9")
    message = capsys.readouterr().err
    assert "Did you mean '--target-acc'? Settings of the network are given as --set NAME=VALUE." in message


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--epochs", "three", "epochs must be a whole number, not 'three'."),
        ("--epochs", "1.5", "epochs must be a whole number, not '1.5'."),
        ("--target-acc", "90%", "target_acc must be a number, not '90%'."),
    ],
)
def test_what_is_no_number_is_named(option, text, message, capsys):
    assert run(option, text) == 2
    assert capsys.readouterr().err == f"keras_vision.front: {message}\n"


@pytest.mark.parametrize(
    ("words", "message"), [(["--dataset", "minst"], "Did you mean 'mnist'"), (["--workdir", "f"], "is a file")]
)
@pytest.mark.parametrize("command", [train_main, tune_main])
def test_a_name_of_a_data_set_and_a_workdir_are_looked_at_before_keras(
    command, words, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("keras_vision.cli.front_door.import_keras", None)
    (tmp_path / "f").touch()
    assert command(words) == 2
    assert message in capsys.readouterr().err


def test_a_word_too_many_is_not_called_an_option(capsys):
    run("--epochs", "3", "more")
    assert "'more' belongs to no option" in capsys.readouterr().err


def test_an_option_that_has_to_be_given_has_no_default_in_the_help(capsys):
    with pytest.raises(SystemExit):
        report_main(["--help"])
    assert "the run directory of a search, or of a training options:" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("command", "words"),
    [("predict", "print each result as a JSON object on a line of its own"), ("tune", "print the")],
)
def test_the_help_says_what_json_is_for_this_command(command, words, capsys):
    with pytest.raises(SystemExit):
        keras_vision_main([command, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith(f"usage: python -m keras_vision.{command} ")
    assert f"--json {words}" in told


def test_json_alone_is_on_standard_output(capsys):
    run("--epochs", "3", "--json")
    captured = capsys.readouterr()
    assert json.loads(captured.out)["epochs"] == 3
    assert "working" in captured.err


def test_quiet_hides_progress_but_not_the_result(capsys):
    run("--quiet", show=lambda result, progress: progress.say("the result"))
    assert capsys.readouterr().out == "the result\n"


def test_an_interrupted_command_prints_the_line_that_resumes(capsys):
    run("--model", "interrupt", resumable=True)
    assert f"To continue: {installed('python')} -m keras_vision.front --model interrupt" in capsys.readouterr().err


def test_settings_are_read_as_numbers_words_and_tuples():
    assert parse_settings(["filters=8,16", "head=gap", "batch_norm=false", "dropout_rate=0.1", "pooling=none"]) == {
        "filters": (8, 16),
        "head": "gap",
        "batch_norm": False,
        "dropout_rate": 0.1,
        "pooling": None,
    }


def test_one_number_and_a_comma_is_a_tuple():
    assert parse_settings(["blocks=2,"]) == {"blocks": (2,)}


@pytest.mark.parametrize("text", ["filters=[32,64]", "filters=(32,64)"])
def test_brackets_are_refused(text):
    with pytest.raises(BadInput, match="without brackets, such as filters=32,64, not"):
        parse_settings([text])


def test_a_setting_without_a_value_is_refused():
    with pytest.raises(BadInput, match="takes KEY=VALUE, such as filters=32,64, not 'filters'"):
        parse_settings(["filters"])


def test_the_one_command_lists_and_checks_the_others(capsys):
    assert keras_vision_main(["--help"]) == 0
    assert "tune" in capsys.readouterr().out
    assert keras_vision_main(["tuen"]) == 2
    assert "Did you mean 'tune'?" in capsys.readouterr().err
    assert keras_vision_main([]) == 2
    assert keras_vision_main(["describe", "--model", "vggg"]) == 2
    assert "Did you mean 'vgg'?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--version"], ["tune", "--version"], ["doctor", "--version"]])
def test_every_command_says_its_version(words, capsys):
    try:
        code = keras_vision_main(words)
    except SystemExit as end:
        code = end.code
    assert (code, capsys.readouterr().out) == (0, f"keras_vision {keras_vision.__version__}\n")


def test_a_closed_terminal_does_not_end_what_runs_under_nohup():
    code = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from keras_vision.cli import command as cli\n"
        "from keras_vision.cli.front_door import front_door\n"
        "from keras_vision.system.settings import Settings\n"
        "@front_door(Settings)\n"
        "def front(asked, progress):\n    'Goes on.'\n    signal.raise_signal(signal.SIGHUP)\n    return {}\n"
        "sys.exit(cli.main(front, 'front', arguments=[]))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_signals_did_before_they_do_afterwards_and_other_threads_leave_them_alone():
    before = signal.getsignal(signal.SIGTERM)
    run()
    assert signal.getsignal(signal.SIGTERM) is before
    codes = []
    thread = threading.Thread(target=lambda: codes.extend([run(), run("--model", "interrupt"), run("--model", "fail")]))
    thread.start()
    thread.join()
    assert codes == [0, 130, 1]


@pytest.mark.parametrize("stderr", [None, "closed"])
def test_an_error_keeps_its_exit_code_where_it_cannot_be_said(stderr, monkeypatch):
    if stderr == "closed":
        stderr = io.StringIO()
        stderr.close()
    monkeypatch.setattr(sys, "stderr", stderr)
    assert run("--model", "fail") == 1
    assert run("--epochs", "many") == 2
    assert run("--model", "interrupt") == 130


def test_a_name_that_no_system_takes_is_bad_input(capsys, tmp_path):
    assert tune_main(["--workdir", str(tmp_path / ("n" * 300)), "--dataset", "digits"]) == 2
    assert "File name too long" in capsys.readouterr().err
