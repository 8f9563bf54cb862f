//! What crosses the boundary. Every struct starts with its size, so that it can grow.

#![allow(dead_code, reason = "some constants are only for those who read the header")]

use std::ffi::{c_char, c_void};

/// How a call or a request ended: one of the PAYNOW_OK, PAYNOW_E_* numbers.
pub type paynow_status = i32;
/// Names a client. 0 is never one.
pub type paynow_client = u64;
/// Names a request from its submission until its completion is freed. 0 is never one.
pub type paynow_request_id = u64;
/// Names a completion that was handed to the host; the same number as its request's. 0 is never one.
pub type paynow_completion = u64;
/// Which operation a completion belongs to: one of the PAYNOW_OP_* numbers.
pub type paynow_operation = i32;

/// Delivers a finished request. Runs on the thread that is inside paynow_client_poll or
/// paynow_client_destroy, with no lock held. It may submit, cancel, ask for stats and read completions; poll
/// and next return PAYNOW_E_REENTRANT, destroy returns PAYNOW_E_PENDING and happens when the outermost poll
/// returns. The completion, and every string read from it, is freed when the callback returns. The callback
/// must not throw, longjmp or end its thread.
pub type paynow_completion_fn = Option<
    unsafe extern "C" fn(client: paynow_client, completion: paynow_completion, user_data: *mut c_void),
>;

/// Delivers a line for the host's log: `level` is one of PAYNOW_LOG_*, `message` is one line of UTF-8,
/// `length` bytes without the NUL that follows, valid during the call. Runs on the thread that is inside
/// paynow_client_poll, paynow_client_next or paynow_client_destroy. Neither API keys nor tokens occur in it.
pub type paynow_log_fn =
    Option<unsafe extern "C" fn(level: i32, message: *const c_char, length: usize, user_data: *mut c_void)>;

/// Frees what a call's user_data points to. Called exactly once for every request that was accepted, after
/// its completion was delivered, on the thread that is inside paynow_client_poll, paynow_completion_free or
/// paynow_client_destroy. Not called for a request that was refused.
pub type paynow_user_data_free_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Switches off what has a default other than off.
pub const PAYNOW_OFF: u32 = u32::MAX;

/// Something is broken and stays so until someone acts.
pub const PAYNOW_LOG_ERROR: i32 = 1;
/// Something does not work at the moment.
pub const PAYNOW_LOG_WARN: i32 = 2;
/// Something changed.
pub const PAYNOW_LOG_INFO: i32 = 3;
/// How each single request went.
pub const PAYNOW_LOG_DEBUG: i32 = 4;

/// A player waits at a prompt.
pub const PAYNOW_PRIORITY_INTERACTIVE: i32 = 0;
/// An import, a warm-up: no player waits.
pub const PAYNOW_PRIORITY_BACKGROUND: i32 = 1;

/// paynow_list_customers
pub const PAYNOW_OP_LIST_CUSTOMERS: paynow_operation = 1;
/// paynow_create_customer
pub const PAYNOW_OP_CREATE_CUSTOMER: paynow_operation = 2;
/// paynow_get_customer
pub const PAYNOW_OP_GET_CUSTOMER: paynow_operation = 3;
/// paynow_update_customer
pub const PAYNOW_OP_UPDATE_CUSTOMER: paynow_operation = 4;
/// paynow_create_customer_token
pub const PAYNOW_OP_CREATE_CUSTOMER_TOKEN: paynow_operation = 5;
/// paynow_invalidate_customer_tokens
pub const PAYNOW_OP_INVALIDATE_CUSTOMER_TOKENS: paynow_operation = 6;
/// paynow_lookup_customer
pub const PAYNOW_OP_LOOKUP_CUSTOMER: paynow_operation = 7;
/// paynow_bulk_create_customers
pub const PAYNOW_OP_BULK_CREATE_CUSTOMERS: paynow_operation = 8;
/// paynow_authenticate_customer
pub const PAYNOW_OP_AUTHENTICATE_CUSTOMER: paynow_operation = 9;
/// paynow_get_current_customer
pub const PAYNOW_OP_GET_CURRENT_CUSTOMER: paynow_operation = 10;
/// paynow_lookup_giftcard
pub const PAYNOW_OP_LOOKUP_GIFTCARD: paynow_operation = 11;
/// paynow_request
pub const PAYNOW_OP_REQUEST: paynow_operation = 12;
/// paynow_ensure_customer
pub const PAYNOW_OP_ENSURE_CUSTOMER: paynow_operation = 13;
/// paynow_token_for
pub const PAYNOW_OP_TOKEN_FOR: paynow_operation = 14;

