"""What Backend.AI clients send in one request, through the published SDK of 20.3.10 and beside it by hand.

    forms.py make DIR COUNT          COUNT files of 4 KiB
    forms.py up DIR COUNT            all of them in one form, by the SDK: seconds
    forms.py down DIR COUNT          all of them in one answer, by the SDK, equal by hash: seconds
    forms.py put|get DIR COUNT       the same directly, one after the other over one connection: seconds
    forms.py large MIB               one file in a form, and back by a link, equal by hash: seconds up, seconds down

URL is the bridge, BACKEND_ACCESS_KEY and BACKEND_SECRET_KEY are of its account; `put` and `get` read presigned
URLs from standard input.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import resource
import sys
import tempfile
import time
import urllib.parse

URL = urllib.parse.urlsplit(os.environ["URL"])
FOLDER = "forms"
VERSION = "v5.20191215"
MIB = 1 << 20

_hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))


def content(n):
    return hashlib.shake_128(str(n).encode()).digest(4096)


def names(count):
    return [f"f{n:05}.bin" for n in range(count)]


def make(directory, count):
    for n, name in enumerate(names(count)):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(content(n))


def by_sdk(action):
    from ai.backend.client.session import Session

    with Session() as session:
        began = time.monotonic()
        action(session.VFolder(FOLDER))
        return time.monotonic() - began


def up(directory, count):
    paths = [os.path.join(directory, name) for name in names(count)]
    print(f"{by_sdk(lambda folder: folder.upload(paths, basedir=directory)):.2f}")


def down(_, count):
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        seconds = by_sdk(lambda folder: folder.download(names(count)))
        for n, name in enumerate(names(count)):
            with open(name, "rb") as file:
                if file.read() != content(n):
                    sys.exit(f"{name} is another file")
    print(f"{seconds:.2f}")


def direct(method, count):
    urls = [line.strip() for line in sys.stdin][:count]
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(urls[0]).netloc)
    began = time.monotonic()
    for n, url in enumerate(urls):
        connection.request(method, "/" + url.split("/", 3)[3], content(n) if method == "PUT" else None)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 300 or (method == "GET" and body != content(n)):
            sys.exit(f"{method}: {answer.status}")
    print(f"{time.monotonic() - began:.2f}")


def sign(method, target, kind):
    now = datetime.datetime.now(datetime.timezone.utc)
    date, nothing = now.isoformat(), hashlib.sha256(b"").hexdigest()
    lines = [method, target, date, f"host:{URL.netloc}", f"content-type:{kind}", f"x-backendai-version:{VERSION}", nothing]
    key = os.environ["BACKEND_SECRET_KEY"].encode()
    for part in (now.strftime("%Y%m%d"), URL.netloc):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    credential = f"{os.environ['BACKEND_ACCESS_KEY']}:{signature}"
    return {
        "Date": date,
        "X-BackendAI-Version": VERSION,
        "Authorization": f"BackendAI signMethod=HMAC-SHA256, credential={credential}",
    }


def asked(method, target, kind, body=None):
    connection = http.client.HTTPConnection(URL.netloc)
    boundary = "; boundary=XX" if kind.startswith("multipart") else ""
    connection.request(method, target, body, sign(method, target, kind) | {"Content-Type": kind + boundary})
    answer = connection.getresponse()
    if answer.status >= 300:
        sys.exit(f"{method} {target}: {answer.status} {answer.read()!r}")
    return answer


def large(mebibytes):
    sent, piece = hashlib.sha256(), hashlib.shake_128(b"large").digest(MIB)

    def form():
        yield b'--XX\r\nContent-Disposition: form-data; name="src"; filename="large.bin"\r\n\r\n'
        for n in range(mebibytes):
            block = n.to_bytes(8, "big") + piece[8:]
            sent.update(block)
            yield block
        yield b"\r\n--XX--\r\n"

    began = time.monotonic()
    asked("POST", f"/folders/{FOLDER}/upload", "multipart/form-data", form())
    stored = time.monotonic()
    body = json.dumps({"file": "large.bin"})
    link = json.load(asked("POST", f"/folders/{FOLDER}/request_download", "application/json", body))
    connection, found = http.client.HTTPConnection(URL.netloc), hashlib.sha256()
    connection.request("GET", f"{urllib.parse.urlsplit(link['url']).path}?token={link['token']}")
    answer = connection.getresponse()
    while block := answer.read(MIB):
        found.update(block)
    if found.digest() != sent.digest():
        sys.exit("another file came back")
    print(f"{stored - began:.2f} {time.monotonic() - stored:.2f}")


verb, args = sys.argv[1], sys.argv[2:]
if verb == "large":
    large(int(args[0]))
elif verb in ("put", "get"):
    direct(verb.upper(), int(args[1]))
else:
    {"make": make, "up": up, "down": down}[verb](args[0], int(args[1]))
