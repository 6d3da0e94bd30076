# Part of tests/load/run: 4 KiB at concurrency 16, and a long listing.

export METHOD URLS
head -c 4096 /dev/urandom > "$work/small"
for n in $(seq 0 63); do
    upload=$(started "s$n" 4096)
    call "$URL/filesystems/$FS/files/s$n" -T "$work/small" -H "Content-Range: [$upload]:0-4096"
    completed "s$n" "$upload"
    curl -fsS -T "$work/small" "$(presign PUT 1 "direct/s$n")"
done

# rate ARGS...: wrk at concurrency 16; requests a second, p50 and p99. Ends the run when one was refused.
rate() {
    wrk -t16 -c16 -d"${SECONDS_EACH}s" --latency "$@" > "$work/wrk.out"
    grep -qx 'refused 0' "$work/wrk.out" || { cat "$work/wrk.out" >&2; return 1; }
    awk '/Requests\/sec/ { rate = $2 } /^ *50%/ { p50 = $2 } /^ *99%/ { p99 = $2 } /^files/ { files = $2 / $4 }
        END { printf "%.0f %s %s %.1f\n", rate, p50, p99, files }' "$work/wrk.out"
}

echo
echo "4 KiB at concurrency 16"
METHOD=GET URLS=$work/get-direct
presign GET 64 'direct/s{n}' > "$URLS"
read -r direct_get p50 p99 _ < <(rate -s "$here/urls.lua" "$S3_URL")
say "GET direct: per second, p50, p99" "$direct_get, $p50, $p99"
URLS=$work/get-bridge
for n in $(seq 0 63); do echo "$URL/filesystems/$FS/files/s$n"; done > "$URLS"
before=$(cpu)
read -r bridge_get p50 p99 _ < <(rate -s "$here/urls.lua" "$URL")
say "GET bridge: per second, p50, p99, x direct" "$bridge_get, $p50, $p99, $(ratio "$bridge_get" "$direct_get")"
say "GET bridge: CPU microseconds each" "$(python3 -c "print(f'{($(cpu) - $before) * 1e6 / ($bridge_get * $SECONDS_EACH):.0f}')")"

METHOD=PUT URLS=$work/put-direct
presign PUT 512 'direct/w{n}' > "$URLS"
read -r direct_put p50 p99 _ < <(rate -s "$here/urls.lua" "$S3_URL")
say "PUT direct: per second, p50, p99" "$direct_put, $p50, $p99"
export FILES=/filesystems/$FS/files/w
read -r requests p50 p99 files < <(rate -s "$here/upload.lua" "$URL")
say "upload bridge: files per second, x direct" "$files, $(ratio "$files" "$direct_put")"
say "upload bridge: requests per second, p50, p99" "$requests, $p50, $p99"

echo
echo "a listing of $ENTRIES entries, seconds"
presign PUT "$ENTRIES" "folders/$FS/long/entry-{n}.bin" > "$work/entries"
sed 's/.*/url = "&"\nrequest = PUT\ndata = ""\nfail\nsilent\nshow-error\nnext/' "$work/entries" | sed '$d' > "$work/entries.config"
curl --no-progress-meter --parallel --parallel-max 16 -K "$work/entries.config"
read -r direct_list keys < <(for _ in 1 2 3; do python3 "$here/s3.py" list "folders/$FS/long/"; done | sort -n | head -1)
[ "$keys" = "$ENTRIES" ] || { echo "the store lists $keys keys" >&2; exit 1; }
forget_peak
bridge_list=$(for _ in 1 2 3; do seconds -H "Authorization: $TOKEN" "$URL/filesystems/$FS/list/long"; echo; done | sort -n | head -1)
found=$(call "$URL/filesystems/$FS/list/long" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["files"]))')
[ "$found" = "$ENTRIES" ] || { echo "the bridge lists $found entries" >&2; exit 1; }
say "direct / bridge / x the time of direct" "$direct_list / $bridge_list / $(ratio "$bridge_list" "$direct_list")"
say "most memory in the listing" "$(peak)"
