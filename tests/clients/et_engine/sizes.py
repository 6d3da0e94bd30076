"""Uploads and downloads of every size that is special to somebody; equal by digest."""

import os
import sys
import tempfile

import session

KIB, MIB = 1024, 1024 * 1024
SDK_DEFAULT, CLI_DEFAULT = 8 * MIB, 10 * KIB
CASES = [
    (0, SDK_DEFAULT),
    (1, CLI_DEFAULT),
    (10 * KIB, CLI_DEFAULT),
    (10 * KIB + 1, CLI_DEFAULT),
    (5 * MIB + 3, CLI_DEFAULT),
    (8 * MIB, SDK_DEFAULT),
    (40 * MIB + 17, SDK_DEFAULT),
]

folder = session.connect().filesystems.create_filesystem("sizes")
with tempfile.TemporaryDirectory() as here:
    for size, chunk in CASES:
        source = session.written(here, f"source-{size}", size)
        back = os.path.join(here, f"back-{size}")
        folder.upload(source, f"of/{size}.bin", chunk_size=chunk)
        if size == 0:
            # The client cannot download an empty file: it seeks to -1. The caller looks at it.
            continue
        folder.download(f"of/{size}.bin", back, chunk_size=chunk)
        if session.digest(source) != session.digest(back):
            sys.exit(f"{size} bytes in chunks of {chunk} came back changed")
        os.remove(source)
        os.remove(back)
    listed = folder.ls("of")
    if sorted(listed["files"]) != sorted(f"{size}.bin" for size, _ in CASES):
        sys.exit(f"the listing says {listed}")
print(folder.filesystem_id)
