-- lua/autorun/server/store.lua
require("paynow")
local started, why = paynow.start{ store_id = "411486491630370816", api_key_file = "/home/gmod/paynow.key" }
if not started then ErrorNoHalt("paynow: " .. why .. "\n") end

hook.Add("PlayerInitialSpawn", "store", function(ply)
  if ply:IsBot() then return end
  paynow.lookup_customer({ steam_id = ply:SteamID64() }, function(answer, err)
    if not IsValid(ply) then return end                  -- may have left meanwhile
    if err then return print("paynow: " .. err.message) end
    print(ply:Nick(), answer.found and "is customer " .. answer.customer.id or "is not a customer")
  end)
end)
