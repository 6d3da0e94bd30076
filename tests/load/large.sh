# Part of tests/load/run: streams of 1 GiB, and what many at once need.

size=$((MIB * 1024 * 1024))
big=$work/big
head -c $size /dev/urandom > "$big"
split -b 8M -d -a 4 "$big" "$work/chunks/c"

# chunks PATH UPLOAD: sends the chunks as the SDK does, 8 MiB each and five at a time.
chunks() {
    local start=0 length config=$work/chunks.config
    : > "$config"
    for chunk in "$work"/chunks/c*; do
        length=$(stat -c %s "$chunk")
        printf 'url = "%s/filesystems/%s/files/%s"\nupload-file = "%s"\nheader = "Authorization: %s"\nheader = "Content-Range: [%s]:%d-%d"\nfail\nsilent\nshow-error\nnext\n' \
            "$URL" "$FS" "$1" "$chunk" "$TOKEN" "$2" $start $((start + length)) >> "$config"
        start=$((start + length))
    done
    sed -i '$d' "$config"
    curl --no-progress-meter --parallel --parallel-max 5 --parallel-immediate -K "$config"
}

echo
echo "$MIB MiB, seconds (best of 2)"
best() { sort -n | head -1; }
direct_up=$(for _ in 1 2; do seconds -T "$big" "$(presign PUT 1 direct/big)"; echo; done | best)
direct_down=$(for _ in 1 2; do seconds "$(presign GET 1 direct/big)"; echo; done | best)

before=$(cpu)
bridge_up=$(for _ in 1 2; do
    upload=$(started one $size)
    began=$(date +%s.%N)
    call "$URL/filesystems/$FS/files/one" -T "$big" -H "Content-Range: [$upload]:0-$size"
    completed one "$upload"
    python3 -c "import sys; print(float(sys.argv[2]) - float(sys.argv[1]))" "$began" "$(date +%s.%N)"
done | best)
up_cpu=$(python3 -c "print(f'{($(cpu) - $before) / 2:.2f}')")

forget_peak
upload=$(started many $size)
began=$(date +%s.%N)
chunks many "$upload"
completed many "$upload"
chunked_up=$(python3 -c "print(f'{$(date +%s.%N) - $began:.3f}')")
chunked_peak=$(peak)

before=$(cpu)
bridge_down=$(for _ in 1 2; do seconds -H "Authorization: $TOKEN" "$URL/filesystems/$FS/files/many"; echo; done | best)
down_cpu=$(python3 -c "print(f'{($(cpu) - $before) / 2:.2f}')")
call "$URL/filesystems/$FS/files/many" | cmp - "$big"

say "up: direct / bridge, one chunk / x direct" "$direct_up / $bridge_up / $(ratio "$direct_up" "$bridge_up") ($up_cpu CPU s)"
say "up: bridge, 8 MiB chunks / x direct" "$chunked_up / $(ratio "$direct_up" "$chunked_up")"
say "down: direct / bridge / x direct" "$direct_down / $bridge_down / $(ratio "$direct_down" "$bridge_down") ($down_cpu CPU s)"
say "most memory in the chunked upload" "$chunked_peak"

# Every upload is two chunks of 8 MiB, all of them under way at once.
forget_peak
: > "$work/parallel.config"
for n in $(seq "$PARALLEL"); do
    started "p$n" 16777216 > "$work/upload-$n"
    for start in 0 8388608; do
        printf 'url = "%s/filesystems/%s/files/p%d"\nupload-file = "%s"\nheader = "Authorization: %s"\nheader = "Content-Range: [%s]:%d-%d"\nfail\nsilent\nshow-error\nnext\n' \
            "$URL" "$FS" "$n" "$work/chunks/c0000" "$TOKEN" "$(cat "$work/upload-$n")" $start $((start + 8388608)) >> "$work/parallel.config"
    done
done
sed -i '$d' "$work/parallel.config"
began=$(date +%s.%N)
curl --no-progress-meter --parallel --parallel-max $((2 * PARALLEL)) --parallel-immediate -K "$work/parallel.config"
for n in $(seq "$PARALLEL"); do completed "p$n" "$(cat "$work/upload-$n")"; done
say "$PARALLEL uploads of 16 MiB at once: s / peak" "$(python3 -c "print(f'{$(date +%s.%N) - $began:.1f}')") / $(peak)"
