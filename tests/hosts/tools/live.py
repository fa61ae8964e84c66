# SPDX-License-Identifier: GPL-2.0-or-later
"""A scene recorded now: its replay must say what an audit of the running host says."""
import contextlib
import json
import os
import tempfile

import busy
import case

NOBODY = 65534
ARGUMENTS = ("--window=500ms", "--speed=eth0=1Gbit/s")
PROFILE = ("format = 1\n[profile]\nsummary = A leak is one after a second\ninclude = balanced\n"
           "[thresholds]\nclose-wait.age = 1 s\n")
MOVING = ("owner.close_wait_age",)  # time goes on between an audit and a record


class Unable(Exception):
    """Why no scene can be made here."""


@contextlib.contextmanager
def _scene():
    if os.geteuid() != 0:
        raise Unable("needs root for network namespaces")
    try:
        scene = busy.BusyServer(loud=False)
    except OSError as error:
        raise Unable(f"no network namespace: {error}") from error
    try:
        scene.stand(1.3)
        yield scene
    finally:
        scene.end()


def _settled(audited):
    """What does not change with time, nor between a host and its record."""
    for finding in audited["findings"]:
        finding["evidence"] = [item for item in finding["evidence"] if item["fact"] not in MOVING]
    return {key: audited[key] for key in ("findings", "not_judged", "paths", "summary", "notes")}


def _differences(live, replayed):
    for key, value in live.items():
        if value != replayed[key]:
            yield f"{key}, live: {json.dumps(value)[:600]}"
            yield f"{key}, replayed: {json.dumps(replayed[key])[:600]}"


def _compare(scene, folder, uid):
    profile, root = os.path.join(folder, "leak.profile"), os.path.join(folder, "record")
    with open(profile, "w", encoding="utf-8") as file:
        file.write(PROFILE)
    os.chmod(profile, 0o644)
    os.chmod(folder, 0o777)
    argv = ARGUMENTS + (f"--profile={profile}",)
    environment = dict(os.environ, TCPADVISOR_DATADIR=case.DATADIR)
    before = scene.run(case.TCPADVISOR, "audit", "--format=json", *argv, uid=uid, env=environment)
    recorded = scene.run(case.TCPADVISOR, "record", *argv, root, uid=uid, env=environment)
    after = scene.run(case.TCPADVISOR, "audit", "--format=json", *argv, uid=uid, env=environment)
    if before.returncode != 2 or recorded.returncode != 0:
        yield f"audit {before.returncode}: {before.stderr[-300:]!r}"
        yield f"record {recorded.returncode}: {recorded.stderr[-300:]!r}"
        return
    live = _settled(json.loads(before.stdout))
    if live != _settled(json.loads(after.stdout)):
        yield "the scene moved"
    replays = [case.audit(root, *argv[1:]) for _ in range(2)]
    yield from _differences(live, _settled(replays[0].json()))
    if replays[0].out != replays[1].out or replays[0].status != before.returncode:
        yield f"replays end with {[run.status for run in replays]}, or differ"
    rules = [case.said(finding) for finding in live["findings"]]
    yield from (f"the scene shows no {rule}"
                for rule in ("listen.accept-queue-full", "sockets.close-wait-leak")
                if not any(rule in line for line in rules))
    again = scene.run(case.TCPADVISOR, "record", *argv, root, uid=uid, env=environment)
    if again.returncode != 1 or b"there already" not in again.stderr:
        yield f"a second record to the same place ends with {again.returncode}"


def record_and_replay(uid=0):
    """As root, or as somebody without rights."""
    with _scene() as scene, tempfile.TemporaryDirectory() as folder:
        yield from _compare(scene, folder, uid)
