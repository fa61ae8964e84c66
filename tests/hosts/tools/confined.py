# SPDX-License-Identifier: GPL-2.0-or-later
"""
An audit below a filter of system calls that does not know openat2(), as container run-times of
some years ago had.
"""
import ctypes
import errno
import os

import case

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7fff0000
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
OPENAT2 = 437  # on every architecture

_libc = ctypes.CDLL(None, use_errno=True)


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("if_true", ctypes.c_uint8),
                ("if_false", ctypes.c_uint8), ("value", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


_INSTRUCTIONS = (_Instruction * 4)(
    _Instruction(LOAD, 0, 0, 0), _Instruction(JUMP_EQUAL, 0, 1, OPENAT2),
    _Instruction(RETURN, 0, 0, RET_ERRNO | errno.EPERM), _Instruction(RETURN, 0, 0, RET_ALLOW))
_PROGRAM = _Program(4, ctypes.cast(_INSTRUCTIONS, ctypes.POINTER(_Instruction)))


def _confine():
    if (_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
            or _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_PROGRAM), 0, 0) < 0):
        os._exit(125)


def audit(root):
    """As case.audit()."""
    return case.Result(["audit", f"--root={root}", "--format=json"], preexec_fn=_confine)
