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

-- Where the library is: where the setting says, beside this file, or among those that come with the mod.
local function library()
	local set = S:get("paynow.library")
	if set then return set end
	local name = ({ Windows = "paynow_bridge.dll", OSX = "libpaynow_bridge.dylib" })[ffi.os] or "libpaynow_bridge.so"
	local beside = io.open(path .. "/" .. name, "rb")
	if beside then
		beside:close()
		return path .. "/" .. name
	end
	local system = ({ OSX = "macos" })[ffi.os] or ffi.os:lower()
	local processor = ({ x64 = "x86_64", x86 = "i686", arm64 = "aarch64" })[ffi.arch] or ffi.arch
	return ("%s/lib/%s-%s/%s"):format(path, system, processor, name)
end

local bridge, problem = Bridge.open(library(), {
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
-- What the last look-up of a player who is here came to, in words.
local outcomes = {}
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
	outcomes[name] = "asked"
	local sent, refusal = bridge:lookup_customer("name", name, function(customer, failure)
		if failure then minetest.log("warning", "[paynow] " .. name .. ": " .. failure) end
		if not minetest.get_player_by_name(name) then return end  -- left meanwhile
		customers[name] = customer
		outcomes[name] = failure or customer and "customer " .. customer.id or "no customer"
	end)
	if not sent then
		minetest.log("warning", "[paynow] " .. name .. ": " .. refusal)
		outcomes[name] = refusal
	end
end)

minetest.register_on_leaveplayer(function(player)
	customers[player:get_player_name()] = nil
	outcomes[player:get_player_name()] = nil
end)

minetest.register_chatcommand("paynow_status", {
	description = "Says whether the store can be asked, and which players are customers",
	privs = { server = true },
	func = function()
		local status = paynow.status()
		local lines = { ("%d requests under way; last step: %s"):format(status.waiting, status.last_step) }
		for _, player in ipairs(minetest.get_connected_players()) do
			local name = player:get_player_name()
			lines[#lines + 1] = ("%s: %s"):format(name, outcomes[name] or "not asked")
		end
		return true, table.concat(lines, "\n")
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
