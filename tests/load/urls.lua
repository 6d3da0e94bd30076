-- wrk: one request after the other from the URLs in the file URLS, with METHOD and, for PUT, 4 KiB.
-- Says at the end how many answers were no success.
local method = os.getenv("METHOD") or "GET"
local body = method == "PUT" and string.rep("x", 4096) or nil
local paths, threads, number = {}, {}, 0

function setup(thread)
    thread:set("first", number)
    number = number + 1
    table.insert(threads, thread)
end

function init()
    refused, turn = 0, first * 37
    for line in io.lines(os.getenv("URLS")) do
        table.insert(paths, (line:gsub("^http://[^/]+", "")))
    end
end

function request()
    turn = turn + 1
    return wrk.format(method, paths[turn % #paths + 1], { Authorization = os.getenv("TOKEN") }, body)
end

function response(status)
    if status >= 300 then refused = refused + 1 end
end

function done()
    local total = 0
    for _, thread in ipairs(threads) do total = total + thread:get("refused") end
    print("refused " .. total)
end
