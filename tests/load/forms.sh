# Part of tests/load/run: what clients of Backend.AI send in one request: FORM_FILES files of 4 KiB in one form, all
# of them back in one answer, and a file of LARGE_MIB in a form.

: "${FORM_FILES:=10000}" "${LARGE_MIB:=5120}"
cache=${FOLDERBRIDGE_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/folderbridge-ci}
sdk=${FOLDERBRIDGE_BACKEND_AI:-$cache/backend-ai}/20.3.10/bin/python
echo
echo "Forms of Backend.AI clients"
[ -x "$sdk" ] || { echo "left out: run tests/clients/backend_ai/install"; return 0; }

admin() { curl -fsS -H 'Authorization: Bearer an-admin-token-of-the-load' -H 'Content-Type: application/json' "$@"; }
read -r BACKEND_ACCESS_KEY BACKEND_SECRET_KEY forms_token < <(admin "$URL/admin/v1/accounts" -d '{"email": "forms@example.org"}' |
    python3 -c 'import json, sys; a = json.load(sys.stdin); print(a["access_key"], a["secret_key"], a["api_token"])')
export BACKEND_ACCESS_KEY BACKEND_SECRET_KEY BACKEND_ENDPOINT=$URL BACKEND_ENDPOINT_TYPE=api
forms=$(curl -fsS -H "Authorization: $forms_token" "$URL/filesystems" -d '{"filesystem_name": "forms"}' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["filesystem_id"])')
admin -X PATCH "$URL/admin/v1/folders/$forms/limits" -d '{"max_bytes": 1099511627776, "max_files": 1000000}' >/dev/null
form() { "$sdk" -W ignore "$here/forms.py" "$@"; }

mkdir "$work/form"
form make "$work/form" "$FORM_FILES"
put=$(presign PUT "$FORM_FILES" 'forms/f{n}' | form put - "$FORM_FILES")
say "$FORM_FILES PUT of 4 KiB direct, one by one" "$put s"
forget_peak
up=$(form up "$work/form" "$FORM_FILES")
say "one form of them, x direct, most resident" "$up s, $(ratio "$put" "$up"), $(peak)"
get=$(presign GET "$FORM_FILES" 'forms/f{n}' | form get - "$FORM_FILES")
say "$FORM_FILES GET direct, one by one" "$get s"
forget_peak
down=$(form down "$work/form" "$FORM_FILES")
say "one answer with them, x direct, most resident" "$down s, $(ratio "$get" "$down"), $(peak)"
forget_peak
read -r up down < <(form large "$LARGE_MIB")
say "$LARGE_MIB MiB in a form and back, equal by hash" "$up s, $down s; most resident $(peak)"
