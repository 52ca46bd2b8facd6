# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures: one lab a session, Tidegate in it, agents and media ends a test."""
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import lab as lab_module  # noqa: E402
import registering  # noqa: E402
import rtp  # noqa: E402
import ua  # noqa: E402
from baresip import Baresip  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    lab = item.funcargs.get("lab")
    if report.failed and lab is not None and lab.tidegate is not None:
        report.sections.append(("Tidegate's logs", lab.tidegate.logs()))
        if report.when == "call" and "field" not in item.fixturenames:
            # what this test left half done is not the next one's business
            lab.tidegate.remove()
            lab.tidegate = None


@pytest.fixture(scope="session")
def lab():
    """The namespaces; nothing runs in them yet."""
    if os.geteuid():
        pytest.skip("needs root")
    made = lab_module.Lab(f"tge{os.getpid()}")
    yield made
    made.close()


@pytest.fixture
def tidegate(lab):
    """Both processes up. Shared by the tests that leave them alive; a dead one is started anew."""
    running = lab.tidegate
    if running is None or not (running.cp and running.cp.alive()) \
            or not (running.dp and running.dp.alive()):
        if running is not None:
            running.remove()
            lab.tidegate = None
        running = lab.start()
    yield running


@pytest.fixture
def alone(lab):
    """A way to start Tidegate with a configuration of one's own: alone(change)."""
    if lab.tidegate is not None:
        lab.tidegate.remove()
        lab.tidegate = None
    yield lab.start
    if lab.tidegate is not None:
        lab.tidegate.remove()
        lab.tidegate = None


@pytest.fixture
def users(lab):
    """The file of users."""
    path = lab.dir / "users"
    registering.add_users(path)
    yield path
    path.unlink()


@pytest.fixture
def phone(lab):
    """Behind the NAT."""
    agent = ua.Agent(lab.phone, lab_module.PHONE, 5060, "alice", lab_module.ACCESS, 40000)
    yield agent
    agent.close()


@pytest.fixture
def carrier(lab):
    agent = ua.Agent(lab.carrier, lab_module.CARRIER, 5060, "carrier", lab_module.CORE, 30000)
    yield agent
    agent.close()


@pytest.fixture
def baresip(lab):
    """A way to start baresips, as the class; all are closed at the end."""
    made = []

    def make(ns, address, user, tone_hz, account=None):
        made.append(Baresip(ns, address, user, tone_hz, lab.dir / f"baresip-{user}", account))
        return made[-1]
    yield make
    for one in made:
        one.close()
    for path in lab.dir.glob("baresip-*"):
        shutil.rmtree(path)


@pytest.fixture
def ends(lab):
    """The media ends of phone and carrier."""
    made = (rtp.End(lab.phone, lab_module.PHONE, 40000),
            rtp.End(lab.carrier, lab_module.CARRIER, 30000))
    yield made
    for end in made:
        end.close()


@pytest.fixture
def captures(lab):
    """What phone, NAT box and carrier see, from here to the end of the test."""
    made = {"phone": lab.capture(lab.phone, "eth0", "phone"),
            "outside": lab.capture(lab.nat, "out0", "outside"),
            "carrier": lab.capture(lab.carrier, "eth0", "carrier")}
    yield made
    for capture in made.values():
        capture.stop()
        lab.captures.remove(capture)
