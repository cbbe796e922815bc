"""Commands: what a front door does once its settings are checked and Keras is there; all imports at the top."""
