# SPDX-License-Identifier: BSD-3-Clause
"""The peer that carries calls: Debian's Kamailio, which records its route, with rtpengine for their
media. It is a proxy, not a B2BUA, and so does less for a call than we do."""
import time

from lab import CARRIER, SBC_ACCESS, SBC_CORE, Process

from .machine import cpu_s
from .packages import have
from .rtpengine import NG_PORT, Rtpengine, install as install_rtpengine

PACKAGE = "kamailio"
MODULES = ("tm", "sl", "rr", "pv", "maxfwd", "siputils", "textops", "rtpengine")
CONFIG = f"""
debug=-1
log_stderror=yes
children=1
auto_aliases=no
mhomed=1
listen=udp:{SBC_ACCESS}:5060
listen=udp:{SBC_CORE}:5060
{"".join(f'loadmodule "{name}.so"' + chr(10) for name in MODULES)}
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:{NG_PORT}")

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (has_totag()) {{
        if (!loose_route()) {{
            if (is_method("ACK") && t_check_trans())
                t_relay();
            exit;
        }}
        if (is_method("BYE"))
            rtpengine_delete();
        t_relay();
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans())
            t_relay();
        exit;
    }}
    t_check_trans();
    force_rport();
    record_route();
    rtpengine_offer("replace-origin direction=near direction=far ICE=remove");
    t_on_reply("ANSWER");
    $du = "sip:{CARRIER}:5060";
    t_relay();
}}

onreply_route[ANSWER] {{
    if (has_body("application/sdp"))
        rtpengine_answer("replace-origin direction=near direction=far ICE=remove");
}}
"""


def install():
    """Whether both are there; installs them where they are not."""
    return have("kamailio", PACKAGE) and install_rtpengine()


class Kamailio:
    """In the lab's place of Tidegate. .stop() ends both processes' trees."""

    def __init__(self, lab):
        self.ns, conf = lab.sbc, lab.dir / "kamailio.cfg"
        conf.write_text(CONFIG)
        self.media = Rtpengine(self.ns, lab.dir, SBC_ACCESS, SBC_CORE, pinned=False)
        self.process = None
        try:
            self.media.restart()
            self.process = Process(self.ns, lab.dir / "kamailio.log", "kamailio", "-DD", "-E", "-f",
                                   conf, "-P", lab.dir / "kamailio.pid", "-Y", lab.dir)
            self._await_listening()
        except BaseException:
            self.stop()
            raise

    def _await_listening(self):
        for _ in range(100):
            if f"{SBC_CORE}:5060" in self.ns.run("ss", "-lun").stdout:
                return
            time.sleep(0.05)
        raise RuntimeError("kamailio does not listen: " + self.process.text()[-1000:])

    def command(self):
        return f"kamailio -DD -f kamailio.cfg (children=1); {self.media.command()}"

    def cpu_s(self):
        """CPU time so far of all their processes: (Kamailio's, rtpengine's)."""
        media = cpu_s(self.media.process.child.pid)
        return sum(cpu_s(pid) for pid in self.ns.pids()) - media, media

    def stop(self):
        if self.process:
            self.process.stop(5)
        self.media.stop()