/// The API's own order.
pub const PAYNOW_ORDER_DEFAULT: i32 = 0;
/// Oldest first.
pub const PAYNOW_ORDER_ASCENDING: i32 = 1;
/// Newest first.
pub const PAYNOW_ORDER_DESCENDING: i32 = 2;

/// Not given.
pub const PAYNOW_MINECRAFT_ABSENT: i32 = 0;
/// "unknown", or a value newer than this library.
pub const PAYNOW_MINECRAFT_UNKNOWN: i32 = 1;
/// Java Edition.
pub const PAYNOW_MINECRAFT_JAVA: i32 = 2;
/// Bedrock Edition.
pub const PAYNOW_MINECRAFT_BEDROCK: i32 = 3;

/// SteamID64. PayNow does not accept it at face value.
pub const PAYNOW_PLATFORM_STEAM: i32 = 1;
/// A name; Bedrock players are told apart by the store's own prefix setting.
pub const PAYNOW_PLATFORM_MINECRAFT: i32 = 2;
/// Name of a PayNow customer.
pub const PAYNOW_PLATFORM_PAYNOW_NAME: i32 = 3;
/// The same under its other spelling.
pub const PAYNOW_PLATFORM_PAYNOW: i32 = 4;
/// Name of a Java player.
pub const PAYNOW_PLATFORM_MINECRAFT_JAVA_NAME: i32 = 5;
/// Gamertag of a Bedrock player.
pub const PAYNOW_PLATFORM_MINECRAFT_BEDROCK_NAME: i32 = 6;
/// Xbox XUID.
pub const PAYNOW_PLATFORM_XBOX_XUID: i32 = 7;
/// Minecraft UUID.
pub const PAYNOW_PLATFORM_MINECRAFT_UUID: i32 = 8;

/// No Authorization header.
pub const PAYNOW_AUTH_NONE: i32 = 0;
/// The client's API key.
pub const PAYNOW_AUTH_API_KEY: i32 = 1;
/// A customer token.
pub const PAYNOW_AUTH_CUSTOMER: i32 = 2;

/// paynow_customer_fields.null_fields: the field is to be sent as null. The API allows it for the
/// Minecraft UUID, the XUID, the name and the metadata only; the other two are refused.
pub const PAYNOW_NULL_STEAM_ID: u32 = 1;
/// See PAYNOW_NULL_STEAM_ID.
pub const PAYNOW_NULL_MINECRAFT_UUID: u32 = 2;
/// See PAYNOW_NULL_STEAM_ID.
pub const PAYNOW_NULL_MINECRAFT_PLATFORM: u32 = 4;
/// See PAYNOW_NULL_STEAM_ID.
pub const PAYNOW_NULL_XBOX_XUID: u32 = 8;
/// See PAYNOW_NULL_STEAM_ID.
pub const PAYNOW_NULL_NAME: u32 = 16;
/// See PAYNOW_NULL_STEAM_ID.
pub const PAYNOW_NULL_METADATA: u32 = 32;

/// It surely never left: repeating it is safe.
pub const PAYNOW_SENT_NEVER: i32 = 0;
/// It left, wholly or in part; whether the server acted on it is unknown.
pub const PAYNOW_SENT_MAYBE: i32 = 1;
/// The server answered.
pub const PAYNOW_SENT_ANSWERED: i32 = 2;

/// The API, asked for this request.
pub const PAYNOW_SOURCE_NETWORK: i32 = 0;
/// The API, asked for another request that wanted to know the same.
pub const PAYNOW_SOURCE_SHARED: i32 = 1;
/// The client's memory.
pub const PAYNOW_SOURCE_CACHE: i32 = 2;
/// The client's memory, because the API could not be asked: it may have changed meanwhile.
pub const PAYNOW_SOURCE_STALE_CACHE: i32 = 3;
/// Another server of the network, which asked the API lately.
pub const PAYNOW_SOURCE_OTHER_SERVER: i32 = 4;

