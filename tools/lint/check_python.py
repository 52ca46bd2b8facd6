#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Python: compiles, lines of at most 100 characters, imports that are used."""
import ast

import tree


def is_python(name):
    return name.endswith(".py") or tree.read(name).startswith("#!/usr/bin/python3")


def imported(node):
    for alias in node.names:
        yield (alias.asname or alias.name).split(".")[0]


def faults_of(name, text):
    try:
        module = ast.parse(text, name)
    except SyntaxError as error:
        yield error.lineno, error.msg
        return
    for n, line in enumerate(text.split("\n"), 1):
        if len(line) > 100:
            yield n, f"{len(line)} characters, at most 100"
    used = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)}
    for node in ast.walk(module):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for word in imported(node):
                if word not in used:
                    yield node.lineno, f"import of {word} is not used"


def main():
    names = [n for n in tree.files() if is_python(n)]
    faults = []
    for name in names:
        faults += [f"{name}:{n}: {why}" for n, why in faults_of(name, tree.read(name))]
    tree.finish(faults, len(names))


if __name__ == "__main__":
    main()
