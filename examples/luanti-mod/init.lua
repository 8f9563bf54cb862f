-- Knows which players are customers of a PayNow store, and lets other mods ask.
local S = minetest.settings
local insecure = minetest.request_insecure_environment()
if not insecure then
	error("paynow needs LuaJIT's ffi: add paynow to secure.trusted_mods in minetest.conf")
end
local has_ffi, ffi = pcall(insecure.require, "ffi")
if not has_ffi then
	error("paynow needs a server that was built with LuaJIT")
end

local path = minetest.get_modpath("paynow")
-- ffi can do anything. It stays in these locals, out of reach of other mods.
local Bridge = assert(loadfile(path .. "/bridge.lua"))(ffi)
local bridge, problem = Bridge.open(S:get("paynow.library") or path .. "/libpaynow_bridge.so", {
	store_id = S:get("paynow.store_id"),
	api_base = S:get("paynow.api_base"),
	api_key_file = S:get("paynow.api_key_file"),
	api_key_env = not S:get("paynow.api_key_file") and "PAYNOW_API_KEY" or nil,
	user_agent = "luanti-paynow",
})
if not bridge then
	error("paynow: " .. problem)
end
function bridge.on_error(failure)
	minetest.log("error", "[paynow] the answer was not taken: " .. tostring(failure))
end

paynow = {}
local customers = {}
local is_open = true

-- paynow.lookup_customer("minecraft_java_name", "Notch", function(customer, problem) ... end, deadline_ms)
-- See Bridge:lookup_customer.
function paynow.lookup_customer(key, value, done, deadline_ms)
	return bridge:lookup_customer(key, value, done, deadline_ms)
end

-- The customer a player of this server is, if that is known: looked up when they joined.
function paynow.customer_of(player_name)
	return customers[player_name]
end

function paynow.status()
	return { is_open = is_open, waiting = bridge.waiting_count, last_step = bridge:status() }
end

minetest.register_on_joinplayer(function(player)
	local name = player:get_player_name()
	local sent, refusal = bridge:lookup_customer("name", name, function(customer, failure)
		if failure then
			minetest.log("warning", "[paynow] " .. name .. ": " .. failure)
		elseif minetest.get_player_by_name(name) then  -- still here
			customers[name] = customer
		end
	end)
	if not sent then minetest.log("warning", "[paynow] " .. name .. ": " .. refusal) end
end)

minetest.register_on_leaveplayer(function(player)
	customers[player:get_player_name()] = nil
end)

minetest.register_chatcommand("paynow_status", {
	description = "Says whether the store can be asked",
	privs = { server = true },
	func = function()
		local status = paynow.status()
		return true, ("%d requests under way; last step: %s"):format(status.waiting, status.last_step)
	end,
})

-- Steps run on the server's own thread, loading and shutting down on the main one, and a step may come after the
-- shutdown. The library does not mind threads as long as they take turns, which Luanti sees to; a client that was closed
-- answers the late step with "invalid handle".
minetest.register_globalstep(function()
	bridge:step()
end)

minetest.register_on_shutdown(function()
	is_open = false
	bridge:close()
end)