/// paynow_customer.profiles: `profile` is there.
pub const PAYNOW_HAS_PROFILE: u32 = 1;
/// paynow_customer.profiles: `steam` is there.
pub const PAYNOW_HAS_STEAM: u32 = 2;
/// paynow_customer.profiles: `minecraft` is there.
pub const PAYNOW_HAS_MINECRAFT: u32 = 4;

/// A date that is missing or could not be read as a number.
pub const PAYNOW_NO_DATE: i64 = i64::MIN;

/// How a client is made. Zero every byte, then set struct_size and what is to differ from the defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_client_config {
    /// sizeof(paynow_client_config)
    pub struct_size: u32,
    /// Most worker threads, 1 to 1024; 0 is the default, 64. Only as many run as there is work for,
    /// and beside an API that answers within a millisecond only as many as do any good. There are never more
    /// connections than workers: each does one exchange at a time, and takes an idle connection before it opens one.
    pub max_workers: u32,
    /// Id of the store, required: decimal digits.
    pub store_id: *const c_char,
    pub store_id_n: usize,
    /// Key of the Management API. NULL: only the storefront operations work. `APIKey xyz` is understood.
    pub api_key: *const c_char,
    pub api_key_n: usize,
    /// Where the API is; NULL is `https://api.paynow.gg`. Plain http is for loopback addresses only.
    pub api_base: *const c_char,
    pub api_base_n: usize,
    /// Product the host wants to be known as in User-Agent; NULL is the library alone.
    pub user_agent: *const c_char,
    pub user_agent_n: usize,
    /// Until when a request may take, from submission to completion, in ms; 0 is the default, 10,000.
    pub deadline_ms: u32,
    /// How long one attempt to connect may take, in ms; 0 is the default, 3,000.
    pub connect_timeout_ms: u32,
    /// Most requests submitted and not freed, 1 to 1,048,576; 0 is the default, 10,000.
    pub max_outstanding: u32,
    /// Which log lines `on_log` gets: up to this PAYNOW_LOG_*; 0 is the default, PAYNOW_LOG_INFO.
    pub log_level: i32,
    /// Largest answer accepted, in bytes; 0 is the default, 1 MiB.
    pub max_response_bytes: u64,
    /// Bytes of answers not yet freed, above which no new request is sent; 0 is the default, 64 MiB.
    pub max_held_bytes: u64,
    /// Gets the completions whose call has no callback of its own; may be NULL.
    pub on_completion: paynow_completion_fn,
    /// Handed to `on_completion`.
    pub completion_user_data: *mut c_void,
    /// Gets the library's log lines; NULL: none are kept.
    pub on_log: paynow_log_fn,
    /// Handed to `on_log`.
    pub log_user_data: *mut c_void,
    /// How often a request is sent at most, the first time included, 1 to 100; 0 is the default, 3. Only what can do no
    /// harm is repeated: reads, revoking tokens, and what surely never left.
    pub max_attempts: u32,
    /// Longest wait before the first repetition, in ms, doubling with each; 0 is the default, 200.
    pub retry_base_ms: u32,
    /// Failures in a row after which requests fail at once with PAYNOW_E_UNAVAILABLE, except for one probe at a time; 0 is the
    /// default, 20; PAYNOW_OFF never: then no log line tells of an outage either.
    pub circuit_threshold: u32,
    /// How long the answer to a lookup or get is remembered, in ms; 0 is the default, 300,000; PAYNOW_OFF remembers
    /// nothing. Changing or creating a customer through this client makes it forget at once.
    pub cache_ttl_ms: u32,
    /// How long "no such customer" is remembered, in ms; 0 is the default, 30,000.
    pub cache_negative_ttl_ms: u32,
    /// How old an answer may be to stand in for a failure of the API, in ms; 0 is the default, 3,600,000.
    pub cache_stale_ms: u32,
    /// Bytes of answers remembered; 0 is the default, 16 MiB.
    pub cache_bytes: u64,
    /// Requests a second that may be sent; 0: no limit but what 429s teach.
    pub rate_per_second: u32,
    /// Requests that may be sent at once after a quiet time; 0 is as many as rate_per_second.
    pub rate_burst: u32,
    /// What the server puts before the names of Bedrock players; NULL is ".", "" nothing.
    pub bedrock_prefix: *const c_char,
    pub bedrock_prefix_n: usize,
    /// Environment variable to read the key from, in place of api_key; may be NULL.
    pub api_key_env: *const c_char,
    pub api_key_env_n: usize,
    /// File to read the key from, in place of api_key; refused when others than its owner can read it; may be NULL.
    pub api_key_file: *const c_char,
    pub api_key_file_n: usize,
    /// Proxy to go through, such as `http://proxy.example:3128`; "" is none; NULL leaves it to HTTPS_PROXY and NO_PROXY.
    pub proxy: *const c_char,
    pub proxy_n: usize,
    /// PEM file of certificates to trust besides the system's and the bundled ones; may be NULL.
    pub ca_file: *const c_char,
    pub ca_file_n: usize,
    /// Not 0: PayNow is asked with the Bedrock prefix. Whether it wants that is nowhere documented.
    pub send_bedrock_prefix: u32,
    /// Not 0: a paynow_player with a UUID made in offline mode (version 3) is looked up by that, not by name.
    pub offline_players_by_uuid: u32,
    /// Connections held ready, so that a request finds one with its name resolved and its handshakes done, at most
    /// max_workers; 0 is the default, 1; PAYNOW_OFF opens each with the request that needs it. They are opened in the
    /// background from paynow_client_create on and again when the server closes them, as long as the host collects and until
    /// an hour after its last request.
    pub warm_connections: u32,
    /// Must be 0.
    pub reserved: u32,
    /// What joins the other servers of the store; NULL: this one is alone.
    pub network: *const paynow_network,
    /// Whether it is noted how each of the last 1,024 requests went, for paynow_client_dump: 0 notes it, PAYNOW_OFF does not. It
    /// takes 256 KiB at most, and nothing of the threads that submit and collect. Of what was asked nothing is kept.
    pub flight_recorder: u32,
    /// Must be 0.
    pub reserved2: u32,
}

