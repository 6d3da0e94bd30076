"""Every `vfolder` command of one generation with two users: `commands.py VERSION`.

ANN_* and BOB_* name their keys, FOLDERBRIDGE_URL the server. Ends with the first thing that is not as it
must be. A command that the generation has and that was not run is a failure too.
"""

import re
import shutil

from clones import clones, followed
from command_line import User, load, pattern
from content import directories, files, names_of_files
from deletions import binned, deleted, namesakes, purged
from generations import DENIED, FILES, HAS, KEPT, UNDONE, VERSION, brings, create


def has_all_commands(ann):
    """What the program says that it can do is what the table says."""
    said = ann.does("--help")
    ann.commands.clear()
    listed = re.search(r"\{([a-z,-]+)\}", said)
    if listed:
        found = set(listed.group(1).split(",")) - {"delete-file"}
    else:
        found = set(re.findall(r"^  ([a-z-]+)", said.split("Commands:")[1], re.MULTILINE))
    assert found == HAS, "{} has other commands: {}".format(VERSION, sorted(found ^ HAS))


def folders(ann, bob):
    """Making folders, and who sees them."""
    if "list-hosts" in HAS:
        ann.does("list-hosts", says=("Default vfolder host: folderbridge", "Usable hosts: folderbridge"))
    if "list-allowed-types" in HAS:
        ann.does("list-allowed-types", says=r"(?m)^\['user'\]$")
    ann.does(*create(ann, "photos"), says='Virtual folder "photos" is created')
    ann.fails(*create(ann, "photos"), says=("400", "already exists"))
    ann.does("list", says=r"\bphotos\b.*\b(wd|rw|True)\b")
    ann.does("info", "photos", says=('"photos"', "Owner: True", "Number of files: 0"))
    bob.lists("list", hides="photos")
    bob.fails("info", "photos", says=DENIED)
    if "list-own" in HAS:
        ann.does("list-own", says=r"photos .* ann@example.org")
        ann.lists("list-invited", hides="photos")
        ann.lists("list-project", hides="photos")


def sees_nothing(bob, folder="photos"):
    """Somebody else's folder is not there."""
    bob.lists("list", hides=folder)
    bob.fails("info", folder, says=DENIED)
    bob.fails("ls", folder, says=DENIED, hides=r"small\.txt")
    bob.fails("download", folder, "small.txt", says=DENIED)
    if "clone" in HAS:
        bob.fails("clone", folder, "mine", "folderbridge", says=DENIED)
        bob.fails("update-options", folder, "--set-cloneable", "true", says=DENIED)
    cannot_write(bob, folder)


def cannot_write(bob, folder="photos"):
    """Neither a stranger nor a reader changes anything."""
    bob.writes("more.txt", b"more")
    bob.fails("upload", folder, "more.txt", says=DENIED)
    bob.fails("rm", folder, "small.txt", answers="y\n", says=DENIED)
    bob.fails("mkdir", folder, "more", says=DENIED)
    bob.fails("invite", folder, "ann@example.org", says="40")
    bob.fails("delete", folder, says=DENIED)
    if "rename-file" in HAS:
        bob.fails("rename-file", folder, "small.txt", "mine.txt", says=DENIED)
    if "mv" in HAS:
        bob.fails("mv", folder, "small.txt", "mine.txt", says=DENIED)


def is_whole(ann):
    """Whatever others tried, the folder is as its owner left it."""
    ann.does("ls", "photos", says=(r"small\.txt +5 ", r"large\.bin"), hides="more|mine")
    brings(ann, "photos", {"small.txt": FILES["small.txt"]})


def invited(ann, permission="ro", folder="photos"):
    ann.does("invite", folder, "-p", permission, "bob@example.org", says="Invitation sent to:\\s+- bob@example.org")


def invitations(ann, bob):
    """Refused, cancelled by either, and made twice."""
    ann.fails("invite", "photos", "nobody@example.org", says="404")
    ann.fails("invite", "photos", "ann@example.org", says="400")
    bob.does("invitations", says="No invitations")
    invited(ann)
    ann.does("invite", "photos", "-p", "rw", "bob@example.org", says="No users found. Invitation was not sent")
    bob.does("invitations", answers="1\nc\n", says=(r"\[1\] ann@example.org, \w{32}, read-only",), hides=r"\[2\]")
    sees_nothing(bob)
    bob.does("invitations", answers="1\nr\n", says=r"\[1\] ann@.*[Cc]hoose|rejected|deleted")
    bob.does("invitations", says="No invitations")
    sees_nothing(bob)
    invited(ann)
    # No command cancels an invitation that one has sent.
    which = bob.session(lambda session: session.VFolder.invitations()["invitations"][0]["id"])
    ann.session(lambda session: session.VFolder.delete_invitation(which))
    bob.does("invitations", says="No invitations")


