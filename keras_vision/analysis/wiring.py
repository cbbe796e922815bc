"""Faults of wiring: what a network's graph says that its author will not have meant.

Each rule reads the graph alone; none runs the model. What counts as usual: kernel - norm - activation (He et al. 2016),
norm - activation - kernel (He et al. 2016, "Identity mappings"), kernel - activation - norm throughout (ConvMixer), and
a residual sum of one branch with weights and a shortcut that is the block's input, projected only where shapes differ.
"""

from collections import Counter
from dataclasses import dataclass

from keras_vision.analysis.layer_roles import Graph
from keras_vision.models.graph import dangling_layers

NEVER_NEGATIVE = ("relu", "relu6", "sigmoid", "softplus", "softmax", "exponential")


@dataclass(frozen=True)
class Suspicion:
    """One suspicion.

    Attributes:
        fault: Which rule it is of: a key of `FAULTS`.
        layers: Names of the layers it is about, in the order they run.
        explanation: What is wrong with them and why it matters.
    """

    fault: str
    layers: tuple
    explanation: str


def check_wiring(model):
    """Looks for faults of wiring in a functional model.

    Args:
        model: A functional or sequential `keras.Model`.

    Returns:
        A list of `Suspicion`, empty where nothing is suspicious.

    Raises:
        BadInput: The model's graph cannot be read.

    Example:

    >>> check_wiring(build_model("resnet18", (32, 32, 3), 10))
    []
    """
    graph = Graph(model)
    return [
        Suspicion(fault, tuple(names), explanation)
        for fault, rule in FAULTS.items()
        for names, explanation in rule(graph)
    ]


# Rules: graph -> (names of layers, explanation) for each fault found.


def _linear_pairs(graph):
    for second in graph.of_role("kernel"):
        first = graph.before(second, graph.is_linear)
        is_factor = first is not None and graph.is_depthwise(first) != graph.is_depthwise(second)
        if first is not None and graph.roles[first] == "kernel" and not graph.activates(first) and not is_factor:
            yield (
                graph.names([first, second]),
                "nothing non-linear lies between these two layers, so together they are one linear map",
            )


def _order(graph):
    before = {step: graph.before(step, graph.skips_shape) for step in graph.of_role("activation", "norm")}
    before = {step: previous for step, previous in before.items() if previous is not None}
    late, early = [], []  # normalisations after an activation; activations after a normalisation
    for step, previous in before.items():
        if graph.roles[step] == "norm" and graph.roles[previous] == "norm":
            yield graph.names([previous, step]), "a normalisation right after another undoes its scale and shift"
        elif graph.roles[step] == "activation" and graph.activates(previous):
            yield graph.names([previous, step]), "an activation right after another"
        elif graph.activates(previous):
            late.append((previous, step))
        elif graph.roles[previous] == "norm" and graph.roles[step] == "activation":
            early.append((previous, step))
    if late and early:
        odd, usual = (late, "normalises") if len(late) <= len(early) else (early, "activates")
        for pair in odd:
            yield graph.names(pair), f"the order is turned round here: elsewhere this network {usual} first"
    elif late:
        for activation, norm in late:
            if graph.roles[activation] == "activation" and not _follows_kernel(graph, activation):
                yield (
                    graph.names([activation, norm]),
                    "activated before it is normalised, so that the next kernel's input is not activated",
                )


def _follows_kernel(graph, activation):
    previous = graph.before(activation, graph.skips_shape)
    return previous is not None and graph.roles[previous] == "kernel"


def _shortcuts(graph):
    sums = graph.residual_sums()
    depths = Counter(one.depth for one in sums)
    usual, times = depths.most_common(1)[0] if depths else (0, 0)
    forks = {}
    for one in sums:
        if len(set(one.sources)) < len(one.sources):
            yield graph.names([one.fork, one.position]), "the sum adds a tensor to itself: its other branch is lost"
        elif not one.depth:
            yield (
                graph.names([one.fork, one.position]),
                "the shortcut skips nothing: no layer with a kernel lies beside it",
            )
        elif one.depth < usual and times > len(sums) / 2:
            yield (
                graph.names([one.fork, one.position]),
                f"the shortcut skips {one.depth} layers with kernels where most others skip {usual}: taken too late?",
            )
        for inner in forks.get(one.fork, ()):
            yield (
                graph.names([one.fork, inner, one.position]),
                "the shortcut starts where that of the earlier sum does, and skips that whole block too",
            )
        forks.setdefault(one.fork, []).append(one.position)
        yield from _identity_faults(graph, one)


def _identity_faults(graph, one):
    """A shortcut that is cut by a normalisation and an activation, or a branch that can only add."""
    for source, is_identity, kernels in zip(one.sources, one.identities, one.kernels, strict=True):
        end = graph.before(source, graph.skips_shape) if graph.skips_shape(source) else source
        if is_identity and end is not None and graph.activates(end):
            norm = graph.before(end, graph.skips_shape)
            origin = norm is not None and graph.roles[norm] == "norm" and graph.before(norm, graph.skips_shape)
            if origin and graph.roles[origin] == "sum":
                yield (
                    graph.names([origin, norm, end, one.position]),
                    "the shortcut starts behind this normalisation and activation: no clean path leads past the block",
                )
        elif kernels and any(one.identities) and graph.activates(end) and graph.activation_of(end) in NEVER_NEGATIVE:
            yield (
                graph.names([end, one.position]),
                f"the branch ends in {graph.activation_of(end)}, so it can only add to the shortcut, never subtract",
            )


def _projections(graph):
    for one in graph.residual_sums():
        same_shape = graph.steps[one.fork].output_shape == graph.steps[one.position].output_shape
        for branch, kernels in zip(one.branches, one.kernels, strict=True):
            projects = kernels and not any(graph.activates(step) for step in branch)
            if same_shape and projects and len(kernels) < one.depth:
                yield (
                    graph.names([*kernels, one.position]),
                    "the shortcut is projected although both shapes are equal: identity would do",
                )


def _branches(graph):
    for one in graph.residual_sums():
        for branch, kernels in zip(one.branches, one.kernels, strict=True):
            working = [step for step in branch if not graph.skips_shape(step)]
            if one.depth and working and not kernels:
                yield (
                    graph.names([*working, one.position]),
                    "this branch has no kernel, yet changes what it carries: a shortcut should leave it alone",
                )


def _dead_ends(graph):
    for taken, layer in dangling_layers(graph.steps):
        yield [taken, layer], "the second layer takes the first one's output and leads nowhere: its branch is lost"


def _logits(graph):
    for output in graph.outputs:
        last = graph.before(output, graph.skips_shape) if graph.skips_shape(output) else output
        if last is not None and graph.activates(last):
            yield (
                graph.names([last]),
                f"{graph.activation_of(last)} is applied to the logits, which the loss expects as they are",
            )


FAULTS = {
    "linear pair": _linear_pairs,
    "order": _order,
    "shortcut": _shortcuts,
    "projection": _projections,
    "branch without weights": _branches,
    "dead end": _dead_ends,
    "activated logits": _logits,
}
