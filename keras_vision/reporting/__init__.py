"""Reporting: tables, figures, TensorBoard's logs and progress, in one style; used by all rooms, and using none."""

import logging
import sys

# Whether a person has imported matplotlib, and may have set how figures look. Where nobody has, the files of settings
# that it reads, in the present folder too, are not heeded; nor is told that its folder cannot be written.
MATPLOTLIB_IS_OURS = "matplotlib" not in sys.modules
if MATPLOTLIB_IS_OURS:
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
