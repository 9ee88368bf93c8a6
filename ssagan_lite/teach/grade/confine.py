"""What a student's process may not do, as far as the system lets a process give up rights. No sandbox; see the page
"Grading a class". Linux: memory, file size, no new process, no signal to others, no network, files of its own folder
only. macOS: file size and no new process.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

# Numbers of Linux's system calls, by machine. Refused are those that reach beyond the process, those that change
# other people's files past Landlock (truncate only before Linux 6.2), and those that hold memory past its limit.
REFUSED = {
    "x86_64": {"fork": 57, "vfork": 58, "socket": 41, "kill": 62, "tkill": 200, "tgkill": 234, "ptrace": 101,
               "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "process_vm_readv": 310, "process_vm_writev": 311,
               "truncate": 76, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260,
               "fchmodat": 268, "shmget": 29, "memfd_create": 319},
    "aarch64": {"socket": 198, "kill": 129, "tkill": 130, "tgkill": 131, "ptrace": 117, "rt_sigqueueinfo": 138,
                "rt_tgsigqueueinfo": 240, "process_vm_readv": 270, "process_vm_writev": 271,
                "truncate": 45, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "shmget": 194,
                "memfd_create": 279},
}  # fmt: skip
REFUSED_EVERYWHERE = {"pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_getfd": 438, "memfd_secret": 447,
                      "fchmodat2": 452}  # fmt: skip
CLONE, CLONE3, PRLIMIT = {"x86_64": 56, "aarch64": 220}, 435, {"x86_64": 302, "aarch64": 261}
MACHINE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # how the kernel names them
# Calls refused for two values of their second argument: fcntl's F_SETOWN and F_SETOWN_EX, ioctl's FIOSETOWN and
# SIOCSPGRP. A file's owner gets a signal, of any number, whenever the file is ready.
REFUSED_VALUES = {"x86_64": {72: (8, 15), 16: (0x8901, 0x8902)}, "aarch64": {25: (8, 15), 29: (0x8901, 0x8902)}}
CLONE_THREAD, EPERM, ENOSYS = 0x10000, 1, 38
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, GIVE = 0x20, 0x15, 0x06  # of the kernel's filter language: load, jump if equal, end with this
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_DUMPABLE = 38, 22, 4
# Landlock: rights over files, as bits.
READING, FILE_RIGHTS = 0b1101, 0b111 | 1 << 14
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446


def confine(memory: float, largest_file: int, hidden: Path) -> list[str]:
    """Give up rights for good. memory: GB; largest_file: bytes; hidden: a folder that must not be read where that can
    be had. Returns what could be had, in words; the working folder stays open for writing.
    """
    had = _limit(memory, largest_file)
    if _filter_calls():
        had += ["no new processes", "no network"]
    else:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # nothing for root; on Linux it counts threads as well
    if _lock_files(hidden):
        had += ["no files but its own folder's are written, and no submission is read"]
    return had


def keep_memory_private() -> None:
    """Let no other process of this user read this one's memory or environment, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _limit(memory: float, largest_file: int) -> list[str]:
    size = int(memory * 2**30)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # too large a file ends the process, so that it can be told
    had = ["file size"]
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        had.insert(0, "memory")
    return had


def _instruction(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _program(machine: str) -> bytes:
    """The filter: wrong machine -> end; a refused call -> EPERM; threads and everything else may go on."""
    load, equal, any_bit, at_least, give = LOAD, EQUAL, 0x45, 0x35, GIVE
    number, arch, low_of_first = 0, 4, 16
    parts = [_instruction(load, 0, 0, arch), _instruction(equal, 1, 0, MACHINE[machine])]
    parts += [_instruction(give, 0, 0, KILL), _instruction(load, 0, 0, number)]
    parts += [_instruction(at_least, 0, 1, 0x40000000), _instruction(give, 0, 0, ERROR | EPERM)]
    # clone3 hides its flags from a filter; told that it does not exist, the C library takes clone.
    parts += [_instruction(equal, 0, 1, CLONE3), _instruction(give, 0, 0, ERROR | ENOSYS)]
    for call in (*REFUSED[machine].values(), *REFUSED_EVERYWHERE.values()):
        parts += [_instruction(equal, 0, 1, call), _instruction(give, 0, 0, ERROR | EPERM)]
    parts += _refused_values(machine)
    # clone is for threads, and limits are one's own.
    parts += [_instruction(equal, 0, 4, CLONE[machine]), _instruction(load, 0, 0, low_of_first)]
    parts += [_instruction(any_bit, 1, 0, CLONE_THREAD), _instruction(give, 0, 0, ERROR | EPERM)]
    parts += [_instruction(give, 0, 0, ALLOW), _instruction(equal, 0, 3, PRLIMIT[machine])]
    parts += [_instruction(load, 0, 0, low_of_first), _instruction(equal, 1, 0, 0)]
    parts += [_instruction(give, 0, 0, ERROR | EPERM), _instruction(give, 0, 0, ALLOW)]
    return b"".join(parts)


def _refused_values(machine: str) -> list[bytes]:
    """The part of the filter that looks at a call's second argument."""
    parts, low_of_second = [], 24
    for call, (one, other) in REFUSED_VALUES[machine].items():
        parts += [_instruction(EQUAL, 0, 5, call), _instruction(LOAD, 0, 0, low_of_second)]
        parts += [_instruction(EQUAL, 1, 0, one), _instruction(EQUAL, 0, 1, other)]
        parts += [_instruction(GIVE, 0, 0, ERROR | EPERM), _instruction(GIVE, 0, 0, ALLOW)]
    return parts


def _filter_calls() -> bool:
    """seccomp: whether the kernel now refuses new processes, sockets and signals."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in REFUSED or sys.maxsize < 2**32:
        return False
    code = _program(machine)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return system.prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(program, len(program)), 0, 0) == 0


def _readable(hidden: Path) -> list[Path]:
    """Where Python, its packages and the system's libraries lie; never a folder around the submissions."""
    package = Path(__file__).resolve().parents[2]
    places = [sys.prefix, sys.base_prefix, *sys.path, package, package.parent / "book" / "results"]
    places += ["/usr", "/lib", "/lib64", "/opt", "/etc", "/sys", "/dev", "/proc/cpuinfo", "/proc/meminfo", "/proc/self"]
    resolved = {Path(place).resolve() for place in places if str(place) and Path(place).exists()}
    return [place for place in resolved if not hidden.resolve().is_relative_to(place)]


def _lock_files(hidden: Path) -> bool:
    """Landlock: whether the kernel now keeps this process to its working folder and the places that it may read."""
    system = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    version = system.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1) if system else 0
    if version < 1:
        return False
    rights = (1 << 13) - 1 | (1 << 13) * (version >= 2) | (1 << 14) * (version >= 3)
    wanted = ctypes.create_string_buffer(struct.pack("Q", rights), 8)
    rules = system.syscall(CREATE_RULESET, wanted, ctypes.c_size_t(8), 0)
    allowed = [(place, READING) for place in _readable(hidden)] + [(Path.cwd(), rights), (Path(os.devnull), 0b110)]
    for place, granted in allowed:
        folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
        granted &= rights if place.is_dir() else rights & FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", granted, folder), 12)
        system.syscall(ADD_RULE, rules, 1, rule, 0)
        os.close(folder)
    locked = system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and system.syscall(RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return locked
