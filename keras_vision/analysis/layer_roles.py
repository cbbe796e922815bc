"""A model's graph as the rules of wiring see it: the part each layer plays, and where residual sums fork."""

from keras_vision.models.graph import activation_name, last_steps, row_for, steps_of

# Class of the layer, or of the nearest class above it -> the part it plays. What is not here is "other": non-linear.
ROLES = {
    **dict.fromkeys(("Dense", "EinsumDense", "BaseConv", "BaseDepthwiseConv", "BaseSeparableConv"), "kernel"),
    "BaseConvTranspose": "kernel",
    **dict.fromkeys(("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization"), "norm"),
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Relu", "Gelu"), "activation"),
    **dict.fromkeys(("Silu", "Tanh", "Sigmoid"), "activation"),
    "Add": "sum",
    **dict.fromkeys(("Dropout", "Flatten", "Reshape", "Permute", "Identity"), "view"),
    **dict.fromkeys(("ZeroPadding2D", "Cropping2D", "BasePooling", "BaseGlobalPooling"), "resize"),
}
LINEAR_RESIZES = {
    **dict.fromkeys(("ZeroPadding2D", "Cropping2D", "AveragePooling2D", "AveragePooling1D"), True),
    **dict.fromkeys(("GlobalAveragePooling2D", "GlobalAveragePooling1D"), True),
}


class Graph:
    """A model's steps, with what the rules ask of them. Steps are named by their position."""

    def __init__(self, model):
        self.steps = steps_of(model)
        self.outputs = last_steps(self.steps)
        self.roles = [self._role(step.layer) for step in self.steps]
        self.ancestors = []
        for step in self.steps:
            self.ancestors.append(set(step.sources).union(*(self.ancestors[source] for source in step.sources)))

    def _role(self, layer):
        role = row_for(layer, ROLES) or "other"
        return "view" if role == "activation" and self._is_linear_activation(layer) else role

    @staticmethod
    def _is_linear_activation(layer):
        return type(layer).__name__ == "Activation" and activation_name(layer) == "linear"

    def name(self, position):
        return self.steps[position].name

    def names(self, positions):
        return [self.name(position) for position in positions]

    def of_role(self, *roles):
        return [position for position, role in enumerate(self.roles) if role in roles]

    def activates(self, position):
        """Whether the step is an activation, or a kernel that ends in one."""
        fused = self.roles[position] == "kernel" and activation_name(self.steps[position].layer) != "linear"
        return fused or self.roles[position] == "activation"

    def is_linear(self, position):
        """Whether the step is affine in inference and has no kernel."""
        layer = self.steps[position].layer
        is_batch_norm = row_for(layer, {"BatchNormalization": True})
        return bool(self.roles[position] == "view" or is_batch_norm or row_for(layer, LINEAR_RESIZES))

    def has_kernel(self, position):
        """Whether the step has weights that are not a normalisation's, nor the slopes of an activation."""
        return self.roles[position] not in ("norm", "activation") and bool(
            getattr(self.steps[position].layer, "weights", ())
        )

    def is_depthwise(self, position):
        """Whether the step has a filter for each channel: with a 1x1 convolution a kernel of few weights."""
        return bool(row_for(self.steps[position].layer, {"BaseDepthwiseConv": True}))

    def activation_of(self, position):
        """Returns the name of the function that an activating step ends in."""
        layer = self.steps[position].layer
        return activation_name(layer) if hasattr(layer, "activation") else type(layer).__name__.lower()

    def before(self, position, skipped):
        """Returns the nearest step before one that `skipped` does not hold for, None where the way forks or ends."""
        while len(self.steps[position].sources) == 1:
            position = self.steps[position].sources[0]
            if not skipped(position):
                return position
        return None

    def skips_shape(self, position):
        """Whether a step only moves, drops, pads or pools."""
        return self.roles[position] in ("view", "resize")

    def residual_sums(self):
        """Returns the `Sum` of each sum of several tensors that have an origin in common."""
        sums = [Sum(self, position) for position in self.of_role("sum") if len(self.steps[position].sources) > 1]
        return [one for one in sums if one.fork is not None]


class Sum:
    """A residual sum: the step `fork` that its branches part at, and each branch's steps, the fork left out."""

    def __init__(self, graph, position):
        self.position = position
        self.sources = graph.steps[position].sources
        origins = [graph.ancestors[source] | {source} for source in self.sources]
        common = set.intersection(*origins)
        self.fork = max(common, default=None)
        behind = common if self.fork is None else graph.ancestors[self.fork] | {self.fork}
        self.branches = [sorted(origin - behind) for origin in origins]
        self.kernels = [[step for step in branch if graph.has_kernel(step)] for branch in self.branches]
        self.identities = [all(graph.roles[step] == "view" for step in branch) for branch in self.branches]

    @property
    def depth(self):
        """Number of layers with kernels in the longest branch."""
        return max(map(len, self.kernels))
