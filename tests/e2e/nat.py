# SPDX-License-Identifier: BSD-3-Clause
"""What a NAT box does to phones: the kinds of RFC 4787, and how one forgets its flows in mid-call.

A symmetric one gives every flow a random port and lets in what answers it only. A full cone gives a
port of a phone one port of its own, for whatever destination, and lets in everybody.
"""
SYMMETRIC = """
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr 192.168.1.0/24 oifname "out0" masquerade random,fully-random
    }
}
"""
# The ports of a telephone, SIP and media, and how far outside they are from those inside.
CONE_PORTS = (5060, *range(20000, 20101))
CONE_SHIFT = 10000


def full_cone(inside, outside):
    """For one phone: its address, and the box's."""
    out = ", ".join(f"{p} : {outside} . {p + CONE_SHIFT}" for p in CONE_PORTS)
    back = ", ".join(f"{p + CONE_SHIFT} : {inside} . {p}" for p in CONE_PORTS)
    return f"""
table ip nat {{
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname "out0" ip saddr {inside} meta l4proto udp snat ip to udp sport map {{ {out} }}
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat;
        iifname "out0" ip daddr {outside} meta l4proto udp dnat ip to udp dport map {{ {back} }}
    }}
}}
"""


def become(box, rules):
    """The box has these rules from now on, and knows no flow."""
    box.run("nft", "flush", "ruleset")
    box.run("nft", "-f", "-", input=rules)
    forget(box)


def forget(box):
    """Power was off: every flow gets another port, and what comes for the old ones goes nowhere."""
    box.run("conntrack", "-F")
