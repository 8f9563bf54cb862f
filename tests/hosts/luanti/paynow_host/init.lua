-- Another mod of the server: has Notch looked up, asks for eight customers that never come, and watches the threads.
local ffi = minetest.request_insecure_environment().require("ffi")
ffi.cdef("int gettid(void);")

local function say(...)
	minetest.log("action", "paynow: " .. string.format(...))
end

for _, struct in ipairs({ "client_config", "lookup_query", "call", "completion_info", "profile", "customer" }) do
	minetest.log("action", ("size paynow_%s %d"):format(struct, ffi.sizeof("paynow_" .. struct)))
end

-- Which of the libraries that come with the mod it takes on other systems: the mod's own code, with another ffi.
local function say_library_on(os, arch)
	local other_ffi = { os = os, arch = arch }
	local surroundings = {
		minetest = {
			settings = { get = function() end },
			request_insecure_environment = function() return { require = function() return other_ffi end } end,
			get_modpath = function() return "MOD" end,
		},
		io = { open = function() end },
		loadfile = function()
			return function(given)
				assert(given == other_ffi)
				return { open = function(library) return nil, "wanted " .. library end }
			end
		end,
	}
	local mod = assert(loadfile(minetest.get_modpath("paynow") .. "/init.lua"))
	local _, problem = pcall(setfenv(mod, setmetatable(surroundings, { __index = _G })))
	say("on %s, %s: %s", os, arch, problem)
end
for _, os in ipairs({ "Linux", "OSX" }) do
	for _, arch in ipairs({ "x64", "arm64" }) do say_library_on(os, arch) end
end
say_library_on("Linux", "x86")
say_library_on("Windows", "x64")

local loaded_on = ffi.C.gettid()
local ticked_on
local ended, asked = 0, 0
local is_over = false

local function unanswered(customer, problem)
	if customer == nil and problem and problem:find("shut down", 1, true) then ended = ended + 1 end
end

assert(paynow.lookup_customer("minecraft_java_name", "Notch", function(customer, problem)
	if not customer then return say("%s", problem or "Notch is not a customer") end
	say("Notch is customer %s", customer.id)
	for number = 0, 7 do
		if paynow.lookup_customer("minecraft_java_name", "hang_" .. number, unanswered, 60000) then asked = asked + 1 end
	end
	say("asked for %d more", asked)
end))

-- No one can join a server without a client, so its hooks are called as the server would call them.
local mira = { get_player_name = function() return "Mira" end }
local get_player_by_name = minetest.get_player_by_name
function minetest.get_player_by_name(name)
	return name == "Mira" and mira or get_player_by_name(name)
end
local function call_hooks_of_paynow(hooks, ...)
	for _, hook in ipairs(hooks) do
		if minetest.callback_origins[hook].mod == "paynow" then hook(...) end
	end
end
local mira_is_here = true
call_hooks_of_paynow(minetest.registered_on_joinplayers, mira)

local function watch_mira()
	local customer = mira_is_here and paynow.customer_of("Mira")
	if not customer then return end
	mira_is_here = false
	say("Mira joined and is customer %s", customer.id)
	call_hooks_of_paynow(minetest.registered_on_leaveplayers, mira, false)
	say("who left is %s", paynow.customer_of("Mira") and "still a customer" or "not a customer")
	local _, words = minetest.registered_chatcommands.paynow_status.func("admin", "")
	say("%s", words)
end

-- What cannot be asked for is refused, not sent.
assert(not paynow.lookup_customer("shoe_size", "44", unanswered))
assert(not paynow.lookup_customer("name", 44, unanswered))
assert(not paynow.lookup_customer("name", "", unanswered))
assert(not paynow.lookup_customer("steam_id", "no number", unanswered))
assert(not paynow.lookup_customer("name", "Mira", "no function"))
for _, deadline in ipairs({ "soon", -1, 1e12, 0 / 0 }) do
	assert(not paynow.lookup_customer("name", "Mira", unanswered, deadline))
end

-- A mod that fails does not take the others' answers with it.
assert(paynow.lookup_customer("name", "Alex", function() error("a mistake of a mod") end))

-- A server that lags: when it is stopped its next step is due already, and the server's thread, which the hooks below keep
-- waiting, takes that step after them.
local function lag()
	local began = minetest.get_us_time()
	while minetest.get_us_time() - began < 150000 do end
end

minetest.register_globalstep(function()
	if not is_over then
		watch_mira()
		lag()
	else
		say("the server's own step after the shutdown: %s", paynow.status().last_step)
	end
	if not ticked_on then
		ticked_on = ffi.C.gettid()
		say("loaded and ticked on %s threads", loaded_on == ticked_on and "the same" or "different")
	end
end)

-- Runs after the mod's own hook, which was registered before it.
minetest.register_on_shutdown(function()
	say("ticked and shut down on %s threads", ffi.C.gettid() == ticked_on and "the same" or "different")
	say("%d of %d ended with the shutdown", ended, asked)
	for _, step in ipairs(minetest.registered_globalsteps) do step(0) end
	is_over = true
	say("a step after the shutdown: %s", paynow.status().last_step)
	local sent, refusal = paynow.lookup_customer("name", "Mira", unanswered)
	say("a request after the shutdown: %s", sent and "accepted" or refusal)
	lag()
end)
