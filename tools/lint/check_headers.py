#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every header compiles alone, with gcc and with clang. usage: check_headers.py CC [FILE]

FILE remembers which have passed: they pass again while they and what they include stay the same.
"""
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import tree

PACKAGES = ["libdpdk", "libosip2", "liburcu-memb", "liburcu-cds", "liburcu-qsbr", "libevent",
            "libcyaml", "jansson", "libmnl", "libseccomp", "libxdp", "libbpf"]


def compile_alone(cc, flags, name):
    with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
        # twice, so that a missing #pragma once shows
        f.write(f'#include "{name}"\n#include "{name}"\n')
        f.flush()
        run = subprocess.run([cc, *flags, "-fsyntax-only", f.name], cwd=tree.ROOT,
                             capture_output=True, text=True)
    return f"{name}: does not compile alone with {cc}\n{run.stderr}" if run.returncode else None


@functools.cache
def digest(name):
    """Of a header and of all headers of ours below it."""
    path = pathlib.Path(tree.ROOT, name)
    text = path.read_bytes() if path.exists() else b""
    below = re.findall(rb'^#include "([^"]+)"', text, re.M)
    parts = [hashlib.sha256(text).hexdigest(), *(digest(b.decode()) for b in below)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def remembered(path, key):
    if path is None or not path.exists():
        return {}
    passed = json.loads(path.read_text())
    return passed["headers"] if passed["key"] == key else {}


def main():
    cc = sys.argv[1]
    memory = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-DTIDEGATE_VERSION=\"0\"", "-Wall", "-Wextra",
             "-Werror", "-Wno-unused-function", "-I."]
    if "clang" in cc:
        flags.append("-Wno-c2x-extensions")
    for package in PACKAGES:
        out = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True)
        flags += [f.replace("-I", "-isystem", 1) if f.startswith("-I") else f
                  for f in out.stdout.split() if f not in flags]
    names = [n for n in tree.files(".h") if not n.endswith(".bpf.h")]
    key = " ".join([cc, *flags])
    passed = remembered(memory, key)
    names_left = [n for n in names if passed.get(n) != digest(n)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        faults = [f for f in pool.map(lambda n: compile_alone(cc, flags, n), names_left) if f]
    if memory is not None and not faults:
        memory.write_text(json.dumps({"key": key, "headers": {n: digest(n) for n in names}}))
    tree.finish(faults, len(names))


if __name__ == "__main__":
    main()
