"""The published command line of one generation, run as one user or another.

A run is the program's own script, unchanged, in a fork of a Python that has its modules loaded: loading
them takes newer generations seconds, and there are some hundred runs. Works on every Python from 3.6.
"""

import hashlib
import importlib
import os
import re
import runpy
import sys
import tempfile
import traceback

SCRIPT = os.path.join(os.path.dirname(sys.executable), "backend.ai")
ENVIRONMENT = {
    "BACKEND_ENDPOINT": os.environ["FOLDERBRIDGE_URL"],
    "BACKEND_ENDPOINT_TYPE": "api",
    "BACKEND_SKIP_SSLCERT_VALIDATION": "yes",
    # Tables are as wide as they want to be.
    "COLUMNS": "400",
}


def load(user):
    """What every run needs, once: what is loaded after a first one."""
    runpy.run_path(SCRIPT, run_name="loaded")
    names = os.path.join(user.place, "modules")

    def action():
        try:
            sys.argv = [SCRIPT, "vfolder", "list"]
            runpy.run_path(SCRIPT, run_name="__main__")
        finally:
            with open(names, "w") as file:
                file.write("\n".join(sys.modules))
        return 0

    _forked(action, user.place, user.environment, "")
    with open(names) as file:
        loaded = [name for name in file.read().splitlines() if not name.startswith("__")]
    for name in loaded:
        try:
            importlib.import_module(name)
        except ImportError:
            # Some are no modules of their own.
            continue


def _forked(action, place, environment, answers):
    """Does something in a process of its own; says its exit code and what it printed."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as asked:
        asked.write(answers.encode())
        asked.seek(0)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.dup2(asked.fileno(), 0)
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                os.chdir(place)
                os.environ.update(environment)
                code = action()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code or 0)
        status = os.waitpid(child, 0)[1]
        said.seek(0)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1, said.read().decode("utf-8", "replace")


class User:
    """Somebody with keys and a directory of his own."""

    def __init__(self, name):
        self.email = name + "@example.org"
        self.place = tempfile.mkdtemp(prefix=name)
        keys = ("BACKEND_ACCESS_KEY", "BACKEND_SECRET_KEY")
        self.environment = dict(ENVIRONMENT, HOME=self.place)
        self.environment.update((key, os.environ["{}_{}".format(name.upper(), key)]) for key in keys)
        self.commands = set()

    def run(self, *arguments, answers=""):
        """`backend.ai vfolder ARGUMENTS...`: its exit code and what it printed."""
        self.commands.add(arguments[0])

        def action():
            sys.argv = [SCRIPT, "vfolder"] + list(arguments)
            runpy.run_path(SCRIPT, run_name="__main__")
            return 0

        return _forked(action, self.place, self.environment, answers)

    def does(self, *arguments, answers="", says=(), hides=()):
        """A command that must succeed, with what must be in its output and what must not."""
        code, said = self.run(*arguments, answers=answers)
        self._check(code == 0 and "Traceback" not in said, arguments, code, said)
        self._look(arguments, code, said, says, hides)
        return said

    def lists(self, *arguments, hides):
        """A list without something; two generations call an empty one an error."""
        code, said = self.run(*arguments)
        self._check((code == 0 and "Traceback" not in said) or "NoItems" in said, arguments, code, said)
        self._look(arguments, code, said, (), hides)

    def fails(self, *arguments, answers="", says=(), hides=()):
        """A command that must be refused by the server, and say so."""
        code, said = self.run(*arguments, answers=answers)
        self._check(code != 0 or arguments[0] == "ls", arguments, code, said)
        self._check("Traceback" not in said, arguments, code, said)
        self._look(arguments, code, said, says or ("40",), hides)
        return said

    def session(self, action):
        """Something that the library can do and no command does; says what it printed."""

        def in_a_session():
            from ai.backend.client.session import Session

            with Session() as session:
                print("\nanswer: " + str(action(session)))
            return 0

        code, said = _forked(in_a_session, self.place, self.environment, "")
        self._check(code == 0, ("a session",), code, said)
        return re.search("(?m)^answer: (.*)$", said).group(1)

    def _look(self, arguments, code, said, says, hides):
        for part in [says] if isinstance(says, str) else says:
            self._check(re.search(part, said), arguments, code, "no `{}` in: {}".format(part, said))
        for part in [hides] if isinstance(hides, str) else hides:
            self._check(not re.search(part, said), arguments, code, "`{}` in: {}".format(part, said))

    def _check(self, holds, arguments, code, said):
        if not holds:
            raise AssertionError("{}: vfolder {}: exit code {}: {}".format(self.email, arguments, code, said))

    def writes(self, path, content):
        """A file in the user's directory."""
        path = os.path.join(self.place, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def takes(self, path):
        """What tells a file in the user's directory from others; the file is gone then."""
        places = [os.path.join(self.place, path), os.path.join(self.place, os.path.basename(path))]
        found = [place for place in places if os.path.isfile(place)]
        if not found:
            raise AssertionError("{}: `{}` did not come".format(self.email, path))
        with open(found[0], "rb") as file:
            content = file.read()
        os.remove(found[0])
        return digest(content)


def digest(content):
    """What tells this content from others."""
    return hashlib.sha256(content).hexdigest()


def pattern(size, seed):
    """That many bytes, no two blocks alike."""
    blocks = (hashlib.sha512("{}/{}".format(seed, block).encode()).digest() for block in range(size // 64 + 1))
    return b"".join(blocks)[:size]
