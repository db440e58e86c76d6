-- Random links with real visitors: requests are made once, then sent in random order.
-- HEADS: a file of whole heads to send instead, as they are.
-- THINK_MS > 0 lets each connection wait a random time of that mean before its next request.
-- PROXIED=1 sends each request as a proxy passes it on: from one of 16 million clients, with an id of its own and in one
-- of the languages below.
local requests = {}
local think_ms = tonumber(os.getenv("THINK_MS") or "0")
local proxied = os.getenv("PROXIED") == "1"
local random = math.random
local languages = { "en-GB,en;q=0.5", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9", "es-ES,es;q=0.9",
  "pt-BR,pt;q=0.9,en-US;q=0.8", "it-IT,it;q=0.9", "ja", "zh-CN,zh;q=0.9", "ru-RU,ru;q=0.9,en;q=0.8", "pl,en;q=0.7",
  "nl-NL,nl;q=0.9", "tr-TR,tr;q=0.9", "sv-SE,sv;q=0.9,en;q=0.8", "ko-KR,ko;q=0.9", "id-ID,id;q=0.9" }

function init(args)
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
  for line in io.lines(os.getenv("REQUESTS")) do
    local path, referrer, agent = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { ["Host"] = "go.example", ["User-Agent"] = agent, ["Accept"] = "text/html",
      ["Accept-Language"] = "en-GB,en;q=0.5", ["Accept-Encoding"] = "gzip, deflate, br" }
    if referrer ~= "" then headers["Referer"] = referrer end
    if proxied then headers["Accept-Language"] = languages[random(#languages)] end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  return requests[random(#requests)]
end

if proxied then
  local direct = init
  function init(args)
    direct(args)
    for number, whole in ipairs(requests) do
      local line, rest = whole:match("^([^\n]*\n)(.*)$")
      requests[number] = { line, rest }
    end
  end

  function request()
    local chosen = requests[random(#requests)]
    local client = "81." .. random(0, 255) .. "." .. random(0, 255) .. "." .. random(0, 255)
    return chosen[1] .. "X-Real-IP: " .. client .. "\r\nX-Forwarded-For: " .. client
      .. "\r\nX-Forwarded-Proto: https\r\nX-Request-ID: "
      .. string.format("%08x%08x%08x%08x", random(0, 2147483647), random(0, 2147483647), random(0, 2147483647),
        random(0, 2147483647)) .. "\r\nVia: 1.1 edge\r\n" .. chosen[2]
  end
end

local heads = os.getenv("HEADS")
if heads and heads ~= "" then
  function init(args)
    math.randomseed(tonumber(os.getenv("SEED") or "1"))
    local file = io.open(heads, "rb")
    for head in file:read("*a"):gmatch("(.-\r\n\r\n)") do requests[#requests + 1] = head end
    file:close()
  end
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
