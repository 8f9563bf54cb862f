-- The library through LuaJIT's ffi. Nothing here knows of Luanti.
--
-- Completions are taken with paynow_client_next instead of being delivered by poll: a C function that calls back into Lua
-- must not be called from compiled code, and LuaJIT has few places for callbacks.
local ffi = ...

ffi.cdef([[
typedef int32_t paynow_status;
typedef uint64_t paynow_client;
typedef uint64_t paynow_completion;
typedef uint64_t paynow_request_id;

typedef struct paynow_client_config {
  uint32_t struct_size, max_workers;
  const char *store_id; size_t store_id_n;
  const char *api_key; size_t api_key_n;
  const char *api_base; size_t api_base_n;
  const char *user_agent; size_t user_agent_n;
  uint32_t deadline_ms, connect_timeout_ms, max_outstanding;
  int32_t log_level;
  uint64_t max_response_bytes, max_held_bytes;
  void *on_completion, *completion_user_data, *on_log, *log_user_data;
  uint32_t max_attempts, retry_base_ms, circuit_threshold, cache_ttl_ms, cache_negative_ttl_ms, cache_stale_ms;
  uint64_t cache_bytes;
  uint32_t rate_per_second, rate_burst;
  const char *bedrock_prefix; size_t bedrock_prefix_n;
  const char *api_key_env; size_t api_key_env_n;
  const char *api_key_file; size_t api_key_file_n;
  const char *proxy; size_t proxy_n;
  const char *ca_file; size_t ca_file_n;
  uint32_t send_bedrock_prefix, offline_players_by_uuid;
  uint32_t warm_connections, reserved;
  const void *network;
  uint32_t flight_recorder, reserved2;
} paynow_client_config;

typedef struct paynow_lookup_query {
  uint32_t struct_size, reserved;
  const char *id; size_t id_n;
  const char *steam_id; size_t steam_id_n;
  const char *minecraft_uuid; size_t minecraft_uuid_n;
  const char *xbox_xuid; size_t xbox_xuid_n;
  const char *minecraft_java_name; size_t minecraft_java_name_n;
  const char *minecraft_bedrock_name; size_t minecraft_bedrock_name_n;
  const char *name; size_t name_n;
} paynow_lookup_query;

typedef struct paynow_call {
  uint32_t struct_size, deadline_ms;
  int32_t priority;
  uint32_t reserved;
  uint64_t tag;
  void *on_completion, *user_data, *user_data_free;
} paynow_call;

typedef struct paynow_completion_info {
  uint32_t struct_size;
  paynow_status status;
  int32_t operation, found, http_status;
  uint32_t attempts;
  int32_t sent;
  uint32_t customer_count;
  int64_t retry_after_ms;
  uint64_t queue_us, network_us, age_us, tag;
  void *user_data;
  const char *message, *error_code, *trace_id;
  paynow_request_id request;
  int32_t source;
  uint32_t reserved;
} paynow_completion_info;

typedef struct paynow_profile {
  const char *id, *platform, *name, *avatar_url;
} paynow_profile;

typedef struct paynow_customer {
  uint32_t struct_size;
  int32_t minecraft_platform;
  uint32_t profiles, metadata_count;
  const char *id, *store_id, *steam_id, *minecraft_uuid, *xbox_xuid, *name, *created_at, *updated_at;
  int64_t created_at_ms, updated_at_ms;
  paynow_profile profile, steam, minecraft;
} paynow_customer;

const char *paynow_status_text(paynow_status status);
const char *paynow_last_error(void);
uint32_t paynow_abi_version(void);
paynow_status paynow_client_create(const paynow_client_config *config, paynow_client *out_client);
paynow_status paynow_client_next(paynow_client client, uint32_t timeout_ms, paynow_completion *out_completions,
                                 size_t capacity, size_t *out_count);
paynow_status paynow_client_shutdown(paynow_client client);
paynow_status paynow_client_destroy(paynow_client client);
paynow_status paynow_lookup_customer(paynow_client client, const paynow_lookup_query *query, const paynow_call *call,
                                     paynow_request_id *out_request);
paynow_status paynow_completion_info_get(paynow_completion completion, paynow_completion_info *out);
paynow_status paynow_completion_customer(paynow_completion completion, size_t index, paynow_customer *out);
paynow_status paynow_completion_free(paynow_completion completion);
]])

local ABI_VERSION = 0
local OK = 0
local AT_ONCE = 64
local LONGEST_DEADLINE_MS = 24 * 60 * 60 * 1000

local keys = {
	id = true, steam_id = true, minecraft_uuid = true, xbox_xuid = true,
	minecraft_java_name = true, minecraft_bedrock_name = true, name = true,
}

-- A zeroed struct with its size in it.
local function struct(kind)
	local made = ffi.new(kind)
	made.struct_size = ffi.sizeof(kind)
	return made
