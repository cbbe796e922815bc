"""Instruments that say what a network is and what it sees: a `keras.Model` and arrays in, records and figures out.

Each module is one instrument; none prints, and none knows how a model was trained.
"""
