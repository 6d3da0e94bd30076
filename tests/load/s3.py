"""Just enough S3 for the yardstick: presigned URLs (Signature Version 4) and a timed listing.

    s3.py presign METHOD COUNT KEY...   one URL a line; KEY may hold {n}
    s3.py list PREFIX                   seconds for a whole ListObjectsV2, and the number of keys
    s3.py bucket                        makes the bucket

The endpoint is in S3_URL, S3_BUCKET, S3_KEY and S3_SECRET.
"""

import datetime
import hashlib
import hmac
import http.client
import os
import re
import sys
import time
import urllib.parse

URL = urllib.parse.urlsplit(os.environ["S3_URL"])
BUCKET, KEY, SECRET = (os.environ[name] for name in ("S3_BUCKET", "S3_KEY", "S3_SECRET"))
REGION = "us-east-1"


def signed(method, key, query=()):
    """Path and query of a URL that is good for a day."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    scope = f"{day}/{REGION}/s3/aws4_request"
    fields = dict(query) | {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{KEY}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": "86400",
        "X-Amz-SignedHeaders": "host",
    }
    quoted = "&".join(f"{urllib.parse.quote(k, safe='')}={urllib.parse.quote(v, safe='')}" for k, v in sorted(fields.items()))
    path = urllib.parse.quote(f"/{BUCKET}/{key}" if key else f"/{BUCKET}")
    request = "\n".join([method, path, quoted, f"host:{URL.netloc}", "", "host", "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = ("AWS4" + SECRET).encode()
    for part in (day, REGION, "s3", "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return f"{path}?{quoted}&X-Amz-Signature={hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()}"


def ask(connection, method, target):
    connection.request(method, target)
    response = connection.getresponse()
    body = response.read()
    if response.status >= 300:
        sys.exit(f"{method} {target.split('?')[0]}: {response.status} {body[:300]!r}")
    return body


def listing(prefix):
    connection = http.client.HTTPConnection(URL.netloc)
    began, keys, token = time.monotonic(), 0, None
    while True:
        query = {"list-type": "2", "prefix": prefix, "delimiter": "/"} | ({"continuation-token": token} if token else {})
        body = ask(connection, "GET", signed("GET", "", query.items())).decode()
        keys += body.count("<Key>")
        found = re.search("<NextContinuationToken>(.*?)</NextContinuationToken>", body)
        if not found:
            print(f"{time.monotonic() - began:.3f} {keys}")
            return
        token = found.group(1).replace("&amp;", "&")


verb, args = sys.argv[1], sys.argv[2:]
if verb == "presign":
    for key in args[2:]:
        for n in range(int(args[1])):
            print(URL.geturl() + signed(args[0], key.replace("{n}", str(n))))
elif verb == "list":
    listing(args[0])
elif verb == "bucket":
    ask(http.client.HTTPConnection(URL.netloc), "PUT", signed("PUT", ""))
