# SPDX-License-Identifier: BSD-3-Clause
"""Debian packages that only a comparison or a profile needs, so that they are in no list."""
import os
import pathlib
import shutil
import subprocess

POLICY = pathlib.Path("/usr/sbin/policy-rc.d")


def have(program, package):
    """Installs the package where its program is not there, without starting a service. Whether the
    program is there then."""
    if shutil.which(program):
        return True
    print(f"  installing {package}, which only this comparison needs")
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        subprocess.run(["apt-get", "-q", "-y", "install", "--no-install-recommends", package],
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False, timeout=300)
    finally:
        if ours:
            POLICY.unlink()
    if not shutil.which(program):
        print(f"  {package} could not be installed: apt-get install {package} tells why")
    return bool(shutil.which(program))
