-- wrk with as many threads as connections: each uploads 4 KiB files by the Filesystems API, three
-- requests a file (start, chunk, complete). Says at the end how many files were completed.
local base, token = os.getenv("FILES"), os.getenv("TOKEN")
local body, threads, number = string.rep("x", 4096), {}, 0

function setup(thread)
    thread:set("me", number)
    number = number + 1
    table.insert(threads, thread)
end

function init()
    step, upload, files, refused = 0, nil, 0, 0
end

function request()
    local path = base .. "/load-" .. me .. "-" .. files
    local headers = { Authorization = token }
    if step == 0 then
        return wrk.format("POST", path, headers, '{"size": 4096}')
    elseif step == 1 then
        headers["Content-Range"] = "[" .. upload .. "]:0-4096"
        return wrk.format("PUT", path, headers, body)
    end
    return wrk.format("POST", path, headers, '{"complete": true, "uploadId": "' .. upload .. '"}')
end

function response(status, _, text)
    if status >= 300 then
        refused, step = refused + 1, 0
        files = files + 1
        return
    end
    if step == 0 then upload = text:match('"uploadId":"(%w+)"') end
    if step == 2 then files = files + 1 end
    step = (step + 1) % 3
end

function done(summary)
    local total, bad = 0, 0
    for _, thread in ipairs(threads) do
        total = total + thread:get("files")
        bad = bad + thread:get("refused")
    end
    print(string.format("files %d in %.3f", total - bad, summary.duration / 1e6))
    print("refused " .. bad)
end
