"""For mkdocstrings: docstrings here end in a section `Example:`, which its parser knows as `Examples:`, indented."""

import textwrap

import griffe


class ExamplesSections(griffe.Extension):
    """Rewrites the section before docstrings are parsed; as it stands `>>>` would be read as a quotation."""

    def on_object(self, *, obj, **kwargs):
        """Rewrites the docstring of a module, class or function."""
        if obj.docstring:
            told, found, example = obj.docstring.value.partition("\nExample:\n")
            if found:
                obj.docstring.value = f"{told}\nExamples:\n{textwrap.indent(example.strip(), '    ')}"
