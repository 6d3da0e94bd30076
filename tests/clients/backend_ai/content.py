"""Files and directories of one user, through every command that there is for them."""

from generations import FILES, HAS, VERSION, brings


def files(ann):
    """Up, looked at, down: equal by hash."""
    for path, content in FILES.items():
        ann.writes(path, content)
    # 20.9.9 uploads the first of several files and forgets the others.
    runs = [[path] for path in FILES] if VERSION == "20.9.9" else [list(FILES)]
    for paths in runs:
        ann.does("upload", "photos", *paths, says="Done")
    ann.does("ls", "photos", says=(r"large\.bin +3000017 ", r"empty\.bin +0 ", r"sub "), hides="b b.bin")
    ann.does("ls", "photos", "sub", says=r"b b\.bin +90000 ", hides="large")
    ann.fails("ls", "photos", "nowhere")
    ann.does("info", "photos", says="Number of files: 4")
    brings(ann, "photos", FILES)
    ann.fails("download", "photos", "nowhere.txt", says=("404", "not found|No such"))
    if VERSION == "20.3.10":
        ann.does("request-download", "photos", "small.txt", says=r"token: \S{20}")


def directories(ann):
    """`mkdir`, and what newer ones do beside it."""
    if "mv" not in HAS:
        ann.does("mkdir", "photos", "a/b", says="Done")
        ann.does("ls", "photos", "a", says=r"\bb +0 .*drwx")
        return
    ann.fails("mkdir", "photos", "a/b", says="422")
    ann.fails("ls", "photos", "a")
    ann.does("mkdir", "photos", "-p", "a/b", says="Successfully created|Done", hides="[Ff]ail")
    ann.does("ls", "photos", "a", says=r"\bb +0 .*drwx")
    ann.fails("mkdir", "photos", "a/b", says="422")
    ann.does("mkdir", "photos", "-e", "a/b", hides="[Ff]ail")
    if VERSION == "23.9.10":
        return
    ann.does("mkdir", "photos", "-e", "a/b", "c", says=("a/b", "c"), hides="[Ff]ail")
    ann.does("mkdir", "photos", "c", "d", says=(r"(?m)^d$", "Failed to create", "`c` already exists"))
    ann.does("rm", "photos", "-r", "c", "d", answers="y\n")


def names_of_files(ann):
    """Renaming, moving and deleting files."""
    if "rename-file" in HAS:
        ann.does("rename-file", "photos", "small.txt", "tiny.txt", says="Renamed")
        ann.does("ls", "photos", says=r"tiny\.txt +5 ", hides=r"small\.txt")
        brings(ann, "photos", {"tiny.txt": FILES["small.txt"]})
        ann.fails("rename-file", "photos", "tiny.txt", "large.bin", says="40[09]")
        ann.does("rename-file", "photos", "tiny.txt", "small.txt")
    if "mv" in HAS:
        ann.does("mv", "photos", "large.bin", "a/b", says="Moved")
        ann.does("ls", "photos", hides=r"large\.bin")
        brings(ann, "photos", {"a/b/large.bin": FILES["large.bin"]})
        ann.does("mv", "photos", "a/b/large.bin", "large.bin")
        ann.fails("mv", "photos", "nowhere", "a")
    ann.fails("rm", "photos", "a", answers="y\n", says=("400", "recursive|[Ff]ailed"))
    ann.does("ls", "photos", "a", says=r"\bb\b")
    ann.does("rm", "photos", "-r", "a", answers="y\n", says="Done")
    ann.does("ls", "photos", hides=r"\ba\b", says="small")
    ann.run("rm", "photos", "empty.bin", answers="n\n")
    ann.does("ls", "photos", says=r"empty\.bin")
    ann.does("rm", "photos", "empty.bin", answers="y\n", says="Done")
    ann.does("ls", "photos", says=r"small\.txt", hides=r"empty\.bin")
