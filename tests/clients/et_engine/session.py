"""What every script here starts with: the published client, pointed at the server under test.

The client opens one file per chunk before it sends the first, so the limit on open files goes up.
Its command line knows only the vendor's address, which is the default of a constructor: changed
here, before the command line is imported. Nothing else of the client is touched.
"""

import hashlib
import os
import resource
import sys

URL = os.environ["FOLDERBRIDGE_URL"] + "/v1"

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = 8192 if _hard == resource.RLIM_INFINITY else min(8192, _hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, _wanted), _hard))

from et_engine import engine as _engine  # noqa: E402

_engine.Engine.__init__.__defaults__ = (URL,)


def connect():
    """The SDK's engine as whoever ET_ENGINE_API_KEY names."""
    return _engine.Engine(base_url=URL)


def become(key):
    """From now on the client sends this key."""
    os.environ["ET_ENGINE_API_KEY"] = key


def written(directory, name, size, seed=1):
    """A local file of that many bytes, no two of its blocks alike. Says its path."""
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        block = 0
        while size > 0:
            data = hashlib.sha512(f"{seed}/{block}".encode()).digest() * 16
            file.write(data[:size])
            size -= len(data)
            block += 1
    return path


def digest(path):
    """What tells two files apart."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refused(action, *args):
    """The status with which the server refuses this; ends the script when it does not refuse."""
    import requests

    try:
        action(*args)
    except requests.exceptions.HTTPError as error:
        return error.response.status_code
    except Exception as error:  # downloads raise a bare Exception with the body as its text
        return str(error)
    sys.exit(f"not refused: {action} {args}")
