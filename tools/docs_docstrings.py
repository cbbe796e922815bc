"""For mkdocstrings: brings this house's docstrings into the form that its parser knows.

They end in a section `Example:`, which it knows as `Examples:`, indented; else `>>>` would be read as a quotation.
They describe several arguments on one line, `low, high: The bounds.`, where it would take the second for a type.
"""

import re
import textwrap

import griffe

SEVERAL = re.compile(r"^( +\*{0,2}\w+(?:, \*{0,2}\w+)+):(?= |$)", re.MULTILINE)


class HouseDocstrings(griffe.Extension):
    """Rewrites docstrings before they are parsed."""

    def on_object(self, *, obj, **kwargs):
        """Rewrites the docstring of a module, class or function."""
        if obj.docstring:
            told, found, example = obj.docstring.value.partition("\nExample:\n")
            told = SEVERAL.sub(lambda match: match[1].replace(", ", ",") + ":", told)
            obj.docstring.value = f"{told}\nExamples:\n{textwrap.indent(example.strip(), '    ')}" if found else told
