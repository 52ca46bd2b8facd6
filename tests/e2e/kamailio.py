# SPDX-License-Identifier: BSD-3-Clause
"""A Kamailio at the trunk's address, and a telephone behind it that a test drives."""
import contextlib

import ua
from lab import CARRIER, CORE, Process

DESK = "198.51.100.20"  # the telephone; no source of the trunk's

CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{address}:5060
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
{modules}

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (uri == myself && is_method("OPTIONS")) {{
        sl_send_reply("200", "OK");
        exit;
    }}
    {route}
}}
"""


@contextlib.contextmanager
def kamailio(lab, route, modules=""):
    """Runs it with that route for requests; the telephone."""
    directory = lab.dir / "kamailio"
    directory.mkdir(exist_ok=True)
    (directory / "kamailio.cfg").write_text(
        CONFIG.format(address=CARRIER, route=route, modules=modules))
    lab.carrier.ip("address", "add", f"{DESK}/24", "dev", "eth0")
    proxy = desk = None
    try:
        proxy = Process(lab.carrier, directory / "kamailio.log", "kamailio", "-DD", "-E", "-m", 16,
                        "-M", 4, "-w", directory, "-Y", directory,
                        "-f", directory / "kamailio.cfg")
        await_proxy(lab)
        desk = ua.Agent(lab.carrier, DESK, 5060, "desk", CORE, 30000)
        yield desk
    finally:
        if proxy:
            proxy.stop()
        if desk:
            desk.close()
        lab.carrier.ip("address", "del", f"{DESK}/24", "dev", "eth0")


def await_proxy(lab):
    """Pings it until it answers."""
    pinger = ua.Agent(lab.carrier, DESK, 5070, "pinger", (CARRIER, 5060))
    try:
        for _ in range(60):
            ping = ua.Call(pinger, "ping")
            ping.call_id, ping.local = "ping", f"<sip:pinger@{DESK}>;tag=ping"
            ping.remote, ping.target = f"<sip:{CARRIER}>", f"sip:{CARRIER}"
            pinger.send(ping.build("OPTIONS"))
            # ConnectionRefusedError: nobody listens yet
            with contextlib.suppress(ua.Unexpected, ConnectionRefusedError):
                ping.expect(200, 0.5)
                return
    finally:
        pinger.close()
    raise RuntimeError("kamailio does not answer")
