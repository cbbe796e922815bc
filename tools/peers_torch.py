"""Families in PyTorch, as its users write them, to be timed by `bench.py` beside ours.

Each has the parameters that our builder of the same name makes with its default settings. Two details are PyTorch's:
a convolution of stride 2 pads both sides, where TensorFlow pads the far one; and `nn.LSTM` has a second bias, which
stays zero here and is not trained.
"""

import copy
import time

import torch
from torch import nn
from torch.nn import functional

BATCHES_TO_COMPARE = 4


class Pixels(nn.Module):
    """Standardises uint8 pixels (batch, channels, height, width)."""

    def __init__(self, mean, deviation):
        super().__init__()
        self.mean, self.deviation = mean, deviation

    def forward(self, x):
        return (x.float() - self.mean) / self.deviation


class ChannelsLast(nn.Module):
    """(batch, channels, height, width) -> (batch, height, width, channels): a view, where memory lies so."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1)


class Residual(nn.Sequential):
    """Its modules, and a skip around them."""

    def forward(self, x):
        return x + super().forward(x)


def conv_norm(inputs, outputs, kernel_size, stride=1):
    return [
        nn.Conv2d(inputs, outputs, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    ]


def gap():
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]


def mlp(shape, classes, *, mean, deviation, hidden_units=(512, 512)):
    height, width, channels = shape
    layers, units = [Pixels(mean, deviation), ChannelsLast(), nn.Flatten()], height * width * channels
    for wanted in hidden_units:
        layers += [nn.Linear(units, wanted), nn.ReLU()]
        units = wanted
    return nn.Sequential(*layers, nn.Linear(units, classes))


def cnn(shape, classes, *, mean, deviation, filters=(32, 64, 128)):
    height, width, channels = shape
    layers = [Pixels(mean, deviation)]
    for wanted in filters:
        layers += [*conv_norm(channels, wanted, 3), nn.ReLU(), nn.MaxPool2d(2)]
        height, width, channels = height // 2, width // 2, wanted
    return nn.Sequential(*layers, ChannelsLast(), nn.Flatten(), nn.Linear(height * width * channels, classes))


def vgg(shape, classes, *, mean, deviation, filters=(64, 128, 256), blocks=(1, 1, 2)):
    layers, channels = [Pixels(mean, deviation)], shape[-1]
    for wanted, convs in zip(filters, blocks, strict=True):
        for _ in range(convs):
            layers += [*conv_norm(channels, wanted, 3), nn.ReLU()]
            channels = wanted
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *gap(), nn.Linear(channels, classes))


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut around both."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.convs = nn.Sequential(*conv_norm(inputs, outputs, 3, stride), nn.ReLU(), *conv_norm(outputs, outputs, 3))
        self.shortcut = nn.Sequential(*conv_norm(inputs, outputs, 1, stride)) if stride > 1 else nn.Identity()

    def forward(self, x):
        return functional.relu(self.convs(x) + self.shortcut(x))


def resnet18(shape, classes, *, mean, deviation, width=64, blocks=(2, 2, 2, 2)):
    layers, channels = [Pixels(mean, deviation), *conv_norm(shape[-1], width, 3), nn.ReLU()], width
    for stage, count in enumerate(blocks):
        for block in range(count):
            layers.append(BasicBlock(channels, width * 2**stage, stride=2 if stage and not block else 1))
            channels = width * 2**stage
    return nn.Sequential(*layers, *gap(), nn.Linear(channels, classes))


class MixerBlock(nn.Module):
    """Mixes (batch, patches, channels) along the patches, then along the channels."""

    def __init__(self, patches, channels, tokens_mlp_dim, channels_mlp_dim):
        super().__init__()
        self.norm1, self.tokens = nn.LayerNorm(channels, eps=1e-6), mixing_mlp(patches, tokens_mlp_dim)
        self.norm2, self.channels = nn.LayerNorm(channels, eps=1e-6), mixing_mlp(channels, channels_mlp_dim)

    def forward(self, x):
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


def mixing_mlp(length, mlp_dim):
    return nn.Sequential(nn.Linear(length, mlp_dim), nn.GELU(), nn.Linear(mlp_dim, length))


class Mean(nn.Module):
    """(batch, patches, channels) -> (batch, channels)."""

    def forward(self, x):
        return x.mean(1)


def mlp_mixer(
    shape, classes, *, mean, deviation, patch_size=4, hidden_dim=256, num_blocks=4, tokens_mlp_dim=128,
    channels_mlp_dim=1024,
):  # fmt: skip
    height, width, channels = shape
    patches = (height // patch_size) * (width // patch_size)
    return nn.Sequential(
        Pixels(mean, deviation),
        nn.Conv2d(channels, hidden_dim, patch_size, patch_size),
        ChannelsLast(),
        nn.Flatten(1, 2),
        *(MixerBlock(patches, hidden_dim, tokens_mlp_dim, channels_mlp_dim) for _ in range(num_blocks)),
        nn.LayerNorm(hidden_dim, eps=1e-6),
        Mean(),
        nn.Linear(hidden_dim, classes),
    )


def convmixer(shape, classes, *, mean, deviation, patch_size=2, hidden_dim=256, depth=8, kernel_size=5):
    def gelu_norm():
        return [nn.GELU(), nn.BatchNorm2d(hidden_dim, eps=1e-3)]

    def block():
        depthwise = nn.Conv2d(hidden_dim, hidden_dim, kernel_size, groups=hidden_dim, padding="same")
        return [Residual(depthwise, *gelu_norm()), nn.Conv2d(hidden_dim, hidden_dim, 1), *gelu_norm()]

    return nn.Sequential(
        Pixels(mean, deviation),
        nn.Conv2d(shape[-1], hidden_dim, patch_size, patch_size),
        *gelu_norm(),
        *(layer for _ in range(depth) for layer in block()),
        *gap(),
        nn.Linear(hidden_dim, classes),
    )


class LastState(nn.Module):
    """An LSTM over (batch, steps, features) that returns its last output."""

    def __init__(self, features, units, layers):
        super().__init__()
        self.lstm = nn.LSTM(features, units, layers, batch_first=True)
        for name, parameter in self.lstm.named_parameters():
            if name.startswith("bias_hh"):
                parameter.requires_grad_(False).zero_()

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


def lstm(shape, classes, *, mean, deviation, units=128, layers=1):
    _, width, channels = shape
    return nn.Sequential(
        Pixels(mean, deviation),
        ChannelsLast(),
        nn.Flatten(2),
        LastState(width * channels, units, layers),
        nn.Linear(units, classes),
    )


FAMILIES = {builder.__name__: builder for builder in (mlp, cnn, vgg, resnet18, mlp_mixer, convmixer, lstm)}


def jobs(model, shape, batch, classes, learning_rate, precision, is_compiled):
    """Returns what `bench.py` asks of a peer: facts, and the jobs "training" and "inference".

    Args:
        model: A network of `FAMILIES`.
        shape: (height, width, channels) of its images.
        batch: Images per step.
        classes: Number of logits.
        learning_rate: Of AdamW, in its fused form.
        precision: "float32", or "bfloat16" for automatic mixed precision.
        is_compiled: Whether `torch.compile` compiles the network; for inference with its weights frozen in.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    height, width, channels = shape
    images = torch.randint(0, 256, (batch, channels, height, width), dtype=torch.uint8, device=device)
    labels = torch.randint(0, classes, (batch,), device=device)
    layouts = {"channels last": torch.channels_last, "contiguous": torch.contiguous_format}

    def jobs_in(layout, is_compiled):
        return _jobs(
            copy.deepcopy(model).to(device, memory_format=layout), images.to(memory_format=layout), labels,
            learning_rate, precision, is_compiled,
        )  # fmt: skip

    layout = min(layouts, key=lambda name: _seconds(jobs_in(layouts[name], is_compiled=False)["training"]))
    parameters = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return {"parameters": parameters, "layout": layout}, jobs_in(layouts[layout], is_compiled)


def _seconds(job):
    job(1)
    start = time.perf_counter()
    job(BATCHES_TO_COMPARE)
    return time.perf_counter() - start


def _jobs(model, images, labels, learning_rate, precision, is_compiled):
    trained, frozen = model, copy.deepcopy(model).eval()
    trainable = [parameter for parameter in trained.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, learning_rate, fused=True)
    if is_compiled:
        trained = torch.compile(trained)
        frozen = torch.compile(frozen, options={"freezing": True})

    def arithmetic():
        return torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bfloat16")

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            with arithmetic():
                loss = functional.cross_entropy(trained(images), labels)
            loss.backward()
            optimizer.step()
        return loss.item()  # waits for the device

    def infer(steps):
        with torch.no_grad(), arithmetic():
            for _ in range(steps):
                logits = frozen(images)
        return logits.float().sum().item()

    return {"training": train, "inference": infer}
