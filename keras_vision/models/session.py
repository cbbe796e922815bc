"""clear_session: Keras' own, but for the precision that models are built in."""

import keras


def clear_session(*, free_memory=True):
    """Forgets what Keras keeps of earlier models, such as their names; its policy of precision stays as it is.

    `keras.utils.clear_session` forgets that, too: whoever had set it would have to set it again.

    Args:
        free_memory: Whether Python's garbage is collected, which takes a second where there is much.

    Example:

    >>> keras.config.set_dtype_policy("mixed_bfloat16")
    >>> clear_session()
    >>> keras.config.dtype_policy().name
    'mixed_bfloat16'
    """
    policy = keras.config.dtype_policy()
    keras.utils.clear_session(free_memory=free_memory)
    keras.config.set_dtype_policy(policy)
