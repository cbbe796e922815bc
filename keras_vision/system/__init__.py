"""The system: the machine, its streams, and the settings that other programs left for Keras and TensorFlow."""
