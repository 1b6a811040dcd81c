"""Runs a command under what `notifybell.service` takes away, as far as that goes without systemd.

`python -m tests.deploy.sandbox SYSCALLS COMMAND…`: only the system calls listed in the file
SYSCALLS, no memory that is writable and executable (MemoryDenyWriteExecute=), no new privileges.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

_SECCOMP = "libseccomp.so.2"
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_PR_SET_MDWE = 65
_PR_SET_NO_NEW_PRIVS = 38


def deny_writable_code() -> None:
    """Linux 6.3 and newer; an older one does not know how, and takes nothing away."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0) != 0 and ctypes.get_errno() != errno.EINVAL:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_MDWE)")


def allow_only(names: list[str]) -> None:
    """What else is called fails with EPERM. Names that this machine does not know are left out."""
    seccomp = ctypes.CDLL(_SECCOMP)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_REFUSE)))
    for name in names:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            added = seccomp.seccomp_rule_add_array(rules, ctypes.c_uint32(_ALLOW), number, 0, None)
            assert added == 0, name
    assert seccomp.seccomp_load(rules) == 0


if __name__ == "__main__":
    allowed = Path(sys.argv[1]).read_text().split()
    deny_writable_code()
    allow_only(allowed)
    os.execv(sys.argv[2], sys.argv[2:])