def accepted(ann, bob):
    """A folder of the same name is in the way; then the reader reads and does nothing else."""
    invited(ann)
    bob.does(*create(bob, "photos"))
    bob.fails("invitations", answers="1\na\n", says="40[09]")
    bob.does("ls", "photos", hides="small")
    if "rename" in HAS:
        bob.does("rename", "photos", "own", says="Renamed")
    else:
        bob.does("delete", "photos")
    bob.does("invitations", answers="1\na\n", says=r"\[1\] ann@example.org, \w{32}, read-only")
    bob.does("invitations", says="No invitations")
    bob.does("list", says=r"\bphotos\b.*\bro\b")
    bob.does("info", "photos", says=("Owner: False", "Permission: ro", "Number of files: 3"))
    bob.does("ls", "photos", says=(r"small\.txt +5 ", r"large\.bin +3000017 "))
    brings(bob, "photos", KEPT)
    cannot_write(bob)
    is_whole(ann)
    ann.fails("invite", "photos", "bob@example.org", says="400")
    if "list-invited" in HAS:
        bob.does("list-invited", says=r"photos .* ann@example.org .* ro ", hides=r"\bown\b")
        bob.does("list-own", says=r"\bown\b", hides="photos")
        bob.lists("list-invited", "--filter", 'permission == "READ_WRITE"', hides="photos")
        bob.does("list", "--filter", 'name like "pho%" & permission in ["READ_ONLY"]', says="photos", hides=r"\bown\b")


def renamed(ann, bob):
    """A name is one's own: the other's stays."""
    if "rename" not in HAS:
        return
    bob.does("rename", "photos", "theirs", says="Renamed")
    bob.does("ls", "theirs", says=r"small\.txt")
    bob.fails("ls", "photos", says=DENIED)
    ann.does("ls", "photos", says=r"small\.txt")
    bob.does("rename", "theirs", "photos")
    ann.does("rename", "photos", "pictures", says="Renamed")
    ann.fails("info", "photos", says=DENIED)
    ann.does("ls", "pictures", says=r"small\.txt")
    ann.does("rename", "pictures", "photos")


def left(ann, bob):
    """Who leaves sees nothing any more; those who cannot leave see nothing once it is deleted."""
    if "leave" in HAS:
        # They ask whose it is before they send anything.
        ann.does("leave", "photos", says="You cannot leave a virtual folder you own")
        bob.does("leave", "photos", says="(?i)left")
        sees_nothing(bob)
        is_whole(ann)


def written(ann, bob):
    """A member who may write does, and the owner reads what he wrote."""
    ann.does(*create(ann, "drafts"))
    invited(ann, "rw", "drafts")
    bob.does("invitations", answers="1\na\n", says="read-write")
    content = pattern(70_001, 7)
    bob.writes("work.bin", content)
    bob.does("upload", "drafts", "work.bin", says="Done")
    bob.does("mkdir", "drafts", "made")
    brings(ann, "drafts", {"work.bin": content})
    ann.does("ls", "drafts", says=("work.bin +70001", "made"))
    bob.fails("delete", "drafts", says=DENIED)


def shared(ann, bob):
    """At once, without being asked, and taken back."""
    if "share" not in HAS:
        return
    ann.fails("share", "photos", "nobody@example.org", says="40")
    ann.does("share", "photos", "-p", "ro", "bob@example.org", says="Shared with ro permission to:\\s+- bob@example.org")
    bob.does("list-invited", says=r"photos .* ro ")
    brings(bob, "photos", {"small.txt": FILES["small.txt"]})
    cannot_write(bob)
    ann.does("unshare", "photos", "bob@example.org", says="Unshared from:\\s+- bob@example.org")
    sees_nothing(bob)
    is_whole(ann)


def main():
    ann, bob = User("ann"), User("bob")
    try:
        load(ann)
        has_all_commands(ann)
        folders(ann, bob)
        files(ann)
        directories(ann)
        names_of_files(ann)
        sees_nothing(bob)
        invitations(ann, bob)
        accepted(ann, bob)
        clones(ann, bob)
        renamed(ann, bob)
        left(ann, bob)
        shared(ann, bob)
        written(ann, bob)
        followed(ann)
        deleted(ann, lambda: sees_nothing(bob))
        binned(ann, bob, lambda: sees_nothing(bob))
        namesakes(ann)
        purged(ann)
    finally:
        shutil.rmtree(ann.place)
        shutil.rmtree(bob.place)
    missing = HAS - UNDONE - ann.commands - bob.commands
    assert not missing, "{}: never run: {}".format(VERSION, sorted(missing))
    print("every check passed")


main()
