"""Folders made out of others, what is said of their use, and what goes on as a task to its end."""

from generations import HAS, KEPT, VERSION, brings, create

# More than is copied before the answer.
MANY = 1_100


def clones(ann, bob):
    """Of one's own folder and of one that one may only read, where its owner lets others; equal by hash."""
    if "clone" not in HAS:
        return
    # They ask what is said of it before they send anything.
    for user in (ann, bob):
        user.does("clone", "photos", "copy", "folderbridge", says="Clone is not allowed")
        user.lists("list", hides=r"\bcopy\b")
    bob.does("update-options", "photos", "--set-cloneable", "true", says="cannot update .* that you do not own")
    ann.does("info", "photos", says="Clone Allowed: False")
    ann.does("update-options", "photos", "--set-cloneable", "true", says="Updated")
    ann.does("info", "photos", says="Clone Allowed: True")
    ann.fails("clone", "photos", "photos", "folderbridge", says=("400", "already exists"))
    for user in (ann, bob):
        user.does("clone", "photos", "copy", "folderbridge", says="Cloned|complete")
        user.does("info", "copy", says=("Owner: True", "Number of files: 3"))
        brings(user, "copy", KEPT)
        user.does("rm", "copy", "small.txt", answers="y\n", says="Done")
    ann.does("info", "photos", says="Number of files: 3")
    options(ann)
    ann.does("update-options", "photos", "--set-cloneable", "false", says="Updated")
    bob.does("clone", "photos", "another", "folderbridge", says="Clone is not allowed")


def options(ann):
    """What is not named stays."""
    ann.does("update-options", "copy", "-p", "ro", says="Updated")
    ann.does("update-options", "copy", "--set-cloneable", "true", says="Updated")
    ann.does("info", "copy", says=("Permission: ro", "Clone Allowed: True"))


def followed(ann):
    """A clone that goes on as a task: there is all of it when the program ends."""
    # 20.9.9 does not ask how a task goes on.
    if "clone" not in HAS or VERSION == "20.9.9":
        return
    ann.does(*(create(ann, "many") + ["--cloneable"]))
    ann.session(_fill)
    ann.does("info", "many", says="Number of files: {}".format(MANY))
    ann.does("clone", "many", "more", "folderbridge", says=("Cloning the vfolder", "Cloning the vfolder is complete"))
    ann.does("info", "more", says="Number of files: {}".format(MANY))
    brings(ann, "more", {"of/{}.txt".format(number): str(number).encode() for number in (0, MANY // 2, MANY - 1)})


def _fill(session):
    """All files in one form, which no command of newer ones sends."""
    import io

    from ai.backend.client.request import AttachedFile, Request

    async def sent():
        request = Request("POST", "/folders/many/upload")
        numbers = range(MANY)
        request.attach_files([
            AttachedFile("of/{}.txt".format(number), io.BytesIO(str(number).encode()), "text/plain")
            for number in numbers
        ])
        async with request.fetch() as response:
            return response.status

    return session.worker_thread.execute(sent())
