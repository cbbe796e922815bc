"""Evil model files, each written by hand, and a canary: a file that appears where anything in them runs."""

import base64
import importlib
import io
import json
import marshal
import resource
import stat
import tracemalloc
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vision.errors import BadInput
from keras_vision.models import MODELS
from keras_vision.runs import archive as archive_module
from keras_vision.runs import load_model, read_card, safety, save_model
from tests.models.small import small_model

INPUT = {"batch_shape": [None, 2], "dtype": "float32", "name": "pixels"}


@pytest.fixture
def canary(tmp_path):
    """A path that must not exist when a test is over, unless the test removes it."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists()


def layer(class_name, config=None, module="keras.layers", registered_name=None):
    return {"module": module, "class_name": class_name, "config": config or {}, "registered_name": registered_name}


def sequential(*layers):
    config = {"name": "model", "trainable": True, "layers": [layer("InputLayer", INPUT), *layers]}
    return layer("Sequential", config, module="keras")


def no_weights():
    content = io.BytesIO()
    h5py.File(content, "w").close()
    return content.getvalue()


def archive(path, config, **more):
    """Writes an uncompressed archive as Keras does, and returns its path."""
    members = {"metadata.json": "{}", "config.json": json.dumps(config), "model.weights.h5": no_weights()} | more
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def code(canary):
    """A lambda that creates the canary, as Keras writes one: marshalled, in base 64."""
    function = compile(f"lambda x: (open({str(canary)!r}, 'w').close(), x)[1]", "evil", "eval").co_consts[0]
    value = base64.b64encode(marshal.dumps(function)).decode()
    return {"class_name": "__lambda__", "config": {"code": value, "value": value, "defaults": None, "closure": None}}


def lambda_layer(canary):
    return layer("Lambda", {"name": "evil", "function": code(canary), "arguments": {}})


def saved_model_layer(canary):
    class Evil(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 2))])
        def serve(self, x):
            tf.io.write_file(str(canary), "")
            return x

    folder = str(canary.with_name("evil"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own deprecated calls
        tf.saved_model.save(Evil(), folder)
    return layer("TFSMLayer", {"name": "evil", "filepath": folder, "call_endpoint": "serve"})


LIVE = {"Lambda": lambda_layer, "TFSMLayer": saved_model_layer}


@pytest.mark.parametrize("name", LIVE)
def test_the_canary_appears_where_nothing_checks_the_file(name, tmp_path, canary):
    path = archive(tmp_path / "evil.keras", sequential(LIVE[name](canary)))
    np.asarray(keras.saving.load_model(path, safe_mode=False)(np.zeros((1, 2), "float32")))
    canary.unlink()  # fails where the file was a dud


@pytest.mark.parametrize(
    ("name", "reason"), [("Lambda", "holds Python code"), ("TFSMLayer", "runs a TensorFlow program")]
)
def test_layers_that_run_code_are_refused_with_the_reason(name, reason, tmp_path, canary):
    path = archive(tmp_path / "evil.keras", sequential(LIVE[name](canary)))
    with pytest.raises(BadInput, match=rf"its 'keras\.layers\.{name}' named 'evil' {reason}.*Nothing in it was run"):
        load_model(path)


def nested(one):
    return sequential(layer("TimeDistributed", {"name": "outer", "layer": sequential(one)}))


@pytest.mark.parametrize(
    "wrap",
    [
        nested,
        lambda one: sequential(layer("Dense", {"name": "dense", "units": 2, "activation": one})),
        lambda one: sequential(layer("Dense", {"name": "dense", "units": 2, "kernel_initializer": one})),
        lambda one: sequential(layer("Dense", {"name": "dense", "units": 2, "kernel_regularizer": [{"a": one}]})),
        lambda one: sequential() | {"build_config": {"input_shape": one}},
    ],
    ids=["inner model", "activation", "initializer", "deep in a list", "beside the config"],
)
def test_code_is_found_wherever_it_hides(wrap, tmp_path, canary):
    with pytest.raises(BadInput, match="holds Python code"):
        load_model(archive(tmp_path / "evil.keras", wrap(code(canary))))


@pytest.mark.parametrize(
    "evil",
    [
        layer("TorchModuleWrapper", {"module": "cGlja2xl"}),
        layer("StringLookup", {"vocabulary": "/etc/passwd"}),
        layer("system", module="os"),
        layer("get_file", module="keras.utils"),
        layer("function", "eval", module="builtins", registered_name="function"),
        layer("function", "get_file", module="keras.utils", registered_name="function"),
        layer("Dense", module="keras.layers", registered_name="elsewhere>Dense"),
        layer("Dense", module="keras.layers", registered_name="keras_vision>gelu"),
        layer("Dense", module="keras_hub.layers"),
        # Keras imports a class of its own from any module, and looks for the registered name first.
        layer("Lambda", module="keras.src.layers.core.lambda_layer", registered_name="keras_vision>Lambda"),
        layer("TFSMLayer", module="keras.src.export.tfsm_layer", registered_name="keras_vision>TFSMLayer"),
        layer("BatchNormalization", module="os", registered_name="keras_vision>BatchNormalization"),
        layer("BatchNormalization", module="keras_vision.models.layers"),
        layer("set_statistics", module="keras_vision.models.layers", registered_name="keras_vision>set_statistics"),
        layer("function", "keras_vision>set_statistics", module="builtins", registered_name="function"),
        layer("function", "keras_vision>gelu", module="os", registered_name="function"),
        {"class_name": "Dense", "config": {}},  # without its module Keras would read it by its older, laxer rules
        {"class_name": ["Dense"], "config": {}, "module": ["keras.layers"]},
    ],
    ids=lambda evil: f"{evil.get('module')}.{evil['class_name']}",
)
def test_what_is_not_on_the_list_is_refused(evil, tmp_path):
    with pytest.raises(BadInput, match=r"holds a pickle|holds Python|runs a Tensor|is not known to be harmless"):
        load_model(archive(tmp_path / "evil.keras", sequential(evil)))


def test_a_class_of_another_module_is_refused_before_that_is_imported(tmp_path, canary, monkeypatch):
    (tmp_path / "evil_module.py").write_text(f"open({str(canary)!r}, 'w')\nclass Layer: pass")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput, match=r"its 'evil_module\.Layer' is not known"):
        load_model(archive(tmp_path / "evil.keras", sequential(layer("Layer", module="evil_module"))))


@pytest.mark.parametrize("config", [layer("Dense", {"units": 2}), ["Dense"], "relu", 3])
def test_what_is_no_model_is_refused(config, tmp_path):
    with pytest.raises(BadInput, match="not a functional or sequential model"):
        load_model(archive(tmp_path / "evil.keras", config))


@pytest.mark.parametrize("config", ["[" * 100_000, "9" * 5_000, '{"a": ', b"\xff\xfe"])
def test_a_description_that_cannot_be_parsed_is_called_damaged(config, tmp_path):
    path = archive(tmp_path / "evil.keras", {}, **{"config.json": config})
    with pytest.raises(BadInput, match="is damaged or cannot be read"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../canary", "leads out of the archive"),
        ("/canary", "leads out of the archive"),
        ("assets\\..\\..\\canary", "leads out of the archive"),
        ("assets/evil.py", "is not part of a model"),
        ("model.weights.npz", "is not part of a model"),
    ],
)
def test_members_that_no_model_has_are_refused(name, reason, tmp_path, canary):
    path = archive(tmp_path / "evil.keras", sequential(), **{name: b"chirp"})
    for reader in (load_model, read_card):
        with pytest.raises(BadInput, match=f"the file .* in it {reason}"):
            reader(path)


def member(name, **attributes):
    info = zipfile.ZipInfo(name)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (member("keras_vision.json", external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link"),
        (member("keras_vision.json", compress_type=zipfile.ZIP_BZIP2), "in a way that does not limit its size"),
        (member("config.json"), "is there twice"),
    ],
)
def test_odd_members_are_refused(info, reason, tmp_path):
    path = archive(tmp_path / "evil.keras", sequential())
    with zipfile.ZipFile(path, "a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the second config.json
        file.writestr(info, "{}")
    with pytest.raises(BadInput, match=reason):
        read_card(path)


def test_an_encrypted_member_is_refused(tmp_path):
    path = archive(tmp_path / "evil.keras", sequential())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flags of the first member in the directory
    path.write_bytes(content)
    with pytest.raises(BadInput, match="is encrypted"):
        read_card(path)


def test_a_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(sequential()))
        file.writestr("model.weights.h5", bytes(64 * 2**20))
    assert path.stat().st_size < 2**17
    tracemalloc.start()
    with pytest.raises(BadInput, match="would unpack to more than 100 times its size"):
        load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_member_above_its_cap_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setitem(archive_module.MEMBERS, name, 10)
    with pytest.raises(BadInput, match=f"{name}' in it would unpack to .* MiB"):
        load_model(archive(tmp_path / "large.keras", sequential()))


def test_weights_that_declare_more_than_the_memory_are_refused(tmp_path):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("layers/dense/vars/0", (2**34,), "f4", chunks=(2**20,), compression="gzip")
    path = archive(tmp_path / "bomb.keras", sequential(), **{"model.weights.h5": content.getvalue()})
    assert path.stat().st_size < 2**17
    with pytest.raises(BadInput, match=r"its weights would take 64\.0 GiB of memory"):
        load_model(path)


def test_weights_that_declare_far_more_than_their_file_holds_are_refused(tmp_path):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset("layers/dense/vars/0", (2**28,), "f4", chunks=(2**20,))
    path = archive(tmp_path / "bomb.keras", sequential(), **{"model.weights.h5": content.getvalue()})
    with pytest.raises(BadInput, match=r"its weights would take 1\.0 GiB of memory"):
        load_model(path)


def chain(*layers):
    return sequential(*(one | {"config": one["config"] | {"name": f"layer{i}"}} for i, one in enumerate(layers)))


BOMBS = {
    "kernels": chain(*(layer("Dense", {"units": 8000}) for _ in range(21))),  # 5 GB
    # Gives its statistics another shape as soon as it has them.
    "statistics": chain(layer("RepeatVector", {"n": 250_000_000}), layer("Normalization", {"axis": [1, 2]})),  # 4 GB
    "states": chain(layer("Reshape", {"target_shape": [1, 2]}), layer("LSTM", {"units": 18_000})),  # 5 GB
}


@pytest.mark.parametrize("name", BOMBS)
def test_more_weights_than_the_file_holds_are_refused_before_they_take_memory(name, tmp_path):
    path = archive(tmp_path / "bomb.keras", BOMBS[name])
    assert path.stat().st_size < 2**14
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput, match=r"it describes [4-6](,\d{3}){3} bytes of weights but holds 0"):
        load_model(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


def test_a_layer_that_would_fill_the_memory_with_one_image_is_refused(tmp_path):
    path = archive(tmp_path / "bomb.keras", chain(layer("RepeatVector", {"n": 2**26})))
    with pytest.raises(BadInput, match=r"layer 'layer0' of .* needs 512 MiB for one image\. At most 256 MiB"):
        load_model(path)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (chain(layer("Dense", {"units": 2, "of_a_later_version": 1})), "of_a_later_version"),
        (chain(layer("Dense", {"units": 2}) | {"build_config": {"input_shape": []}}), "index out of range"),
        (chain(layer("Reshape", {"target_shape": [5]})), "size of the tensor must be unchanged"),
    ],
)
def test_what_keras_cannot_load_is_named_with_the_cause(config, reason, tmp_path):
    with pytest.raises(BadInput, match=f"Keras cannot load the model .*{reason}"):
        load_model(archive(tmp_path / "odd.keras", config))


def test_a_cause_does_not_steer_the_terminal():
    assert archive_module.reason_of(IndexError()) == "IndexError"
    assert archive_module.reason_of(ValueError("a name with \x1b[2J/ in it\nand more")) == "a name with ?[2J/ in it"


def test_a_model_that_was_refused_for_its_size_leaves_nothing_to_be_allocated(tmp_path):
    with pytest.raises(BadInput, match="bytes of weights"):
        load_model(archive(tmp_path / "bomb.keras", BOMBS["kernels"]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with keras.StatelessScope():
        pass  # gives their values to all variables that have none
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_loading_leaves_the_precision_and_other_models_as_they_are(tmp_path):
    model = small_model("cnn")
    save_model(model, tmp_path / "model.keras", {})
    before = [variable.numpy() for variable in model.variables]
    keras.config.set_dtype_policy("mixed_bfloat16")
    load_model(tmp_path / "model.keras")
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("names", ["3", "[1]", '["\\u001b[2J"]', '["\\ud800"]'])
def test_class_names_that_are_no_text_are_called_damaged(names, tmp_path):
    card = f'{{"class_names": {names}}}'
    with pytest.raises(BadInput, match=r"class_names in keras_vision\.json is not a list of texts"):
        read_card(archive(tmp_path / "evil.keras", sequential(), **{"keras_vision.json": card}))


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ([], "is not an object"),
        ("digits", "is not an object"),
        ({"dataset": ["digits"]}, "dataset in .* is not a text"),
        ({"data_source": "digits"}, "data_source in .* is not an object"),
        ({"pixel_scale": {"16-bit": 0}}, "pixel_scale in .* is not made of numbers"),
        ({"pixel_scale": [4095]}, "pixel_scale in .* is not made of numbers"),
        ({"data_source": None}, "data_source in .* is not an object"),
        ({"data_source": {}}, "spec in its data_source is not a text"),
        ({"data_source": {"spec": 3}}, "spec in its data_source is not a text"),
        ({"data_source": {"spec": "npz:\x1b[2J"}}, "spec in its data_source is not a text"),
        ({"data_source": {"spec": "mnist", "data_dir": 3}}, "data_dir in its data_source is not a text"),
        ({"data_source": {"spec": "mnist", "seed": "0"}}, "seed in its data_source is not a random seed"),
        ({"data_source": {"spec": "mnist", "seed": -1}}, "seed in its data_source is not a random seed"),
        ({"data_source": {"spec": "mnist", "seed": True}}, "seed in its data_source is not a random seed"),
    ],
)
def test_a_card_with_anything_else_than_expected_is_called_damaged(card, reason, tmp_path):
    path = archive(tmp_path / "evil.keras", sequential(), **{"keras_vision.json": json.dumps(card)})
    with pytest.raises(BadInput, match=f"is damaged .*{reason}"):
        read_card(path)


def test_the_card_that_a_training_writes_is_let_through(tmp_path):
    source = {"spec": "folder:/a b", "data_dir": None, "image_size": None, "on_bad_image": "error", "seed": 0}
    card = {"dataset": "folder:/a b", "class_names": ["a", "b"], "data_source": source, "settings": {}}
    path = archive(tmp_path / "own.keras", sequential(), **{"keras_vision.json": json.dumps(card)})
    assert read_card(path) == card


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", MODELS)
def test_every_family_is_let_through(name, policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    model = small_model(name)
    save_model(model, tmp_path / "model.keras", {"class_names": ["a"]})
    assert load_model(tmp_path).count_params() == model.count_params()


def test_a_model_with_weights_in_bfloat16_is_let_through(tmp_path):
    keras.config.set_dtype_policy("bfloat16")
    model = small_model("cnn")
    save_model(model, tmp_path / "model.keras", {})
    assert load_model(tmp_path).count_params() == model.count_params()


def test_plain_keras_models_are_let_through(tmp_path):
    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 4)), layers.Conv2D(4, 3, padding="same", activation="relu")])
    inputs = keras.Input((8, 8, 3))
    x = layers.RandomFlip("horizontal", seed=1)(layers.Rescaling(1 / 255)(inputs))
    x = layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(2))(x)
    x = inner(x) + x
    x = layers.Bidirectional(layers.LSTM(3))(layers.Reshape((8, 32))(layers.LeakyReLU()(x)))
    model = keras.Model(inputs, layers.Dense(2, kernel_initializer=keras.initializers.Orthogonal(seed=1))(x))
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").count_params() == model.count_params()


@pytest.mark.parametrize("module", ["keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints"])
def test_the_list_spells_classes_as_keras_writes_them(module):
    from keras.src.api_export import get_name_from_symbol

    for name in safety.CLASSES[module].split():
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, type)
        assert get_name_from_symbol(found) == f"{module}.{name}"
