#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""clang-format has nothing to change in C, shellcheck nothing to say of shell scripts."""
import subprocess
import sys

import tree


def c_files():
    return ["clang-format", "--dry-run", "-Werror"], tree.files(".c", ".h")


def shell_files():
    names = [n for n in tree.files() if n.endswith(".sh")
             or tree.read(n).startswith(("#!/bin/sh", "#!/bin/bash"))]
    return ["shellcheck"], names


def main():
    command, names = {"c": c_files, "shell": shell_files}[sys.argv[1]]()
    status = subprocess.run([*command, *names], cwd=tree.ROOT).returncode if names else 0
    print(f"{len(names)} checked")
    raise SystemExit(1 if status else 0)


if __name__ == "__main__":
    main()
