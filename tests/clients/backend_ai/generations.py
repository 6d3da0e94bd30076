"""What each published generation can do, and what all of them are tried with."""

import os
import sys

from command_line import digest, pattern

FROM_18_12 = {"list", "create", "delete", "info", "upload", "download", "cp", "mkdir", "rm", "ls", "invite",
              "invitations"}
FROM_19_3 = FROM_18_12 | {"list-hosts", "rename"}
FROM_19_9 = FROM_19_3 | {"list-allowed-types", "rename-file"}
FROM_20_3 = FROM_19_9 | {"leave", "request-download"}
FROM_20_9 = FROM_20_3 | {"clone", "update-options"}
FROM_23_9 = FROM_20_9 | {"mv", "share", "unshare", "list-own", "list-invited", "list-project"}
FROM_25_5 = FROM_23_9 | {"delete-trash", "purge", "recover", "restore"}

COMMANDS = {
    "1.4.2": FROM_18_12, "18.12.3": FROM_18_12, "19.3.2": FROM_19_3, "19.9.10": FROM_19_9, "20.3.10": FROM_20_3,
    "20.9.9": FROM_20_9, "23.9.10": FROM_23_9, "25.5.2": FROM_25_5, "26.9.6": FROM_25_5,
}
# What ends in the client before it sends anything: no generation has a copy, and only one the library's half
# of `request-download`.
UNDONE = {"cp", "request-download"}
FILES = {"small.txt": b"hello", "empty.bin": b"", "large.bin": pattern(3_000_017, 1), "sub/b b.bin": pattern(90_000, 2)}
# What is left of them once all commands for files were tried.
KEPT = {path: FILES[path] for path in FILES if path != "empty.bin"}
DENIED = ("404", "no such virtual folder|No such object")
VERSION = sys.argv[1]
HAS = COMMANDS[VERSION]


def create(user, name):
    host = [] if VERSION == "1.4.2" else ["folderbridge"]
    return ["create", name] + host


def brings(user, folder, expected):
    """Downloads files and compares them."""
    for path in expected:
        local = os.path.join(user.place, path)
        if os.path.exists(local):
            os.remove(local)
        # Newer ones do not make the directories of what they download.
        os.makedirs(os.path.dirname(local), exist_ok=True)
    user.does("download", folder, *expected)
    for path, content in expected.items():
        assert user.takes(path) == digest(content), "{}: `{}` is another file".format(VERSION, path)
