#!/bin/bash
# Prepares MinIO for the bridge, once or again: the bucket, the rules that clear what crashes leave,
# and a user that can reach this bucket only. Needs nothing that is not in the MinIO image.
set -euo pipefail
here=$(dirname "$0")
bucket=${FOLDERBRIDGE_BUCKET:-folderbridge}

until mc alias set store "$MINIO_ENDPOINT" "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null 2>&1; do
    echo "waiting for $MINIO_ENDPOINT"
    sleep 1
done

mc mb --ignore-existing "store/$bucket"
mc ilm rule import "store/$bucket" < "$here/lifecycle.json"
policy=$(cat "$here/policy.json")
printf '%s\n' "${policy//BUCKET/$bucket}" > /tmp/policy.json
mc admin policy create store "folderbridge-$bucket" /tmp/policy.json
mc admin user add store "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
mc admin policy attach store "folderbridge-$bucket" --user "$AWS_ACCESS_KEY_ID" >/dev/null 2>&1 \
    || echo "the policy is attached already"
echo "bucket $bucket is ready"
