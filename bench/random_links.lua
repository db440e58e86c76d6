-- Random links with real visitors: requests are made once, then sent in random order.
-- THINK_MS > 0 lets each connection wait a random time of that mean before its next request.
local requests = {}
local think_ms = tonumber(os.getenv("THINK_MS") or "0")
local random = math.random

function init(args)
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
  for line in io.lines(os.getenv("REQUESTS")) do
    local path, referrer, agent = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { ["Host"] = "go.example", ["User-Agent"] = agent, ["Accept"] = "text/html",
      ["Accept-Language"] = "en-GB,en;q=0.5", ["Accept-Encoding"] = "gzip, deflate, br" }
    if referrer ~= "" then headers["Referer"] = referrer end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  return requests[random(#requests)]
end

if think_ms > 0 then
  function delay()
    return random(0, math.floor(2 * think_ms + 0.5))
  end
end

function done(summary, latency, requests)
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
      + summary.errors.timeout))
end
