#!/bin/bash
# Prepares MinIO for the bridge, once or again: the bucket, the rules that clear what crashes leave,
# and a user that can reach this bucket only. Needs nothing that is not in the MinIO image.
set -euo pipefail
here=$(dirname "$0")
bucket=$FOLDERBRIDGE_BUCKET user=$FOLDERBRIDGE_ACCESS_KEY policy=folderbridge-$FOLDERBRIDGE_BUCKET
export MC_CONFIG_DIR=/tmp/mc

# surely COMMAND...: tries for a minute. A cluster that is starting may refuse what it takes a moment later.
surely() {
    local tries=60 said
    until said=$("$@" 2>&1); do
        tries=$((tries - 1))
        if [ "$tries" = 0 ]; then
            echo "$said" >&2
            return 1
        fi
        sleep 1
    done
}

# It can be written to: enough nodes and drives run.
surely curl -fsS "$MINIO_ENDPOINT/minio/health/cluster"
surely mc alias set store "$MINIO_ENDPOINT" "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD"
surely mc mb --ignore-existing "store/$bucket"

template=$(cat "$here/policy.json")
printf '%s\n' "${template//BUCKET/$bucket}" >/tmp/policy.json
surely mc admin policy create store "$policy" /tmp/policy.json
surely mc admin user add store "$user" "$FOLDERBRIDGE_SECRET_KEY"
# Attaching it twice is an error, so what counts is that it is attached.
attached() {
    mc admin policy attach store "$policy" --user "$user" >/dev/null 2>&1 || true
    [[ $(mc admin user info --json store "$user") == *"\"$policy\""* ]]
}
surely attached

import() { mc ilm rule import "store/$bucket" <"$here/lifecycle.json"; }
surely import
echo "bucket $bucket is ready for $user"
