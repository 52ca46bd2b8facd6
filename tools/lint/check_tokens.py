#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Calls that must not be made: in the hot path, in shared headers, anywhere."""
import re

import tree

# (where, calls, why)
FORBIDDEN = [
    (("dataplane/path/",),
     r"malloc calloc realloc reallocarray free strdup strndup aligned_alloc posix_memalign alloca "
     r"mmap munmap rte_malloc rte_zmalloc rte_free rte_calloc",
     "the hot path does not allocate"),
    (("dataplane/path/",),
     r"printf fprintf snprintf vsnprintf sprintf puts putchar fputs syslog perror rte_log "
     r"RTE_LOG LOG log_write log_line",
     "the hot path does not write text"),
    (("dataplane/path/",),
     r"pthread_\w+ mtx_\w+ sem_\w+ rte_spinlock_\w+ rte_rwlock_\w+ rte_mcslock_\w+ "
     r"call_rcu synchronize_rcu",
     "the hot path takes no lock and waits for nobody"),
    (("dataplane/path/",),
     r"clock_gettime gettimeofday time nanosleep usleep sleep rte_rdtsc rte_rdtsc_precise "
     r"rte_get_tsc_cycles rte_get_timer_cycles rte_delay_us tg_time_now tg_mono_now",
     "the hot path reads the clock once a burst, in io/worker.c"),
    (("dataplane/path/",),
     r"open openat close read write readv writev pread pwrite recv recvfrom recvmsg send sendto "
     r"sendmsg ioctl poll epoll_wait select socket bind connect accept syscall rte_eth_\w+burst",
     "the hot path makes no system call and does no I/O"),
    (("include/tidegate/",),
     r"malloc calloc realloc free printf fprintf abort exit",
     "the contract is layouts and small functions"),
    (("dataplane/", "controlplane/", "include/", "tools/"),
     r"strcpy strcat sprintf vsprintf gets strtok atoi atol atoll strncpy "
     r"tmpnam mktemp alloca",
     "use the bounded or reentrant way"),
    (("controlplane/",),
     r"osip_message_parse osip_message_to_str sdp_message_parse osip_parse",
     "only sip/msg.c calls the parser"),
]
ALLOWED = {("controlplane/sip/msg.c", "osip_message_parse")}

COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def main():
    compiled = [(where, re.compile(r"(?<![\w.>])(" + "|".join(calls.split()) + r")\s*\("), why)
                for where, calls, why in FORBIDDEN]
    faults, names = [], tree.files(".c", ".h")
    for name in names:
        lines = COMMENT.sub(blank, tree.read(name)).split("\n")
        for where, pattern, why in compiled:
            if not name.startswith(where):
                continue
            for n, text in enumerate(lines, 1):
                for m in pattern.finditer(text):
                    if (name, m.group(1)) not in ALLOWED:
                        faults.append(f"{name}:{n}: {m.group(1)}(): {why}")
    tree.finish(faults, len(names))


if __name__ == "__main__":
    main()