/// A Redis (6.2 or newer) or Valkey (7.2 or newer) that all servers of a store share: what one of them knows the others need
/// not ask, a question is asked once, and rate_per_second is what they may ask together. While it does not answer, each
/// server works alone, at its share of the rate. It needs an API key, which says what servers belong together. A text whose
/// length is 0 ends in NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_network {
    /// sizeof(paynow_network)
    pub struct_size: u32,
    /// Number of the database; 0 is the default.
    pub database: u32,
    /// Where it is: `host`, `host:port` or `[::1]:port`, or several with commas between, of which the first that can be used
    /// is. In a cluster any node leads to the right one. With sentinel_name those of the Sentinels. Required.
    pub addresses: *const c_char,
    pub addresses_n: usize,
    /// User to log in as; NULL is Redis's `default` when there is a password.
    pub user: *const c_char,
    pub user_n: usize,
    /// Password; may be NULL. It is copied, wiped when the client ends, and printed nowhere.
    pub password: *const c_char,
    pub password_n: usize,
    /// Environment variable to read the password from, in place of password; may be NULL.
    pub password_env: *const c_char,
    pub password_env_n: usize,
    /// File to read the password from, in place of password; refused when others than its owner can read it; may be NULL.
    pub password_file: *const c_char,
    pub password_file_n: usize,
    /// PEM file of certificates to trust besides the system's and the bundled ones; means TLS; may be NULL.
    pub ca_file: *const c_char,
    pub ca_file_n: usize,
    /// Name to find in the certificate, where it is another than that of the address; means TLS; may be NULL.
    pub server_name: *const c_char,
    pub server_name_n: usize,
    /// Name by which the Sentinels know the master; NULL: the addresses are not those of Sentinels.
    pub sentinel_name: *const c_char,
    pub sentinel_name_n: usize,
    /// Tells networks apart that share a store and a Redis: at most 64 letters, digits, dots, hyphens or underscores; may be
    /// NULL.
    pub network_id: *const c_char,
    pub network_id_n: usize,
    /// Not 0: the connection is encrypted.
    pub tls: u32,
    /// How long a request waits for the network at most before it goes on without, in ms, at most 10,000; 0 is the default, 100.
    pub timeout_ms: u32,
}

