"""Planted faults are found, and named; sound networks pass."""

import keras
import pytest
from keras import layers

from keras_vision.analysis.wiring import FAULTS, check_wiring
from keras_vision.models import MODELS, build_model, model_settings


def norm_act(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def conv(x, filters=8, **options):
    return layers.Conv2D(filters, 3, padding="same", use_bias=False, **options)(x)


def conv_norm_act(x, filters=8, **options):
    return norm_act(conv(x, filters, **options))


def pre_activation_block(x):
    """Norm - activation - conv, twice, and the clean shortcut (He et al. 2016, "Identity mappings", figure 1b)."""
    return layers.Add()([x, conv(norm_act(conv(norm_act(x))))])


def basic_block(x):
    """He et al. 2016, "Deep residual learning", figure 2."""
    y = layers.BatchNormalization()(conv(conv_norm_act(x)))
    return layers.ReLU()(layers.Add()([x, y]))


def classifier(body, stem=conv_norm_act, activation=None):
    """A network on 8x8 images: `stem`, `body`, and a head that is sound."""
    x = keras.Input((8, 8, 3))
    y = layers.GlobalAveragePooling2D()(body(stem(x)))
    return keras.Model(x, layers.Dense(5, activation=activation, name="logits")(y))


def faults_of(body, **options):
    return [finding.fault for finding in check_wiring(classifier(body, **options))]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28, 1)])
def test_the_families_pass(name, shape):
    assert check_wiring(build_model(name, shape, 10)) == []


VARIANTS = [
    ("cnn", {"residual": True}),
    ("cnn", {"residual": True, "convs_per_stage": 2, "pooling": None}),
    ("cnn", {"batch_norm": False, "hidden_units": (32,)}),
    ("vgg", {"batch_norm": False, "head": "flatten", "dropout_rate": 0.5}),
    ("vgg", {"blocks": (2, 2, 2), "dropout_rate": 0.2}),
    ("resnet18", {"residual": False}),
    ("resnet18", {"blocks": (1, 1, 1, 1), "activation": "gelu"}),
    ("mlp", {"hidden_units": (), "dropout_rate": 0.1}),
    ("mlp_mixer", {"dropout_rate": 0.1, "num_blocks": 1}),
    ("convmixer", {"depth": 1}),
    ("lstm", {"layers": 2, "bidirectional": True, "dropout_rate": 0.1}),
]


@pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=lambda value: str(value))
def test_their_variants_pass(name, settings):
    assert check_wiring(build_model(name, (32, 32, 3), 10, **settings)) == []


def pre_activation_network(x):
    return norm_act(pre_activation_block(pre_activation_block(x)))


def basic_network(x):
    return basic_block(basic_block(x))


def bottleneck_with_projection(x):
    y = conv_norm_act(x)
    y = layers.BatchNormalization()(layers.Conv2D(16, 1, strides=2, use_bias=False)(y))
    return layers.ReLU()(layers.Add()([y, layers.BatchNormalization()(conv(x, 16, strides=2))]))


def squeeze_and_excitation(x):
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Dense(8, activation="sigmoid")(layers.Dense(2, activation="relu")(gate))
    return layers.Multiply()([x, gate])


def inception(x):
    return layers.Concatenate()([conv_norm_act(x), conv_norm_act(layers.AveragePooling2D(3, 1, "same")(x))])


SOUND = (pre_activation_network, basic_network, bottleneck_with_projection, squeeze_and_excitation, inception)


@pytest.mark.parametrize("body", SOUND)
def test_sound_networks_of_other_kinds_pass(body):
    assert not faults_of(body, stem=conv if body is pre_activation_network else conv_norm_act)


def conv_after_the_last_activation(x):
    return conv(conv_norm_act(x), name="late")


def linear_stack(x):
    return layers.AveragePooling2D(2)(layers.BatchNormalization()(conv(conv(x, name="first"), name="second")))


def normalise_after_activation(x):
    """The wrong order of a pre-activation block: activate, normalise, convolve."""
    y = conv(layers.BatchNormalization(name="odd_norm")(layers.ReLU(name="odd_act")(x)))
    return norm_act(layers.Add()([x, y]))


def one_block_turned_round(x):
    x = conv_norm_act(conv_norm_act(x))
    return layers.BatchNormalization(name="odd_norm")(layers.ReLU(name="odd_act")(conv(x)))


def all_blocks_activate_first(x):
    for _ in range(2):
        y = conv(layers.BatchNormalization()(layers.ReLU()(x)))
        x = layers.Add()([x, y])
    return layers.ReLU()(x)


def activation_twice(x):
    return layers.Activation("tanh", name="again")(layers.ReLU(name="once")(conv(x)))


def norm_twice(x):
    return layers.ReLU()(layers.BatchNormalization(name="again")(layers.BatchNormalization(name="once")(conv(x))))


def sum_of_the_shortcut_with_itself(x):
    conv_norm_act(x)
    return layers.Add(name="sum")([x, x])


def shortcut_around_nothing(x):
    return layers.Add(name="sum")([x, layers.ReLU(name="alone")(x)])


