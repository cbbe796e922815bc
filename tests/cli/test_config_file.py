"""Settings from a file in place of options."""

import pytest

from keras_vision.cli.config_file import read_config
from keras_vision.cli.options import read_command
from keras_vision.errors import BadInput
from keras_vision.predict import predict
from keras_vision.system.settings import changed, make, options_of
from keras_vision.train import TrainSettings, train
from keras_vision.train import main as train_main
from keras_vision.tune import tune

TEXT = """
model: cnn
learning-rate: 1e-3  # a text to YAML
target_acc: 1
set: {filters: [4, 8], head: gap, residual: true}
data_dir: null
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="run.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def asked(door, *words):
    return read_command(door, f"python -m keras_vision.{door.__name__}", words)


def test_a_file_stands_for_options_and_options_win(written):
    config = written(TEXT)
    keywords, common = asked(train, "--config", config)
    assert keywords == {
        **{"model": "cnn", "learning_rate": 0.001, "target_acc": 1.0},
        "settings": {"filters": (4, 8), "head": "gap", "residual": True},
    }
    assert common == {"config": config}
    keywords, _ = asked(train, "--model", "vgg", f"--config={config}", "--set", "filters=2,", "--quiet")
    assert (keywords["model"], keywords["target_acc"]) == ("vgg", 1.0)
    assert keywords["settings"] == {"filters": (2,), "head": "gap", "residual": True}


@pytest.mark.parametrize(
    ("words", "is_on"), [([], True), (["--no-dry-run"], False), (["--no-dry-run", "--dry-run"], True)]
)
def test_what_a_file_switches_on_an_option_switches_off(written, words, is_on):
    assert asked(train, "--config", written("dry_run: true"), *words)[0] == {"dry_run": is_on}


def test_json_is_read_and_words_that_a_file_has_need_not_be_given(written):
    config = written('{"source": "w", "images": "cat.png", "top": 3}', "run.json")
    assert asked(predict, "--config", config)[0] == {"source": "w", "images": ["cat.png"], "top": 3}
    with pytest.raises(BadInput, match="required: source, images"):
        asked(predict, "--top", "3")


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_height_and_a_width_are_read_as_a_run_records_them(written, suffix):
    assert asked(train, "--config", written('{"image_size": [8, 12]}', f"run.{suffix}"))[0] == {"image_size": (8, 12)}


def test_a_run_of_images_that_are_no_squares_is_repeated_from_its_record(tmp_path, bare_runs, capsys):
    train(
        "mlp", dataset="digits", image_size=(8, 12), epochs=1, settings={"hidden_units": (2,)}, workdir=tmp_path / "w"
    )
    assert train_main(["--config", str(tmp_path / "w" / "config.json"), "--workdir", str(tmp_path / "w")]) == 0
    assert "The run in" in capsys.readouterr().out  # the same was asked for: nothing is trained again


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_size: [8, wide]", "image_size must be a whole number, not 'wide'"),
        ("epochs: [1, 2]", "epochs must be a whole number of at least 1, not (1, 2)"),
        ("modle: vgg", "There is no setting 'modle' of tune (see "),
        ("modle: vgg", "Did you mean 'model'?"),
        ("session: {a: 1}", "There is no setting 'session'"),
        ("target_acc: high", "target_acc must be a number, not 'high'."),
        ("epochs: 1.5", "epochs must be a whole number, not 1.5"),
        ("epochs: true", "epochs must be a whole number, not True"),
        ("model: [vgg]", "model must be text, not ['vgg']"),
        ("target_acc: 0.9\ntarget-acc: 0.8", "has the setting target-acc twice"),
        ("epochs: 3\nepochs: 4", "it has the setting epochs twice"),
        ("settings: {width: 3, width: 4}", "it has the setting width twice"),
        ("- model", "holds no settings"),
        ("", "holds no settings"),
        ("model: [", "cannot be understood"),
        ("model: !!python/object/apply:os.system [exit]", "cannot be understood"),
        ("a: &a [*a]", "There is no setting 'a'"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(written, text, message):
    with pytest.raises(BadInput) as error:
        make(tune.settings, **read_config(written(text), options_of(tune.settings), "tune"))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("run.toml", "", "must end in .yaml, .yml or .json"),
        ("run.json", "{", "cannot be understood"),
        ("run.json", '{"epochs": 3, "epochs": 4}', "it has the setting epochs twice"),
        ("run.json", "[" * 100_000, "cannot be understood"),
        ("run.json", '{"settings": {}, "versions": {}, "machine": {}}', "does not say with which settings"),
    ],
)
def test_what_is_no_such_file_is_refused(written, name, text, message, capsys):
    assert train_main(["--config", written(text, name)]) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys):
    assert train_main(["--config", "missing.yaml"]) == 2
    assert "missing.yaml cannot be read: No such file" in capsys.readouterr().err
    assert train_main(["--config"]) == 2
    assert "--config: expected one argument" in capsys.readouterr().err


def test_a_check_of_a_setting_holds_for_files_too(written, capsys):
    assert train_main(["--config", written("target_acc: 90")]) == 2
    assert "For 90% write 0.9." in capsys.readouterr().err


def test_what_differs_from_the_defaults_is_what_a_command_line_would_give():
    settings = make(TrainSettings, model="cnn", epochs=3, settings={"filters": (2,)}, builder=print)
    assert changed(settings) == {"model": "cnn", "epochs": 3, "settings": {"filters": (2,)}}
