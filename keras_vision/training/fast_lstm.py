"""An LSTM over a whole sequence, with a gradient of its own: few large products in the place of many small ones.

A Keras LSTM takes its steps in a loop of TensorFlow operations, each with products of its own forward and backward.
Here the inputs of all steps are multiplied at once, only the product with the last output remains in the sequence, and
the gradients of the weights are one product each over all steps and images. What lies between two products is compiled
into one pass over memory. (Appleyard et al. 2016, "Optimizing Performance of Recurrent Neural Networks on GPUs",
section 3, do the same on GPUs.)
"""

import itertools

import tensorflow as tf

from keras_vision.training.fast_ops import column_sums, computes_in_bfloat16, one_pass, threads

_MOST_PARTS = 2  # of a batch: more of them, on two threads, took 1.1 to 1.2 times as long


def lstm(x, kernel, recurrent_kernel, bias, *, whole_sequence):
    """Runs an LSTM over a sequence from states of zero, as a Keras LSTM with its usual activations does.

    Where oneDNN runs products in bfloat16, so do these; sums over gates and the cell's state stay in float32.

    Args:
        x: float32 (batch, steps, features), of known steps and features.
        kernel: float32 (features, 4 units): input, forget, cell and output gates.
        recurrent_kernel: float32 (units, 4 units).
        bias: float32 (4 units,).
        whole_sequence: Whether to return the output after every step, or after the last.

    Returns:
        float32 (batch, steps, units) or (batch, units).
    """
    run = _lstm(tf.bfloat16 if computes_in_bfloat16() else tf.float32)
    weights = [tf.convert_to_tensor(one) for one in (kernel, recurrent_kernel, bias)]  # it takes no variables
    outputs = tf.concat([run(part, *weights) for part in _parts(x)], axis=1)
    return tf.cast(tf.transpose(outputs, (1, 0, 2)) if whole_sequence else outputs[-1], x.dtype)


def _parts(x):
    """Returns a batch in two parts where there are threads for them: steps are too small to be shared out among them.

    Each part has operations of its own for each step, so that many parts would take long to trace.
    """
    parts = min(threads(), _MOST_PARTS)
    ends = [part * tf.shape(x)[0] // parts for part in range(parts + 1)]
    return [x[begin:end] for begin, end in itertools.pairwise(ends)]


def _lstm(dtype):
    """Returns the LSTM with products of a dtype; what it returns is of that dtype, (steps, batch, units)."""

    @tf.custom_gradient
    def run(x, kernel, recurrent_kernel, bias):
        steps, features = x.shape[1:]
        batch, units = tf.shape(x)[0], recurrent_kernel.shape[0]
        rows = tf.reshape(tf.cast(tf.transpose(x, (1, 0, 2)), dtype), (-1, features))
        narrow, recurrent = tf.cast(kernel, dtype), tf.cast(recurrent_kernel, dtype)
        sums = tf.unstack(tf.reshape(tf.matmul(rows, narrow), (steps, batch, 4 * units)))
        output, state = tf.zeros((batch, units), dtype), tf.zeros((batch, units))
        outputs, states, gates = [output], [state], []
        for sum_of_step in sums:
            output, state, open_gates = _step(sum_of_step, tf.matmul(output, recurrent), bias, state)
            outputs.append(output), states.append(state), gates.append(open_gates)

        def gradient(upstream):
            of_output, of_state = tf.zeros((batch, units), dtype), tf.zeros((batch, units))
            of_sums = []
            for step, of_step in reversed(list(enumerate(tf.unstack(upstream, steps)))):
                of_sum, of_state = _step_gradient(
                    gates[step], states[step], states[step + 1], of_step, of_output, of_state
                )
                of_output = tf.matmul(of_sum, recurrent, transpose_b=True)
                of_sums.insert(0, of_sum)
            slopes = tf.concat(of_sums, 0)
            of_x = tf.reshape(tf.matmul(slopes, narrow, transpose_b=True), (steps, batch, features))
            of_kernel = tf.matmul(rows, slopes, transpose_a=True)
            of_recurrent = tf.matmul(tf.concat(outputs[:-1], 0), slopes, transpose_a=True)
            return (
                tf.cast(tf.transpose(of_x, (1, 0, 2)), x.dtype),
                tf.cast(of_kernel, kernel.dtype),
                tf.cast(of_recurrent, kernel.dtype),
                column_sums(slopes),
            )

        return tf.stack(outputs[1:]), gradient

    return run


@one_pass
def _step(inputs, recurrent, bias, state):
    """Returns (output, state, gates after their activations) of a step."""
    sums = tf.cast(inputs, tf.float32) + tf.cast(recurrent, tf.float32) + bias
    let_in, keep, candidate, let_out = tf.split(sums, 4, axis=1)
    let_in, keep, let_out = tf.sigmoid(let_in), tf.sigmoid(keep), tf.sigmoid(let_out)
    candidate = tf.tanh(candidate)
    state = keep * state + let_in * candidate
    gates = tf.concat([let_in, keep, candidate, let_out], 1)
    return tf.cast(let_out * tf.tanh(state), inputs.dtype), state, tf.cast(gates, inputs.dtype)


@one_pass
def _step_gradient(gates, before, state, upstream, of_output, of_state):
    """Returns the gradients of a step's sums and of the state before it."""
    dtype = gates.dtype
    let_in, keep, candidate, let_out = tf.split(tf.cast(gates, tf.float32), 4, axis=1)
    of_output = tf.cast(upstream, tf.float32) + tf.cast(of_output, tf.float32)
    squashed = tf.tanh(state)
    of_state = of_state + of_output * let_out * (1 - squashed * squashed)
    of_sums = (
        of_state * candidate * let_in * (1 - let_in),
        of_state * before * keep * (1 - keep),
        of_state * let_in * (1 - candidate * candidate),
        of_output * squashed * let_out * (1 - let_out),
    )
    return tf.cast(tf.concat(of_sums, 1), dtype), of_state * keep
