"""Recipes that others trained with: `peers_keras.py` carries them out, `bench_accuracy.py` compares them with ours."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PlainRecipe:
    """A network and how others trained it, with a constant learning rate.

    Attributes:
        model, settings: As in `build_model`.
        datasets: The data sets that it is meant for.
        optimizer: "adam" or "adamw".
        learning_rate: Constant.
        weight_decay: With adam a penalty in the gradient (as PyTorch's Adam has it), with adamw decoupled.
        batch_size, epochs: As usual.
        augmentation: Names of Keras' layers that the training images pass.
        source: Where it comes from.
    """

    model: str
    settings: dict
    datasets: tuple
    source: str
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    batch_size: int = 128
    epochs: int = 30
    augmentation: tuple = ()


RECIPES = {
    "report_resnet18": PlainRecipe(
        "resnet18", {}, ("cifar10",), "a study report's best ResNet18, 90.2% of the test images", weight_decay=5e-3
    ),
    "report_mlp_mixer": PlainRecipe(
        "mlp_mixer",
        {"hidden_dim": 512, "num_blocks": 8, "tokens_mlp_dim": 256, "channels_mlp_dim": 2048, "dropout_rate": 0.4},
        ("cifar10",),
        "a study report's best MLP-Mixer, 77.9% of the test images",
        weight_decay=5e-4,
    ),
    "report_mlp_mixer_grey": PlainRecipe(
        "mlp_mixer",
        {"hidden_dim": 16, "num_blocks": 8, "tokens_mlp_dim": 1024, "channels_mlp_dim": 512, "dropout_rate": 0.1},
        ("fashion_mnist",),
        "a study report's MLP-Mixer on Fashion-MNIST, 89.17% of the test images",
        learning_rate=1e-2,
        batch_size=256,
        epochs=60,
    ),
    "keras_io_convmixer": PlainRecipe(
        "convmixer",
        {},
        ("cifar10", "fashion_mnist"),
        "keras.io/examples/vision/convmixer, with this package's batch norm momentum, initialisation and standardising",
        optimizer="adamw",
        weight_decay=1e-4,
        epochs=10,
        augmentation=("RandomCrop", "RandomFlip"),
    ),
    "keras_io_mlp_mixer": PlainRecipe(
        "mlp_mixer",
        {"tokens_mlp_dim": 64, "channels_mlp_dim": 64, "dropout_rate": 0.2},
        ("cifar10", "fashion_mnist"),
        "keras.io/examples/vision/mlp_image_classification, at a rate of 1e-3, without its larger images, standardised",
        optimizer="adamw",
        weight_decay=1e-4,
        epochs=50,
        augmentation=("RandomFlip",),
    ),
}
