"""The part of paynow-bridge that looking a customer up needs, by ctypes alone."""

import ctypes
from ctypes import POINTER, Structure, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

OK = 0
SHUTDOWN = 4
ABI_VERSION = 0


class Struct(Structure):
    """Every struct begins with its size."""

    def __init__(self, **members):
        super().__init__(struct_size=ctypes.sizeof(type(self)), **members)


def text(name):
    """A string member and the length beside it; a length of 0 says that it ends in NUL."""
    return [(name, c_char_p), (name + "_n", c_size_t)]


OnCompletion = ctypes.CFUNCTYPE(None, c_uint64, c_uint64, c_void_p)
OnLog = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_size_t, c_void_p)
FreeUserData = ctypes.CFUNCTYPE(None, c_void_p)


class ClientConfig(Struct):
    _fields_ = [
        ("struct_size", c_uint32), ("max_workers", c_uint32),
        *text("store_id"), *text("api_key"), *text("api_base"), *text("user_agent"),
        ("deadline_ms", c_uint32), ("connect_timeout_ms", c_uint32), ("max_outstanding", c_uint32), ("log_level", c_int32),
        ("max_response_bytes", c_uint64), ("max_held_bytes", c_uint64),
        ("on_completion", OnCompletion), ("completion_user_data", c_void_p), ("on_log", OnLog), ("log_user_data", c_void_p),
        ("max_attempts", c_uint32), ("retry_base_ms", c_uint32), ("circuit_threshold", c_uint32), ("cache_ttl_ms", c_uint32),
        ("cache_negative_ttl_ms", c_uint32), ("cache_stale_ms", c_uint32), ("cache_bytes", c_uint64),
        ("rate_per_second", c_uint32), ("rate_burst", c_uint32),
        *text("bedrock_prefix"), *text("api_key_env"), *text("api_key_file"), *text("proxy"), *text("ca_file"),
        ("send_bedrock_prefix", c_uint32), ("offline_players_by_uuid", c_uint32),
        ("warm_connections", c_uint32), ("reserved", c_uint32),
        ("network", c_void_p),
        ("flight_recorder", c_uint32), ("reserved2", c_uint32),
    ]


class LookupQuery(Struct):
    _fields_ = [
        ("struct_size", c_uint32), ("reserved", c_uint32),
        *text("id"), *text("steam_id"), *text("minecraft_uuid"), *text("xbox_xuid"), *text("minecraft_java_name"),
        *text("minecraft_bedrock_name"), *text("name"),
    ]


class Call(Struct):
    _fields_ = [
        ("struct_size", c_uint32), ("deadline_ms", c_uint32), ("priority", c_int32), ("reserved", c_uint32),
        ("tag", c_uint64), ("on_completion", OnCompletion), ("user_data", c_void_p), ("user_data_free", FreeUserData),
    ]


class CompletionInfo(Struct):
    _fields_ = [
        ("struct_size", c_uint32), ("status", c_int32), ("operation", c_int32), ("found", c_int32), ("http_status", c_int32),
        ("attempts", c_uint32), ("sent", c_int32), ("customer_count", c_uint32), ("retry_after_ms", c_int64),
        ("queue_us", c_uint64), ("network_us", c_uint64), ("age_us", c_uint64), ("tag", c_uint64), ("user_data", c_void_p),
        ("message", c_char_p), ("error_code", c_char_p), ("trace_id", c_char_p), ("request", c_uint64),
        ("source", c_int32), ("reserved", c_uint32),
    ]


class Profile(Structure):
    _fields_ = [("id", c_char_p), ("platform", c_char_p), ("name", c_char_p), ("avatar_url", c_char_p)]


class Customer(Struct):
    _fields_ = [
        ("struct_size", c_uint32), ("minecraft_platform", c_int32), ("profiles", c_uint32), ("metadata_count", c_uint32),
        ("id", c_char_p), ("store_id", c_char_p), ("steam_id", c_char_p), ("minecraft_uuid", c_char_p),
        ("xbox_xuid", c_char_p), ("name", c_char_p), ("created_at", c_char_p), ("updated_at", c_char_p),
        ("created_at_ms", c_int64), ("updated_at_ms", c_int64),
        ("profile", Profile), ("steam", Profile), ("minecraft", Profile),
    ]


class Bridge:
    """A client for one store. Answers are delivered inside poll and close, on the thread that calls them."""

    def __init__(self, library, **config):
        lib = self._lib = ctypes.CDLL(library)
        # Without argtypes a 64-bit handle would be cut to an int.
        for name, arguments in (
            ("paynow_client_create", (POINTER(ClientConfig), POINTER(c_uint64))),
            ("paynow_client_poll", (c_uint64, c_uint32, c_uint32, POINTER(c_uint32))),
            ("paynow_client_destroy", (c_uint64,)),
            ("paynow_lookup_customer", (c_uint64, POINTER(LookupQuery), POINTER(Call), POINTER(c_uint64))),
            ("paynow_completion_info_get", (c_uint64, POINTER(CompletionInfo))),
            ("paynow_completion_customer", (c_uint64, c_size_t, POINTER(Customer))),
        ):
            getattr(lib, name).argtypes = arguments
            getattr(lib, name).restype = c_int32
        lib.paynow_last_error.restype = c_char_p
        lib.paynow_abi_version.restype = c_uint32
        if lib.paynow_abi_version() != ABI_VERSION:
            raise RuntimeError("this module was written for another version of the library")
        self._waiting = {}
        self._next = 1
        # Kept, or the collector frees what the library still calls.
        self._on_completion = OnCompletion(self._completed)
        self._client = c_uint64()
        given = {name: value.encode() if isinstance(value, str) else value for name, value in config.items()}
        self._check(lib.paynow_client_create(ClientConfig(on_completion=self._on_completion, **given), byref(self._client)))

    def _check(self, status):
        if status != OK:
            raise RuntimeError(self._lib.paynow_last_error().decode())

    def _completed(self, _client, completion, _user_data):
        info, customer = CompletionInfo(), Customer()
        self._lib.paynow_completion_info_get(completion, byref(info))
        done = self._waiting.pop(info.user_data)
        found = self._lib.paynow_completion_customer(completion, 0, byref(customer)) == OK
        # An exception cannot cross the library: ctypes prints it and goes on.
        done(info.status, customer.id.decode() if found else None, info.message.decode() if info.message else None)

    def lookup_customer(self, done, deadline_ms=0, **key):
        """Asks for a customer. `done(status, customer_id, message)` runs once, inside poll or close."""
        query = LookupQuery(**{name: value.encode() for name, value in key.items()})
        call = Call(deadline_ms=deadline_ms, user_data=self._next)
        self._check(self._lib.paynow_lookup_customer(self._client, byref(query), byref(call), None))
        self._waiting[self._next] = done
        self._next += 1

    def poll(self):
        """Delivers what has finished: once a tick. Never waits."""
        self._check(self._lib.paynow_client_poll(self._client, 0, 0, None))

    def close(self):
        """Ends what is under way, delivers the rest and stops the library's threads."""
        self._check(self._lib.paynow_client_destroy(self._client))