/// How one request differs from the others. NULL in its place, or zeros, is the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_call {
    /// sizeof(paynow_call)
    pub struct_size: u32,
    /// Until when it may take, from now to its completion, in ms; 0 is the client's default.
    pub deadline_ms: u32,
    /// One of PAYNOW_PRIORITY_*.
    pub priority: i32,
    /// Must be 0.
    pub reserved: u32,
    /// What paynow_client_cancel_all finds it by: a player, a plugin.
    pub tag: u64,
    /// Gets the completion, in place of the client's on_completion; may be NULL.
    pub on_completion: paynow_completion_fn,
    /// Handed to `on_completion`, and found in paynow_completion_info.
    pub user_data: *mut c_void,
    /// Frees user_data; may be NULL.
    pub user_data_free: paynow_user_data_free_fn,
}

/// One of several texts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_text {
    pub text: *const c_char,
    pub text_n: usize,
}

/// Which customers to list, and in what order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_list_query {
    /// sizeof(paynow_list_query)
    pub struct_size: u32,
    /// Not 0: `limit` is given.
    pub has_limit: u32,
    /// 1 to 100 customers.
    pub limit: u32,
    /// One of PAYNOW_ORDER_*.
    pub order: i32,
    /// Only customers after the one with this id; may be NULL.
    pub after: *const c_char,
    pub after_n: usize,
    /// Only customers before the one with this id; may be NULL.
    pub before: *const c_char,
    pub before_n: usize,
    /// Text to search for; may be NULL.
    pub search: *const c_char,
    pub search_n: usize,
    /// Only the customers with these ids, 1 to 100; NULL: whatever their ids. Ids of no customer are left out of the
    /// answer. Without a limit as many are asked for as there are ids.
    pub customer_ids: *const paynow_text,
    pub customer_ids_count: usize,
}

/// What a customer is looked up by: exactly one is not NULL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_lookup_query {
    /// sizeof(paynow_lookup_query)
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// PayNow's id of the customer.
    pub id: *const c_char,
    pub id_n: usize,
    /// SteamID64.
    pub steam_id: *const c_char,
    pub steam_id_n: usize,
    /// Minecraft UUID, with or without dashes. Misses in offline-mode stores.
    pub minecraft_uuid: *const c_char,
    pub minecraft_uuid_n: usize,
    /// Xbox XUID in decimal digits: right for Bedrock players, whose names have prefixes.
    pub xbox_xuid: *const c_char,
    pub xbox_xuid_n: usize,
    /// Name of a Java (or offline-mode) player.
    pub minecraft_java_name: *const c_char,
    pub minecraft_java_name_n: usize,
    /// Gamertag of a Bedrock player, without the server's prefix.
    pub minecraft_bedrock_name: *const c_char,
    pub minecraft_bedrock_name_n: usize,
    /// Name set on the customer itself; profile names are not matched.
    pub name: *const c_char,
    pub name_n: usize,
}

/// What the host knows of a player. The strongest key wins: Steam, XUID, UUID, name. A Floodgate UUID is read as the
/// XUID it holds, a UUID made in offline mode is left for the name, a name with the Bedrock prefix is a gamertag.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_player {
    /// sizeof(paynow_player)
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// SteamID64; may be NULL.
    pub steam_id: *const c_char,
    pub steam_id_n: usize,
    /// Xbox XUID in decimal digits; may be NULL.
    pub xbox_xuid: *const c_char,
    pub xbox_xuid_n: usize,
    /// Minecraft UUID as the server knows it; may be NULL.
    pub minecraft_uuid: *const c_char,
    pub minecraft_uuid_n: usize,
    /// Name in the game; may be NULL.
    pub name: *const c_char,
    pub name_n: usize,
}

/// One entry of a customer's metadata.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_metadata_entry {
    pub key: *const c_char,
    pub key_n: usize,
    pub value: *const c_char,
    pub value_n: usize,
}

