"""Adam whose decay goes through the gradient, as reports that name Adam and a decay usually mean it."""

import keras


class CoupledAdam(keras.optimizers.Adam):
    """Adam (Kingma & Ba 2015) of a loss with the squares of the weights in it, as in PyTorch's `Adam`.

    To the gradient of each weight it adds `weight_decay` times the weight. AdamW and Keras' own Adam shrink the weight
    itself, which for the same number is a far weaker decay (Loshchilov & Hutter 2019).

    Example:

    >>> optimizer, weights = CoupledAdam(0.1, weight_decay=0.5), [keras.Variable(np.ones(2))]
    >>> optimizer.build(weights)
    >>> optimizer.apply([keras.ops.zeros(2)], weights)  # a full step, though the loss itself asks for none
    >>> weights[0].numpy().round(3).tolist()
    [0.9, 0.9]
    """

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(self.with_decay(gradient, variable), variable, learning_rate)

    def with_decay(self, gradient, variable):
        """Returns the gradient of a variable with what its decay adds."""
        if not (self.weight_decay and self._use_weight_decay(variable)):
            return gradient
        decay = keras.ops.cast(self.weight_decay, variable.dtype)
        return keras.ops.cast(gradient, variable.dtype) + decay * variable

    def _apply_weight_decay(self, variables):
        """Leaves the weights as they are: the decay is in their gradients."""
