"""Two accounts and a stranger: nothing without a share, everything but managing with it."""

import os
import sys
import tempfile

import requests

import session

ANN, BOB, EVE = os.environ["KEY_ANN"], os.environ["KEY_BOB"], os.environ["KEY_EVE"]
BOB_ID = os.environ["ID_BOB"]


def check(seen, expected):
    if seen != expected:
        sys.exit(f"seen {seen}, expected {expected}")


def names():
    return [folder.filesystem_name for folder in session.connect().filesystems.list_filesystems()]


session.become(ANN)
folder = session.connect().filesystems.create_filesystem("shared work")
with tempfile.TemporaryDirectory() as here:
    first = session.written(here, "first", 30_000, seed=1)
    second = session.written(here, "second", 40_000, seed=2)
    back = os.path.join(here, "back")
    folder.upload(first, "first.bin", chunk_size=10_240)

    for stranger in (BOB, EVE):
        session.become(stranger)
        check(names(), [])
        check(session.refused(folder.ls), 403)
        check(session.refused(folder.upload, second, "x.bin"), 403)
        check(session.refused(folder.download, "first.bin", back), "Access denied")
        check(session.refused(folder.delete, "first.bin"), 403)

    # The SDK has no method for it.
    share = f"{session.URL}/filesystems/{folder.filesystem_id}/share"
    requests.post(share, json={"grantee": BOB_ID}, headers={"Authorization": ANN}).raise_for_status()

    session.become(BOB)
    check(names(), ["shared work"])
    joined = session.connect().filesystems.connect("shared work")
    joined.download("first.bin", back, chunk_size=10_240)
    check(session.digest(back), session.digest(first))
    joined.upload(second, "second.bin", chunk_size=10_240)
    check(requests.post(share, json={"grantee": BOB_ID}, headers={"Authorization": BOB}).status_code, 403)

    session.become(EVE)
    check(names(), [])
    check(session.refused(folder.ls), 403)

    session.become(ANN)
    check(sorted(folder.ls()["files"]), ["first.bin", "second.bin"])
    folder.download("second.bin", back)
    check(session.digest(back), session.digest(second))

    session.become("no-such-key")
    check(session.refused(folder.ls), 401)
