-- The game around examples/gmod-module/store.lua: one player joins.

local hooks = {}
local printed

hook = { Add = function(event, name, run) hooks[event .. "." .. name] = run end }
function ErrorNoHalt(problem) check(false, "the-example-starts", problem) end
function MsgN() end
function IsValid(entity) return entity ~= nil end
function print(...) printed = table.concat({ ... }, " ") end

local load_module = require
function require(name)
  load_module(name)
  local start = paynow.start
  -- The key comes from the environment here.
  paynow.start = function(settings)
    check(settings.store_id == "411486491630370816" and settings.api_key_file ~= nil, "the-example-names-store-and-key")
    return start()
  end
end

function tick() return pcall(hooks["Think.paynow"]) end

function join()
  hooks["PlayerInitialSpawn.store"]({
    IsBot = function() return false end,
    SteamID64 = function() return "76561198012345678" end,
    Nick = function() return "GordonF" end,
  })
end

function is_printed() return printed ~= nil end
function judge() check(printed == "GordonF is customer 424710168903683004", "the-example-finds-the-customer", printed) end