/// What a customer is created with or changed to. A field is left out when it is NULL (0 for
/// minecraft_platform) and its bit in null_fields is not set: an update then leaves it as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_customer_fields {
    /// sizeof(paynow_customer_fields). The elements of an array are so many bytes apart.
    pub struct_size: u32,
    /// Fields to be sent as null: PAYNOW_NULL_* bits.
    pub null_fields: u32,
    /// SteamID64.
    pub steam_id: *const c_char,
    pub steam_id_n: usize,
    /// Minecraft UUID, with or without dashes.
    pub minecraft_uuid: *const c_char,
    pub minecraft_uuid_n: usize,
    /// Xbox XUID in decimal digits.
    pub xbox_xuid: *const c_char,
    pub xbox_xuid_n: usize,
    /// Display name of the customer.
    pub name: *const c_char,
    pub name_n: usize,
    /// Data to attach; not NULL with a count of 0 is the empty set.
    pub metadata: *const paynow_metadata_entry,
    pub metadata_count: usize,
    /// One of PAYNOW_MINECRAFT_*.
    pub minecraft_platform: i32,
    /// Must be 0.
    pub reserved: u32,
}

/// A walk through all customers of a store, page by page. Zero every byte, then set struct_size and what is to differ from
/// the defaults; the library keeps its place in it. See paynow_pages_submit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_pages {
    /// sizeof(paynow_pages)
    pub struct_size: u32,
    /// Customers a page, 1 to 100; 0 is 100.
    pub limit: u32,
    /// PAYNOW_ORDER_DESCENDING for newest first; oldest first otherwise.
    pub order: i32,
    /// 1 when the walk is over. Written by the library.
    pub is_over: u32,
    /// Id of the last customer that came, 0 at first: the walk goes on behind it. Written by the library.
    pub cursor: u64,
    /// Text to search for; may be NULL. Must live as long as the walk.
    pub search: *const c_char,
    pub search_n: usize,
}

/// A bulk of any size, sent in pieces of 200. Zero every byte, then set struct_size, customers and count; the library keeps
/// its place in it. See paynow_bulk_submit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_bulk {
    /// sizeof(paynow_bulk)
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// As for paynow_bulk_create_customers, but of any number. Must live and stay as they are until all are done.
    pub customers: *const paynow_customer_fields,
    pub count: usize,
    /// How many are done, whatever became of them. Written by the library.
    pub done: usize,
}

/// Surely not created.
pub const PAYNOW_BULK_FAILED: i64 = -1;
/// It may have been created: the answer does not tell.
pub const PAYNOW_BULK_UNKNOWN: i64 = -2;

/// Who wants to be authenticated in the storefront.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_authentication {
    /// sizeof(paynow_authentication)
    pub struct_size: u32,
    /// Where the account is: one of PAYNOW_PLATFORM_*.
    pub platform: i32,
    /// Which account: what the platform calls it. Required.
    pub id: *const c_char,
    pub id_n: usize,
    /// The player's IPv4 or IPv6 address, without port or brackets. Required.
    pub customer_ip: *const c_char,
    pub customer_ip_n: usize,
    /// The player's country, two capital letters (ISO 3166-1 alpha-2); may be NULL.
    pub customer_countrycode: *const c_char,
    pub customer_countrycode_n: usize,
}

/// Which gift card to look up, and who asks.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_giftcard_query {
    /// sizeof(paynow_giftcard_query)
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Token of the customer who asks. Required.
    pub customer_token: *const c_char,
    pub customer_token_n: usize,
    /// The code on the card. Required.
    pub code: *const c_char,
    pub code_n: usize,
}

/// Any other operation of the API.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_raw_request {
    /// sizeof(paynow_raw_request)
    pub struct_size: u32,
    /// One of PAYNOW_AUTH_*.
    pub auth: i32,
    /// "GET", "POST", "PUT", "PATCH" or "DELETE". Required.
    pub method: *const c_char,
    pub method_n: usize,
    /// Path and query, percent-encoded; `{store_id}` is replaced by the client's. Segments `.` and `..` are refused, also
    /// percent-encoded. Required.
    pub path: *const c_char,
    pub path_n: usize,
    /// A JSON document to send; may be NULL.
    pub json: *const c_char,
    pub json_n: usize,
    /// The token for PAYNOW_AUTH_CUSTOMER; NULL otherwise.
    pub customer_token: *const c_char,
    pub customer_token_n: usize,
}

