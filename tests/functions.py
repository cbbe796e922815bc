"""What a file defines, read from its text: a file that no table names yet may not be imported by anything."""

import ast


def functions_of(path):
    """Dict from the functions at the top of a file to the names of their arguments."""
    top = ast.parse(path.read_text(encoding="utf-8")).body
    return {
        node.name: tuple(one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        for node in top
        if isinstance(node, ast.FunctionDef)
    }
