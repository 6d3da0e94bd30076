"""Folders that go: for good, or into the bin and from there back or away."""

import re

from generations import DENIED, FILES, HAS, KEPT, brings, create

BINNED = r"(?i)\b{}\b.*delete-pending"


def deleted(ann, sees_nothing):
    """With all contents, and for everybody."""
    if "restore" in HAS:
        return
    ann.does("delete", "photos")
    ann.does("list", hides="photos", says="drafts")
    ann.fails("info", "photos", says=DENIED)
    sees_nothing()
    ann.does(*create(ann, "photos"))
    ann.does("info", "photos", says="Number of files: 0")


def binned(ann, bob, sees_nothing):
    """Out of sight, and back with all that was in it, for those who shared it too."""
    if "restore" not in HAS:
        return
    for back in ("restore", "recover"):
        ann.does("delete", "photos", says="Deleted")
        ann.does("list", says=BINNED.format("photos"))
        ann.does("list-own", says=BINNED.format("photos"))
        for command in (["info"], ["ls"], ["delete"], ["rename", "mine"], ["download", "small.txt"]):
            ann.fails(command[0], "photos", *command[1:], says=DENIED)
        sees_nothing()
        leads_out_for_nobody_else(bob)
        ann.does(back, "photos", says="Restored")
        ann.does("list", says=r"\bphotos\b", hides="(?i)delete-pending")
        ann.does("info", "photos", says="Number of files: 3")
        brings(ann, "photos", KEPT)
    ann.does("delete", "drafts")
    bob.lists("list", hides="drafts")
    bob.fails("ls", "drafts", says=DENIED)
    leads_out_for_nobody_else(bob, "drafts")
    ann.does("restore", "drafts")
    bob.does("list", says=r"\bdrafts\b.*\brw\b")
    bob.does("ls", "drafts", says="work.bin +70001")


def leads_out_for_nobody_else(bob, folder="photos"):
    for command in ("restore", "recover", "delete-trash", "purge"):
        bob.fails(command, folder, says=DENIED)


def namesakes(ann):
    """Nothing is restored in the place of another, and who asks is told which is meant."""
    if "restore" not in HAS:
        return
    said = ann.does("info", "photos")
    old = re.search(r"ID: ([0-9a-f-]{32,36})", said).group(1).replace("-", "")
    ann.does("delete", "photos")
    ann.does(*create(ann, "photos"))
    ann.fails("restore", "photos", says=("400", "-?".join(old)))
    ann.fails("restore", old, says=("400", "already exists"))
    ann.does("info", "photos", says="Number of files: 0")
    ann.does("rename", "photos", "newer", says="Renamed")
    ann.does("restore", "photos", says="Restored")
    brings(ann, "photos", KEPT)


def purged(ann):
    """What is in the bin goes for good, and nothing else does."""
    if "restore" not in HAS:
        return
    for command, done in (("delete-trash", "Delete completed"), ("purge", "Purged")):
        ann.fails(command, "photos", says="400")
        brings(ann, "photos", {"small.txt": FILES["small.txt"]})
        ann.does(*create(ann, "waste"))
        ann.writes("small.txt", FILES["small.txt"])
        ann.does("upload", "waste", "small.txt", says="Done")
        ann.does("delete", "waste")
        ann.does(command, "waste", says=done)
        ann.does("list", says="photos", hides="waste")
        for after in ("restore", "purge", "delete-trash"):
            ann.fails(after, "waste", says=DENIED)