def shortcut_from_the_stem(x):
    y = layers.Add(name="sum1")([x, conv(conv_norm_act(x))])
    return norm_act(layers.Add(name="sum2")([x, conv(conv_norm_act(norm_act(y)))]))


def shortcut_after_the_blocks_first_conv(x):
    x = basic_block(basic_block(x))
    inside = layers.ReLU(name="inside")(layers.BatchNormalization()(conv(x)))
    return layers.ReLU()(layers.Add(name="sum")([inside, layers.BatchNormalization()(conv(inside))]))


def shortcut_after_the_pre_activation(x):
    x = pre_activation_block(x)
    y = layers.ReLU(name="inside")(layers.BatchNormalization()(x))
    return norm_act(layers.Add(name="sum")([y, conv(norm_act(conv(y)))]))


def branch_that_ends_in_relu(x):
    return layers.Add(name="sum")([x, layers.ReLU(name="last")(layers.BatchNormalization()(conv(conv_norm_act(x))))])


def sum_replaced_by_the_shortcut(x):
    conv(x, name="lost")
    return conv_norm_act(x)


def projection_where_identity_would_do(x):
    y = layers.BatchNormalization()(conv(conv_norm_act(x)))
    shortcut = layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False, name="projection")(x))
    return layers.ReLU()(layers.Add(name="sum")([y, shortcut]))


def branch_without_weights(x):
    y = layers.BatchNormalization()(conv(conv_norm_act(x)))
    return layers.Add(name="sum")([y, layers.Activation("tanh", name="bare")(x)])


# what is planted -> the fault it is found as, and layers that the finding names
PLANTED = {
    conv_after_the_last_activation: ("linear pair", {"late", "logits"}),
    linear_stack: ("linear pair", {"first", "second"}),
    normalise_after_activation: ("order", {"odd_act", "odd_norm"}),
    one_block_turned_round: ("order", {"odd_act", "odd_norm"}),
    all_blocks_activate_first: ("order", set()),
    activation_twice: ("order", {"once", "again"}),
    norm_twice: ("order", {"once", "again"}),
    sum_of_the_shortcut_with_itself: ("shortcut", {"sum"}),
    shortcut_around_nothing: ("shortcut", {"sum"}),
    shortcut_from_the_stem: ("shortcut", {"sum1", "sum2"}),
    shortcut_after_the_blocks_first_conv: ("shortcut", {"inside", "sum"}),
    shortcut_after_the_pre_activation: ("shortcut", {"inside", "sum"}),
    branch_that_ends_in_relu: ("shortcut", {"last", "sum"}),
    sum_replaced_by_the_shortcut: ("dead end", {"lost"}),
    projection_where_identity_would_do: ("projection", {"projection", "sum"}),
    branch_without_weights: ("branch without weights", {"bare", "sum"}),
}


@pytest.mark.parametrize("body", PLANTED, ids=lambda body: body.__name__)
def test_a_planted_fault_is_found_and_its_layers_are_named(body):
    fault, names = PLANTED[body]
    named = [set(finding.layers) for finding in check_wiring(classifier(body)) if finding.fault == fault]
    assert any(names <= layers for layers in named), named


@pytest.mark.parametrize("activation", ["relu", "softmax"])
def test_an_activation_on_the_logits_is_found(activation):
    (finding,) = check_wiring(classifier(basic_network, activation=activation))
    assert finding.fault == "activated logits"
    assert finding.layers == ("logits",)
    assert finding.explanation.startswith(f"{activation} is applied to the logits")


def test_an_activation_layer_behind_the_logits_is_found():
    model = classifier(basic_network)
    model = keras.Model(model.input, layers.ReLU(name="clipped")(model.output))
    (finding,) = check_wiring(model)
    assert (finding.fault, finding.layers) == ("activated logits", ("clipped",))


def test_every_fault_is_planted_somewhere():
    assert {fault for fault, _ in PLANTED.values()} | {"activated logits"} == set(FAULTS)


LINEAR = [name for name in MODELS if "activation" in model_settings(name)]


@pytest.mark.parametrize("name", LINEAR)
def test_a_family_without_activations_is_found_to_be_linear(name):
    settings = {"pooling": None} if name == "cnn" else {}
    found = check_wiring(build_model(name, (32, 32, 3), 10, activation="linear", **settings))
    assert {finding.fault for finding in found} == {"linear pair"}


def test_a_sum_written_with_plus_is_checked_too():
    assert "shortcut" in faults_of(lambda x: layers.ReLU()(x) + x)


def test_a_fault_inside_an_inner_model_is_found_by_its_path():
    x = keras.Input((4,))
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="one"), layers.Dense(2, name="two")], name="inner"
    )
    (finding,) = check_wiring(keras.Model(x, inner(x)))
    assert finding.layers == ("inner/one", "inner/two")


def test_a_sum_with_a_constant_is_no_shortcut():
    """The gate of MobileNetV3 (Howard et al. 2019, section 5.2) among residual blocks."""

    def body(x):
        for _ in range(2):
            x = basic_block(x)
            x = layers.Multiply()([x, layers.ReLU(6.0)(x + 3.0) * (1 / 6)])
        return x

    assert [finding for finding in check_wiring(classifier(body)) if finding.fault == "shortcut"] == []