/// How a request ended. The strings are borrowed from the completion.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_completion_info {
    /// Set by the caller: sizeof(paynow_completion_info). No more than this is written.
    pub struct_size: u32,
    /// How it ended.
    pub status: paynow_status,
    /// Which operation it was.
    pub operation: paynow_operation,
    /// 1 when the answer holds a value (a customer, a list, a token, a card, JSON); 0 when it failed, holds
    /// nothing by contract, or there is no such customer or card.
    pub found: i32,
    /// The HTTP status; 0 when no answer came.
    pub http_status: i32,
    /// How often it was sent or begun to be sent.
    pub attempts: u32,
    /// Whether it reached the server: one of PAYNOW_SENT_*.
    pub sent: i32,
    /// Customers in the answer: 1 for one customer, 0 or more for a list.
    pub customer_count: u32,
    /// When the server wants to be asked again, in ms, at most 300,000; -1 when it did not say.
    pub retry_after_ms: i64,
    /// How long it waited for a worker, in microseconds.
    pub queue_us: u64,
    /// How long a worker was at it, in microseconds; its whole life when it ended without an answer after a
    /// worker had begun.
    pub network_us: u64,
    /// How long ago it finished, in microseconds.
    pub age_us: u64,
    /// Its call's tag.
    pub tag: u64,
    /// Its call's user_data.
    pub user_data: *mut c_void,
    /// What happened, in a sentence for a log; NULL when status is PAYNOW_OK. Holds no secret.
    pub message: *const c_char,
    /// PayNow's word for its error; NULL when it sent none.
    pub error_code: *const c_char,
    /// What PayNow's support wants to know; NULL when it sent none.
    pub trace_id: *const c_char,
    /// Its request: the same number as the completion.
    pub request: paynow_request_id,
    /// Where the answer comes from: one of PAYNOW_SOURCE_*.
    pub source: i32,
    /// Must be ignored.
    pub reserved: u32,
}

/// A profile on a platform. Members are NULL when the API did not say.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_profile {
    /// Identifier on the platform. In `minecraft` a UUID, a name (offline mode) or an XUID (Geyser): never parse it blindly.
    pub id: *const c_char,
    /// Name of the platform; only in `profile`.
    pub platform: *const c_char,
    /// Display name on the platform.
    pub name: *const c_char,
    /// Address of the avatar picture.
    pub avatar_url: *const c_char,
}

/// A customer. The strings are borrowed from the completion; NULL when the API did not say, except for `id`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_customer {
    /// Set by the caller: sizeof(paynow_customer). No more than this is written.
    pub struct_size: u32,
    /// One of PAYNOW_MINECRAFT_*.
    pub minecraft_platform: i32,
    /// Which of `profile`, `steam` and `minecraft` are there: PAYNOW_HAS_* bits.
    pub profiles: u32,
    /// Entries of metadata: see paynow_completion_metadata.
    pub metadata_count: u32,
    /// PayNow's id: a 64-bit number as text. Never NULL.
    pub id: *const c_char,
    pub store_id: *const c_char,
    /// SteamID64.
    pub steam_id: *const c_char,
    /// As the API spelled it. Unset in offline-mode stores; derived from the XUID for Geyser players.
    pub minecraft_uuid: *const c_char,
    pub xbox_xuid: *const c_char,
    /// Name set on the customer itself.
    pub name: *const c_char,
    /// RFC 3339, as the API spelled it.
    pub created_at: *const c_char,
    pub updated_at: *const c_char,
    /// The same as milliseconds since 1970, PAYNOW_NO_DATE when missing or unreadable.
    pub created_at_ms: i64,
    pub updated_at_ms: i64,
    /// The profile the store shows.
    pub profile: paynow_profile,
    pub steam: paynow_profile,
    pub minecraft: paynow_profile,
}

/// A gift card. The strings are borrowed from the completion.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_giftcard {
    /// Set by the caller: sizeof(paynow_giftcard). No more than this is written.
    pub struct_size: u32,
    /// Must be ignored.
    pub reserved: u32,
    /// The code it is redeemed with. Never NULL.
    pub code: *const c_char,
    /// What is left, in the store's smallest unit of money. The API names no currency.
    pub balance: i64,
    /// What it was issued with.
    pub starting_balance: i64,
    /// RFC 3339; NULL when it never expires.
    pub expires_at: *const c_char,
    /// The same as milliseconds since 1970; PAYNOW_NO_DATE when missing or unreadable.
    pub expires_at_ms: i64,
}

