# SPDX-License-Identifier: BSD-3-Clause
"""Users of example.com, and how an agent that a test drives registers as one (RFC 3261 section 10,
RFC 7616)."""
import grp
import hashlib
import os
import re
import secrets

import ua
from lab import TGCTL
from netns import sh
from sip import new_tag, split_list

DOMAIN = "example.com"
PASSWORDS = {"alice": "wonderland-is-far", "bob": "builder-of-bridges"}
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def add_users(path, users=PASSWORDS):
    """Writes the file of users as an operator does. The control plane reads it again as its user.
    Returns what tgctl said."""
    said = "".join(sh(TGCTL, "user", "add", path, f"{name}@{DOMAIN}", input=f"{password}\n").stdout
                   for name, password in users.items())
    os.chown(path, 0, grp.getgrnam("tidegate").gr_gid)
    return said


def registrar(users_file, **domain):
    """A change of the configuration: phones of realm access register, and only they may call.

    domain: more of its settings.
    """
    def change(tree):
        tree["domains"] = [{"name": DOMAIN, "ping": "off", **domain}]
        tree["users"] = {"file": str(users_file)}
        tree["realms"][0].update(strangers="registered", domains=[DOMAIN])
        tree["routes"] = [{"from_peer": "carrier", "to": DOMAIN},
                          {"from_realm": "access", "prefix": "+", "to": "carrier"},
                          {"from_realm": "access", "prefix": "9", "to": "carrier"},
                          {"from_realm": "access", "to": DOMAIN}]
    return change


def challenges(response):
    """The challenges of a 401 or 407, each as a dict."""
    values = response.all("WWW-Authenticate") or response.all("Proxy-Authenticate")
    parts = [re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', value) for value in values]
    return [{"algorithm": "MD5", **{name: quoted or bare for name, quoted, bare in one}}
            for one in parts]


def credentials(challenge, method, uri, user, password):
    """What answers a challenge with qop=auth, as a header value."""
    made = HASHES[challenge["algorithm"]]

    def of(*parts):
        return made(":".join(parts).encode()).hexdigest()
    nonce, cnonce, nc = challenge["nonce"], secrets.token_hex(8), "00000001"
    proof = of(of(user, challenge["realm"], password), nonce, nc, cnonce, "auth", of(method, uri))
    return (f'Digest username="{user}", realm="{challenge["realm"]}", nonce="{nonce}", '
            f'uri="{uri}", response="{proof}", algorithm={challenge["algorithm"]}, '
            f'cnonce="{cnonce}", qop=auth, nc={nc}')


class Registration:
    """How an agent registers again and again: one Call-ID, and the last answer of the registrar."""

    def __init__(self, agent, password=None):
        self.agent, self.password = agent, password or PASSWORDS.get(agent.user)
        self.call = ua.Call(agent, new_tag())
        self.call.call_id = f"{new_tag()}{new_tag()}@{agent.address}"
        self.call.local = f"<sip:{agent.user}@{DOMAIN}>;tag={self.call.tag}"
        self.call.remote, self.call.target = f"<sip:{agent.user}@{DOMAIN}>", f"sip:{DOMAIN}"

    def ask(self, expires_s, headers=()):
        """One REGISTER; its final, whatever it is."""
        agent, call = self.agent, self.call
        fields = [("Contact", f"{agent.contact};expires={expires_s}"), *headers]
        agent.send(call.build("REGISTER", headers=fields))
        return agent.expect(None, call_id=call.call_id)

    def guess(self, algorithm, expires_s=600):
        """REGISTER, challenged once and answered with the password; the final of that."""
        challenged = self.ask(expires_s)
        assert challenged.status == 401, challenged
        fitting = [c for c in challenges(challenged) if c["algorithm"] == algorithm]
        assert fitting, challenged
        proof = credentials(fitting[0], "REGISTER", self.call.target, self.agent.user,
                            self.password)
        return self.ask(expires_s, [("Authorization", proof)])

    def register(self, expires_s=600, algorithm="SHA-256"):
        """The same, which must succeed: the seconds that are granted."""
        final = self.guess(algorithm, expires_s)
        assert final.status == 200, final
        mine = [c for c in split_list(final.all("Contact")) if self.agent.contact in c]
        return int(re.search(r"expires=(\d+)", mine[0]).group(1)) if mine else 0
