-- Asks for many different things: the path with a number behind it, the number by Zipf's law.
dofile("/opt/wrk.lua")

local requests, shares = {}, {}
local threads = 0

-- Otherwise all threads ask for the same things in the same order, and wait for each other.
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init(arguments)
  math.randomseed(seed)
  local total = 0
  for rank = 1, tonumber(arguments[1]) do
    total = total + 1 / rank
    shares[rank] = total
    requests[rank] = wrk.format("GET", wrk.path .. rank)
  end
end

function request()
  local point, low, high = math.random() * shares[#shares], 1, #shares
  while low < high do
    local middle = math.floor((low + high) / 2)
    if shares[middle] < point then low = middle + 1 else high = middle end
  end
  return requests[low]
end