/// PayNow's own words for an error. The strings are borrowed from the completion; NULL when it did not say.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_api_error {
    /// Set by the caller: sizeof(paynow_api_error). No more than this is written.
    pub struct_size: u32,
    /// The status in the body, 0 when it was missing. Branch on paynow_completion_info.http_status instead.
    pub status: i32,
    /// No list of codes exists and spelling is inconsistent: show it, do not branch on it.
    pub code: *const c_char,
    pub message: *const c_char,
    pub trace_id: *const c_char,
    /// One for each invalid input: see paynow_completion_validation_error.
    pub error_count: usize,
}

/// One validation error: what was wrong with the input. The strings are borrowed from the completion; NULL when PayNow did not say.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_validation_error {
    /// Set by the caller: sizeof(paynow_validation_error). No more than this is written.
    pub struct_size: u32,
    /// Segments of the path: see paynow_completion_validation_path.
    pub path_count: u32,
    pub code: *const c_char,
    pub message: *const c_char,
    /// Where in the input, segments joined by dots. Never NULL.
    pub path: *const c_char,
    /// The check that failed.
    pub validation: *const c_char,
}

/// What a client has done and is doing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct paynow_stats {
    /// Set by the caller: sizeof(paynow_stats). No more than this is written.
    pub struct_size: u32,
    /// Worker threads alive.
    pub workers: u32,
    /// Worker threads that work on a request.
    pub workers_busy: u32,
    /// Requests accepted whose completion is not freed yet.
    pub outstanding: u32,
    /// Requests accepted.
    pub submitted: u64,
    /// Requests refused with PAYNOW_E_QUEUE_FULL.
    pub rejected_full: u64,
    /// Requests that ended with an answer, "no such customer" included.
    pub completed_ok: u64,
    /// Requests that failed in any other way than the following two.
    pub completed_error: u64,
    /// Requests not answered by their deadline.
    pub timed_out: u64,
    /// Requests the host cancelled.
    pub cancelled: u64,
    /// Completions handed to the host.
    pub delivered: u64,
    /// Completions that poll freed because there was no callback for them.
    pub discarded: u64,
    /// Log lines lost because the host did not poll.
    pub log_dropped: u64,
    /// Bytes of answers that are not freed yet.
    pub held_bytes: u64,
    /// Connections opened so far.
    pub connections_opened: u64,
    /// Attempts that were repetitions.
    pub retries: u64,
    /// Repetitions left out because too much of the traffic was repetitions.
    pub retries_denied: u64,
    /// Answers 429.
    pub rate_limited: u64,
    /// Requests answered from memory.
    pub cache_hits: u64,
    /// Requests answered from memory because the API could not be asked.
    pub cache_stale: u64,
    /// Requests that got the answer to another request's question.
    pub coalesced: u64,
    /// Requests that failed at once because the API had not answered for a while.
    pub unavailable: u64,
    /// Answers remembered.
    pub cache_entries: u64,
    /// Bytes of answers remembered.
    pub cache_bytes: u64,
    /// 1 while requests fail at once, 0 otherwise.
    pub circuit_open: u32,
    /// Must be ignored.
    pub reserved: u32,
    /// TLS handshakes done so far: one for each connection opened with https, none without.
    pub handshakes: u64,
    /// Connections open and idle: a request that comes now opens none.
    pub warm_connections: u64,
    /// 1 while the network of servers answers, 0 while it does not, or none is set up.
    pub network_up: u32,
    /// Servers seen in the network lately, this one included.
    pub network_servers: u32,
    /// What an answer of the network takes at present, in microseconds.
    pub network_round_trip_us: u64,
    /// Connections made to the network so far.
    pub network_connections: u64,
    /// Commands sent to the network so far.
    pub network_commands: u64,
    /// Questions another server had the answer to.
    pub network_hits: u64,
    /// How often a question waited because another server asked it.
    pub network_waits: u64,
    /// Requests the network's budget refused.
    pub network_refused: u64,
    /// How often the network did not answer, so that the local rules held.
    pub network_alone: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentications_are_in_the_order_of_the_core() {
        for (number, word) in
            [(PAYNOW_AUTH_NONE, "none"), (PAYNOW_AUTH_API_KEY, "api_key"), (PAYNOW_AUTH_CUSTOMER, "customer")]
        {
            assert_eq!(crate::operations::AUTHS[(number - PAYNOW_AUTH_NONE) as usize], word);
        }
    }
}
