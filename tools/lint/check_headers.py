#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every header compiles alone, with gcc and with clang. usage: check_headers.py CC"""
import concurrent.futures
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


def main():
    cc = sys.argv[1]
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-DTIDEGATE_VERSION=\"0\"", "-Wall", "-Wextra",
             "-Werror", "-Wno-unused-function", "-I."]
    if "clang" in cc:
        flags.append("-Wno-c2x-extensions")
    for package in PACKAGES:
        out = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True)
        flags += [f.replace("-I", "-isystem", 1) if f.startswith("-I") else f
                  for f in out.stdout.split() if f not in flags]
    names = [n for n in tree.files(".h") if not n.endswith(".bpf.h")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        faults = [f for f in pool.map(lambda n: compile_alone(cc, flags, n), names) if f]
    tree.finish(faults, len(names))


if __name__ == "__main__":
    main()
