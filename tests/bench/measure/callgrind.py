# SPDX-License-Identifier: BSD-3-Clause
"""Instructions of a program by the folder of their source, counted by valgrind: the same on a busy
machine as on a quiet one."""
import collections
import pathlib
import re
import tempfile

from netns import sh

from .packages import have

NAMED = re.compile(r"(c?)(fl|fi|fe|ob)=\((\d+)\)(?: (.*))?$")


def place(source, binary):
    """Where a line of code belongs."""
    found = re.search(r"controlplane/(\w+)/[^/]*$", source)
    if found:
        return found.group(1)
    if "osip" in binary:
        return "libosip2"
    return "contract" if "include/tidegate/" in source else "libc, liburcu"


def costs(text):
    """(source, binary, instructions) of each cost line of a callgrind file."""
    names, now, skip = {}, {"f": "", "ob": ""}, False
    for line in text.splitlines():
        found = NAMED.match(line)
        if found:
            callee, kind, number, name = found.groups()
            kind = "ob" if kind == "ob" else "f"
            if name is not None:
                names[kind, number] = name
            if not callee:
                now[kind] = names.get((kind, number), "")
        elif line.startswith("calls="):
            skip = True  # what the callee costs is on the callee's own lines
        elif re.match(r"[+\-*\d]\S* \d+$", line):
            if not skip:
                yield now["f"], now["ob"], int(line.split()[1])
            skip = False


def instructions(functions, *command):
    """Of these functions and what they call, by place; None without valgrind."""
    if not have("valgrind", "valgrind"):
        return None
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "callgrind.out"
        sh("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
           *[f"--toggle-collect={name}" for name in functions], *command, timeout=300)
        sums = collections.Counter()
        for source, binary, count in costs(out.read_text()):
            sums[place(source, binary)] += count
    return sums