end

local function text(chars)
	if chars ~= nil then return ffi.string(chars) end
end

local Bridge = {}
Bridge.__index = Bridge

-- Loads the library and makes a client. `settings` holds strings: store_id, and api_base, api_key_file, api_key_env if need
-- be. The answer is nil and a sentence when that does not work.
function Bridge.open(library, settings)
	local loaded, lib = pcall(ffi.load, library)
	if not loaded then return nil, lib end
	if lib.paynow_abi_version() ~= ABI_VERSION then
		return nil, library .. " is of another version than this mod"
	end
	local config = struct("paynow_client_config")
	for name, value in pairs(settings) do
		config[name] = value  -- a borrowed pointer: `settings` outlives the call
	end
	local client = ffi.new("paynow_client[1]")
	if lib.paynow_client_create(config, client) ~= OK then
		return nil, ffi.string(lib.paynow_last_error())
	end
	return setmetatable({
		lib = lib,
		client = client[0],
		last_status = OK,
		waiting = {},
		waiting_count = 0,
		next_number = 1,
		completions = ffi.new("paynow_completion[?]", AT_ONCE),
		count = ffi.new("size_t[1]"),
		info = struct("paynow_completion_info"),
		customer = struct("paynow_customer"),
	}, Bridge)
end

-- Asks for a customer by one key: lookup_customer("name", "Mira", done). `done(customer, problem)` runs once, inside step
-- or close: with a table; with nil when there is no such customer; with nil and a sentence when it failed. The answer is
-- true, or nil and why the request was not accepted: `done` does not run then.
function Bridge:lookup_customer(key, value, done, deadline_ms)
	if not keys[key] then return nil, "no customer is looked up by " .. tostring(key) end
	if type(value) ~= "string" then return nil, key .. " must be a string" end
	if type(done) ~= "function" then return nil, "a function is needed for the answer" end
	if #value == 0 then return nil, key .. " is empty" end
	deadline_ms = deadline_ms or 0
	-- Anything else would become some other number on its way into C.
	if type(deadline_ms) ~= "number" or not (deadline_ms >= 0 and deadline_ms <= LONGEST_DEADLINE_MS) then
		return nil, "the deadline must be between 0 and a day, in ms"
	end
	local query = struct("paynow_lookup_query")
	query[key] = value
	query[key .. "_n"] = #value
	local call = struct("paynow_call")
	call.deadline_ms = deadline_ms
	-- A request's own number has 64 bits, too many for a Lua number.
	local number = self.next_number
	call.user_data = ffi.cast("void *", number)
	if self.lib.paynow_lookup_customer(self.client, query, call, nil) ~= OK then
		return nil, ffi.string(self.lib.paynow_last_error())
	end
	self.next_number = number + 1
	self.waiting[number] = done
	self.waiting_count = self.waiting_count + 1
	return true
end

function Bridge:read(completion)
	local info, customer = self.info, self.customer
	self.lib.paynow_completion_info_get(completion, info)
	local number = tonumber(ffi.cast("intptr_t", info.user_data))
	local done = self.waiting[number]
	self.waiting[number] = nil
	self.waiting_count = self.waiting_count - 1
	if info.status ~= OK then return done, nil, text(info.message) end
	if self.lib.paynow_completion_customer(completion, 0, customer) ~= OK then return done end
	return done, {
		id = text(customer.id),
		name = text(customer.name),
		steam_id = text(customer.steam_id),
		minecraft_uuid = text(customer.minecraft_uuid),
		xbox_xuid = text(customer.xbox_xuid),
	}
end

-- Delivers up to 64 answers and says how many there were. Never waits. Harmless after close.
function Bridge:step()
	self.last_status = self.lib.paynow_client_next(self.client, 0, self.completions, AT_ONCE, self.count)
	if self.last_status ~= OK then return 0 end
	local count = tonumber(self.count[0])
	local answers = {}
	-- All are given back before anybody is called: a function that fails must not keep the others' memory.
	for index = 0, count - 1 do
		local done, customer, problem = self:read(self.completions[index])
		self.lib.paynow_completion_free(self.completions[index])
		answers[index + 1] = { done = done, customer = customer, problem = problem }
	end
	for _, answer in ipairs(answers) do
		local went_well, failure = xpcall(answer.done, debug.traceback, answer.customer, answer.problem)
		if not went_well then self.on_error(failure) end
	end
	return count
end

-- Replaced by the host: hears of functions that failed.
function Bridge.on_error() end

-- Ends what is under way, delivers it, and stops the library's threads.
function Bridge:close()
	self.lib.paynow_client_shutdown(self.client)
	while self:step() > 0 do end
	self.lib.paynow_client_destroy(self.client)
end

-- How the last step went, in words.
function Bridge:status()
	return ffi.string(self.lib.paynow_status_text(self.last_status))
end

return Bridge
