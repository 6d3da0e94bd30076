"""Create, connect by name, directories, odd names, overwriting, deleting."""

import os
import sys
import tempfile

import session


def check(seen, expected):
    if seen != expected:
        sys.exit(f"seen {seen}, expected {expected}")


engine = session.connect()
created = engine.filesystems.create_filesystem("my files")
check(session.refused(engine.filesystems.create_filesystem, "my files"), 409)
folder = engine.filesystems.connect("my files")
check(folder, created)
check(session.refused(engine.filesystems.connect, "another"), "Filesystem does not exist")

folder.mkdir("empty")
folder.mkdir("empty", ignore_exists=True)
check(folder.ls(), {"directories": ["empty"], "files": []})
check(folder.ls("empty"), {"directories": [], "files": []})

names = ["plain.txt", "with space.txt", "dir/sub dir/ünï cödé.txt", "日本/語 😀.bin", "a+b&c=d%20e.txt", "~tilde'quote\".txt"]
with tempfile.TemporaryDirectory() as here:
    for number, name in enumerate(names):
        source = session.written(here, f"s{number}", 20_000 + number, seed=number)
        # requests reads a `%20` in a path as an escape, as every URL library does: quote it as a user must.
        remote = name.replace("%", "%25")
        folder.upload(source, remote, chunk_size=10_240)
        back = os.path.join(here, f"b{number}")
        folder.download(remote, back, chunk_size=10_240)
        check(session.digest(back), session.digest(source))
    check(sorted(folder.ls()["directories"]), sorted(["empty", "dir", "日本"]))
    check(sorted(folder.ls()["files"]), sorted(name for name in names if "/" not in name))
    check(folder.ls("dir/sub dir"), {"directories": [], "files": ["ünï cödé.txt"]})

    longer = session.written(here, "longer", 50_000, seed=77)
    shorter = session.written(here, "shorter", 30, seed=78)
    for source in (longer, shorter):
        folder.upload(source, "plain.txt")
        back = os.path.join(here, "again")
        folder.download("plain.txt", back)
        check(session.digest(back), session.digest(source))

    folder.delete("plain.txt")
    check("plain.txt" in folder.ls()["files"], False)
    check(session.refused(folder.delete, "plain.txt"), 400)
    folder.delete("dir")
    check("dir" in folder.ls()["directories"], False)
    check("日本" in folder.ls()["directories"], True)
