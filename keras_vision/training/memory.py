"""forget_models: gives back the memory of models that are no longer wanted."""

import gc

from tensorflow.python.framework.ops import gradient_registry

from keras_vision.models.session import clear_session


def forget_models():
    """Forgets everything that Keras and TensorFlow keep of earlier models; of those in use, nothing may be trained.

    TensorFlow registers the gradient of every custom gradient that it traces, for good, and with it the whole graph of
    the training step: Keras' optimisers have one in each step. Without this a search grows by megabytes a trial.
    """
    clear_session(free_memory=False)  # once is enough, and takes half a second
    gradients = gradient_registry._registry
    for name in [name for name in gradients if name.startswith("CustomGradient-")]:
        del gradients[name]
    gc.collect()
