# SPDX-License-Identifier: BSD-3-Clause
"""The table: what was measured, beside its goal, with the command that made it."""
import json
import re
import time


class Table:
    """Lines are printed as they come, and all together at the end."""

    def __init__(self):
        self.lines, self.commands, self.began = [], [], time.monotonic()

    def section(self, name):
        self.lines.append({"section": name})
        print(f"[{time.monotonic() - self.began:3.0f} s] {name}", flush=True)

    def add(self, what, figure, command, goal=None, met=None, note="", values=None):
        """One line. met: whether the goal is reached; values: the raw figures, for --json."""
        self.lines.append({"what": what, "figure": figure, "goal": goal, "met": met, "note": note,
                           "command": command, **(values or {})})
        print(f"    {what}: {figure}" + (f"; {note}" if note else ""), flush=True)

    def _number(self, command):
        command = re.sub(r"/tmp/[^/ ]*/", "", command)  # this run's own folder
        command = re.sub(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC", command)
        if command not in self.commands:
            self.commands.append(command)
        return f"[{self.commands.index(command) + 1}]"

    def show(self):
        lines = [line for line in self.lines if "what" in line]
        width = {key: max([len(str(line[key] or "")) for line in lines] + [0])
                 for key in ("what", "figure", "goal")}
        for line in self.lines:
            if "section" in line:
                print(f"\n{line['section']}")
                continue
            verdict = {True: "yes", False: "NO", None: ""}[line["met"]]
            print(f"  {line['what']:<{width['what']}}  {line['figure']:>{width['figure']}}"
                  f"  {line['goal'] or '':<{width['goal']}}  {verdict:<3}"
                  f"  {self._number(line['command']):>4}  {line['note']}".rstrip())
        print("\ncommands")
        for n, command in enumerate(self.commands, 1):
            print(f"  [{n}] {command}")

    def save(self, path):
        with open(path, "w", encoding="utf-8") as out:
            json.dump(self.lines, out, indent=1)
            out.write("\n")
