"""What a process gives up before it looks at a stranger's bytes. Nothing in here can be taken back.

On Linux a filter in the kernel lets it use what it has (its memory, its clock, the sockets and files it was handed) and
refuses everything else with "not permitted": it opens no file, makes no connection, starts no process and reaches none.
"""

import ctypes
import os
import platform
import pwd
import random
import struct
import sys
from contextlib import suppress

_FREE = range(61_184, 65_520)
"""Numbers of users that no distribution gives to anybody for long (systemd lends them to services while these run)."""

_ALLOWED = {
    # read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn pread64 writev
    # sched_yield mremap madvise setitimer getpid sendto recvfrom sendmsg recvmsg exit gettimeofday getrusage sysinfo
    # gettid futex sched_getaffinity restart_syscall clock_gettime clock_getres exit_group getrandom membarrier rseq
    "x86_64": (0xC000003E, (
        0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 20, 24, 25, 28, 38, 39, 44, 45, 46, 47, 60, 96, 98, 99, 186,
        202, 204, 219, 228, 229, 231, 318, 324, 334,
    )),
    # The same, with ppoll for poll.
    "aarch64": (0xC00000B7, (
        63, 64, 57, 80, 73, 62, 222, 226, 215, 214, 134, 135, 139, 67, 66, 124, 216, 233, 103, 172, 206, 207, 211, 212,
        93, 169, 165, 179, 178, 98, 123, 128, 113, 114, 94, 278, 283, 293,
    )),
}  # fmt: skip
"""By machine: how the kernel calls it, and the numbers of the calls."""
_SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES, _FILTER = 4, 22, 38, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_REFUSE, _ALLOW = 0x00050001, 0x7FFF0000


def become_somebody_else() -> None:
    """Where this is root, and may: a user without a name, another one in each process. `nobody` would be the user of
    others on the machine too, who could stop us. What has to be read from disk has been."""
    if os.geteuid() == 0:
        named = {user.pw_uid for user in pwd.getpwall()}
        number = random.SystemRandom().choice([free for free in _FREE if free not in named])
        with suppress(OSError):
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)


def confine() -> bool:
    """Whether there is such a filter now: there is none outside of Linux, and for other machines than these two."""
    machine = _ALLOWED.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    name, allowed = machine
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, name), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    for left, number in zip(range(len(allowed), 0, -1), allowed, strict=True):
        steps.append((_EQUAL, left, 0, number))
    steps += [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    pointer = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    return _prctl(_SET_NO_NEW_PRIVILEGES, 1) and _prctl(_SET_SECCOMP, _FILTER, ctypes.addressof(pointer))


def hide_memory() -> bool:
    """From now on no process of the same user can look at our memory or environment in `/proc`; root can."""
    return sys.platform == "linux" and _prctl(_SET_DUMPABLE, 0)


def _prctl(what: int, first: int, second: int = 0) -> bool:
    long = ctypes.c_ulong
    return bool(ctypes.CDLL(None).prctl(ctypes.c_int(what), long(first), long(second), long(0), long(0)) == 0)
