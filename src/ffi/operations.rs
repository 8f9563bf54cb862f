//! The operations: one function each.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{Failed, Failure, contain, contain_quick};
use super::host::Route;
use super::ids;
use super::input;
use super::status::PAYNOW_E_NO_VALUE;
use super::table;
use super::types::*;
use crate::client::{
    Authentication, AuthenticationPlatform, Call, Client, CustomerFields, Field, ListCustomers, Player,
};
use crate::model::MinecraftPlatform;
use crate::operations::{self, Arguments, InvalidArgument, Operation, Parameter};
use crate::runtime::{Attachment, Priority};

/// Submits: what all operations have in common. `fill` reads the host's input into the request.
///
/// # Safety
///
/// The pointers are as the header demands.
pub(super) unsafe fn submit(
    client: paynow_client,
    operation: &'static Operation,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
    fill: impl FnOnce(&Client, &mut Arguments) -> Result<(), InvalidArgument>,
) -> Result<(), Failed> {
    let host = table::enter(client)?;
    let fill = |arguments: &mut Arguments| fill(&host.client, arguments);
    // SAFETY: the caller's promise.
    if !call.is_null() {
        // SAFETY: the caller's promise.
        unsafe { input::check(call) }?;
        // SAFETY: as above, and all of it is there.
        check_call(&unsafe { call.read_unaligned() })?;
    }
    // Read once more when everything else is done, which costs less than keeping all of it meanwhile.
    let call = || {
        if call.is_null() {
            return (Call::default(), Attachment::NONE);
        }
        // SAFETY: as above.
        let call = unsafe { call.read_unaligned() };
        (read_call(&call), Route::of(&call).attachment())
    };
    let request = host.client.submit_attached(operation, call, fill)?;
    if !out_request.is_null() {
        // SAFETY: the caller's promise.
        unsafe { input::write("out_request", out_request, ids::id(ids::place_of(client), request.0)) }?;
    }
    Ok(())
}

fn check_call(call: &paynow_call) -> Result<(), InvalidArgument> {
    input::must_be_zero(call.reserved)?;
    match call.priority {
        PAYNOW_PRIORITY_INTERACTIVE | PAYNOW_PRIORITY_BACKGROUND => Ok(()),
        _ => Err(InvalidArgument::new("priority", "must be one of PAYNOW_PRIORITY_*")),
    }
}

/// Reads a call that was checked.
fn read_call(call: &paynow_call) -> Call {
    let is_background = call.priority == PAYNOW_PRIORITY_BACKGROUND;
    Call {
        deadline: (call.deadline_ms != 0).then(|| Duration::from_millis(call.deadline_ms.into())),
        priority: if is_background { Priority::Background } else { Priority::Interactive },
        tag: call.tag,
    }
}

/// Adds text that may be left out.
///
/// # Safety
///
/// As for [`input::text`].
unsafe fn add(
    arguments: &mut Arguments,
    parameter: Parameter,
    pointer: *const c_char,
    length: usize,
) -> Result<(), InvalidArgument> {
    // SAFETY: passed on.
    arguments.optional(parameter, unsafe { input::text(parameter.name(), pointer, length) }?)
}

/// Adds text that must be there.
///
/// # Safety
///
/// As for [`input::text`].
unsafe fn add_required(
    arguments: &mut Arguments,
    parameter: Parameter,
    pointer: *const c_char,
    length: usize,
) -> Result<(), InvalidArgument> {
    // SAFETY: passed on.
    arguments.text(parameter, unsafe { input::required_text(parameter.name(), pointer, length) }?)
}

/// Adds the fields of a customer.
///
/// # Safety
///
/// The pointers in `fields` are as the header demands.
unsafe fn add_fields(
    arguments: &mut Arguments,
    fields: &paynow_customer_fields,
) -> Result<(), InvalidArgument> {
    const KNOWN_NULLS: u32 = 63;
    const MINECRAFT: [MinecraftPlatform; 3] =
        [MinecraftPlatform::Unknown, MinecraftPlatform::Java, MinecraftPlatform::Bedrock];
    input::must_be_zero(fields.reserved)?;
    if fields.null_fields & !KNOWN_NULLS != 0 {
        return Err(InvalidArgument::new("null_fields", "holds unknown bits: combine PAYNOW_NULL_*"));
    }
    let is_null = |bit| fields.null_fields & bit != 0;
    let text = |bit, parameter: Parameter, pointer, length| {
        // SAFETY: the caller's promise.
        field(is_null(bit), parameter, unsafe { input::text(parameter.name(), pointer, length) }?)
    };
    let platform = match fields.minecraft_platform {
        PAYNOW_MINECRAFT_ABSENT => None,
        given => Some(input::word(
            "minecraft_platform",
            given,
            PAYNOW_MINECRAFT_UNKNOWN,
            &MINECRAFT.map(MinecraftPlatform::as_str),
            "must be one of PAYNOW_MINECRAFT_*",
        )?),
    };
    let known = CustomerFields {
        steam_id: text(PAYNOW_NULL_STEAM_ID, Parameter::SteamId, fields.steam_id, fields.steam_id_n)?,
        minecraft_uuid: text(
            PAYNOW_NULL_MINECRAFT_UUID,
            Parameter::MinecraftUuid,
            fields.minecraft_uuid,
            fields.minecraft_uuid_n,
        )?,
        minecraft_platform: field(
            is_null(PAYNOW_NULL_MINECRAFT_PLATFORM),
            Parameter::MinecraftPlatform,
            platform,
        )?,
        xbox_xuid: text(PAYNOW_NULL_XBOX_XUID, Parameter::XboxXuid, fields.xbox_xuid, fields.xbox_xuid_n)?,
        name: text(PAYNOW_NULL_NAME, Parameter::Name, fields.name, fields.name_n)?,
        metadata: Field::Absent,
    };
    let name = Parameter::Metadata.name();
    // SAFETY: the caller's promise.
    let entries = unsafe { input::elements(name, fields.metadata, fields.metadata_count) }?;
    let entries = entries.map(|entries| {
        entries.map(|entry: paynow_metadata_entry| {
            // SAFETY: the caller's promise holds for what an entry points to as well.
            unsafe {
                Ok((
                    input::required_text(name, entry.key, entry.key_n)?,
                    input::required_text(name, entry.value, entry.value_n)?,
                ))
            }
        })
    });
    known.write_with(field(is_null(PAYNOW_NULL_METADATA), Parameter::Metadata, entries)?, arguments)
}

/// One of three: what a C struct can say twice, it must not say both ways.
fn field<T>(is_null: bool, parameter: Parameter, value: Option<T>) -> Result<Field<T>, InvalidArgument> {
    match (is_null, value) {
        (false, None) => Ok(Field::Absent),
        (true, None) => Ok(Field::Null),
        (false, Some(value)) => Ok(Field::Value(value)),
        (true, Some(_)) => Err(InvalidArgument::new(parameter.name(), "cannot be null and have a value")),
    }
}

/// Lists customers: `GET /v1/stores/{store_id}/customers`. The answer is a list, see
/// paynow_completion_info.customer_count and paynow_completion_customer. `query` may be NULL.
///
/// As every function that submits: `call` may be NULL; `out_request` may be NULL and is written only on success.
/// All input is copied. Any thread; never waits, makes no system call, wakes no thread.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_QUEUE_FULL, PAYNOW_E_SHUTDOWN, PAYNOW_E_NO_API_KEY, PAYNOW_E_INVALID_HANDLE,
/// PAYNOW_E_FORKED: the request was not accepted, nothing is sent, and no completion comes.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_list_customers(
    client: paynow_client,
    query: *const paynow_list_query,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::LIST_CUSTOMERS, call, out_request, |_, arguments| {
                let Some(query) = input::optional(query)? else {
                    return Ok(());
                };
                let list = ListCustomers {
                    limit: (query.has_limit != 0).then_some(query.limit),
                    after: input::text(Parameter::After.name(), query.after, query.after_n)?,
                    before: input::text(Parameter::Before.name(), query.before, query.before_n)?,
                    ascending: input::order(query.order)?,
                    search: input::text(Parameter::Search.name(), query.search, query.search_n)?,
                    customer_ids: None,
                };
                let name = Parameter::CustomerIds.name();
                let ids = input::elements(name, query.customer_ids, query.customer_ids_count)?;
                let ids =
                    ids.map(|ids| ids.map(|id: paynow_text| input::required_text(name, id.text, id.text_n)));
                list.write_with(ids, arguments)
            })
        })
    }
}

/// Creates a customer: `POST /v1/stores/{store_id}/customers`. The answer is the customer. Not repeatable: one
/// that may have been sent (paynow_completion_info.sent) and was not answered can exist. PAYNOW_E_NOT_FOUND: no such
/// account at the platform; PAYNOW_E_CONFLICT: the customer exists. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_create_customer(
    client: paynow_client,
    fields: *const paynow_customer_fields,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::CREATE_CUSTOMER, call, out_request, |_, arguments| {
                add_fields(arguments, &input::required(fields)?)
            })
        })
    }
}

/// Gets a customer by PayNow's id: `GET /v1/stores/{store_id}/customers/{customer_id}`. The answer is the
/// customer, or found = 0. `customer_id_n` is its length in bytes, 0 when it ends in NUL. Threads and errors as
/// paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_get_customer(
    client: paynow_client,
    customer_id: *const c_char,
    customer_id_n: usize,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::GET_CUSTOMER, call, out_request, |_, arguments| {
                add_required(arguments, Parameter::CustomerId, customer_id, customer_id_n)
            })
        })
    }
}

/// Changes a customer: `PATCH /v1/stores/{store_id}/customers/{customer_id}`. Fields that are absent stay as
/// they are. The answer is the customer. Whether metadata is merged or replaced is nowhere documented. Threads
/// and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_update_customer(
    client: paynow_client,
    customer_id: *const c_char,
    customer_id_n: usize,
    fields: *const paynow_customer_fields,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::UPDATE_CUSTOMER, call, out_request, |_, arguments| {
                add_required(arguments, Parameter::CustomerId, customer_id, customer_id_n)?;
                add_fields(arguments, &input::required(fields)?)
            })
        })
    }
}

/// Mints a token the customer is known by in the storefront: `POST …/customers/{customer_id}/tokens`. It does not
/// expire by default; the API key needs the permission customer_update. The answer is the token, see
/// paynow_completion_token. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_create_customer_token(
    client: paynow_client,
    customer_id: *const c_char,
    customer_id_n: usize,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::CREATE_CUSTOMER_TOKEN, call, out_request, |_, arguments| {
                add_required(arguments, Parameter::CustomerId, customer_id, customer_id_n)
            })
        })
    }
}

/// Revokes *all* tokens of the customer: `DELETE …/customers/{customer_id}/tokens`. The API key needs the
/// permission `customer_update`. The answer holds nothing. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_invalidate_customer_tokens(
    client: paynow_client,
    customer_id: *const c_char,
    customer_id_n: usize,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::INVALIDATE_CUSTOMER_TOKENS, call, out_request, |_, arguments| {
                add_required(arguments, Parameter::CustomerId, customer_id, customer_id_n)
            })
        })
    }
}

/// Looks a customer up by exactly one key: `GET /v1/stores/{store_id}/customers/lookup`. The answer is the
/// customer, or found = 0 when the customer does not exist. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_lookup_customer(
    client: paynow_client,
    query: *const paynow_lookup_query,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::LOOKUP_CUSTOMER, call, out_request, |_, arguments| {
                add_key(arguments, query)
            })
        })
    }
}

/// Adds the key of a lookup. A C struct can hold several: the operation refuses them.
///
/// # Safety
///
/// `query` and the pointers in it are as the header demands.
#[inline(always)] // what it returns would pass through memory
unsafe fn add_key(
    arguments: &mut Arguments,
    query: *const paynow_lookup_query,
) -> Result<(), InvalidArgument> {
    // SAFETY: the caller's promise.
    if unsafe { is_uuid_alone(arguments, query) } {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { add_any_key(arguments, query) }
}

/// Adds the key of a lookup that is a UUID as it is sent, and nothing else. False, and nothing is added, when it is not: a
/// shortcut, with which the lookup that servers make most takes a third of the memory and half the instructions.
///
/// # Safety
///
/// As for [`add_key`].
#[inline(always)]
unsafe fn is_uuid_alone(arguments: &mut Arguments, query: *const paynow_lookup_query) -> bool {
    // SAFETY: the caller's promise.
    if !unsafe { input::is_whole(query) } {
        return false;
    }
    // SAFETY: as above, and all of it is there.
    let query = unsafe { query.read_unaligned() };
    let texts = [query.id, query.steam_id, query.xbox_xuid, query.minecraft_java_name];
    let more = [query.minecraft_bedrock_name, query.name];
    let lengths = [query.id_n, query.steam_id_n, query.xbox_xuid_n, query.minecraft_java_name_n];
    let rest = [query.minecraft_bedrock_name_n, query.name_n, query.reserved as usize];
    let others = texts.iter().chain(&more).fold(0, |all, text| all | text.addr())
        | lengths.iter().chain(&rest).fold(0, |all, length| all | length);
    if others != 0 || query.minecraft_uuid.is_null() {
        return false;
    }
    // SAFETY: the caller's promise.
    match unsafe { input::bytes(query.minecraft_uuid, query.minecraft_uuid_n) } {
        Ok(Some(bytes)) => arguments.is_canonical_uuid(Parameter::MinecraftUuid, bytes),
        _ => false,
    }
}

/// Adds whatever keys a lookup has.
///
/// # Safety
///
/// As for [`add_key`].
#[inline(never)]
unsafe fn add_any_key(
    arguments: &mut Arguments,
    query: *const paynow_lookup_query,
) -> Result<(), InvalidArgument> {
    // SAFETY: the caller's promise.
    let query = unsafe { input::required(query) }?;
    input::must_be_zero(query.reserved)?;
    for (parameter, pointer, length) in [
        (Parameter::LookupId, query.id, query.id_n),
        (Parameter::SteamId, query.steam_id, query.steam_id_n),
        (Parameter::MinecraftUuid, query.minecraft_uuid, query.minecraft_uuid_n),
        (Parameter::XboxXuid, query.xbox_xuid, query.xbox_xuid_n),
        (Parameter::MinecraftJavaName, query.minecraft_java_name, query.minecraft_java_name_n),
        (Parameter::MinecraftBedrockName, query.minecraft_bedrock_name, query.minecraft_bedrock_name_n),
        (Parameter::Name, query.name, query.name_n),
    ] {
        // SAFETY: the caller's promise.
        unsafe { add(arguments, parameter, pointer, length) }?;
    }
    Ok(())
}

/// Reads a player.
///
/// # Safety
///
/// `player` is as the header demands; what is borrowed lives as long.
unsafe fn read_player<'a>(player: *const paynow_player) -> Result<Player<'a>, InvalidArgument> {
    // SAFETY: the caller's promise, for each of them.
    unsafe {
        let player = input::required(player)?;
        input::must_be_zero(player.reserved)?;
        Ok(Player {
            steam_id: input::text("steam_id", player.steam_id, player.steam_id_n)?,
            xbox_xuid: input::text("xbox_xuid", player.xbox_xuid, player.xbox_xuid_n)?,
            minecraft_uuid: input::text("minecraft_uuid", player.minecraft_uuid, player.minecraft_uuid_n)?,
            name: input::text("name", player.name, player.name_n)?,
        })
    }
}

/// Looks a player up by the strongest key the host knows. The answer is as for paynow_lookup_customer, and
/// its completion says PAYNOW_OP_LOOKUP_CUSTOMER. Threads
/// and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_lookup_player(
    client: paynow_client,
    player: *const paynow_player,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::LOOKUP_CUSTOMER, call, out_request, |client, arguments| {
                client.write_player_key(&read_player(player)?, arguments)
            })
        })
    }
}

/// The player's customer, created if need be: looks up, creates the unknown, and looks up again when another
/// server was first. The answer is the customer. Calls for the same player share one answer. Threads and errors
/// as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_ensure_customer(
    client: paynow_client,
    player: *const paynow_player,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::ENSURE_CUSTOMER, call, out_request, |client, arguments| {
                client.write_player(&read_player(player)?, arguments)
            })
        })
    }
}

/// paynow_ensure_customer, and a token of theirs. The answer holds both: paynow_completion_customer and
/// paynow_completion_token. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_token_for(
    client: paynow_client,
    player: *const paynow_player,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::TOKEN_FOR, call, out_request, |client, arguments| {
                client.write_player(&read_player(player)?, arguments)
            })
        })
    }
}

/// What is remembered of a lookup, without asking the API: for placeholders and permission checks on the tick
/// thread. `*out_completion` is read like any completion (found = 0: remembered that the customer does not exist) and given
/// back with paynow_completion_free. Any thread, never waits, well under a microsecond.
///
/// PAYNOW_E_NO_VALUE when nothing fresh is remembered, or the place is being written to at this very moment.
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_QUEUE_FULL, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// Pointers point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_peek(
    client: paynow_client,
    query: *const paynow_lookup_query,
    out_completion: *mut paynow_completion,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe { peek(client, out_completion, |_, arguments| add_key(arguments, query)) }
}

/// paynow_client_peek for a player.
///
/// # Safety
///
/// Pointers point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_client_peek_player(
    client: paynow_client,
    player: *const paynow_player,
    out_completion: *mut paynow_completion,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        peek(client, out_completion, |client, arguments| {
            client.write_player_key(&read_player(player)?, arguments)
        })
    }
}

unsafe fn peek(
    client: paynow_client,
    out_completion: *mut paynow_completion,
    fill: impl FnOnce(&Client, &mut Arguments) -> Result<(), InvalidArgument>,
) -> paynow_status {
    contain(|| {
        let host = table::enter(client)?;
        if out_completion.is_null() {
            return Err(InvalidArgument::new("out_completion", "must not be NULL").into());
        }
        let found = host.client.peek_key(|arguments| fill(&host.client, arguments))?;
        let key =
            found.ok_or(Failure::new(PAYNOW_E_NO_VALUE, "nothing fresh is remembered of this lookup"))?;
        // SAFETY: the caller's promise.
        unsafe { input::write("out_completion", out_completion, host.id(key)) }
    })
}

/// Creates 1 to 200 customers at once: `POST /v1/stores/{store_id}/customers/bulk`. `customers` points to `count`
/// structs, each `customers[0].struct_size` bytes behind the one before. The answer is a list; its order, and what becomes of the
/// rest when one cannot be created, are nowhere documented. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_bulk_create_customers(
    client: paynow_client,
    customers: *const paynow_customer_fields,
    count: usize,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::BULK_CREATE_CUSTOMERS, call, out_request, |_, arguments| {
                operations::check_bulk(count)?;
                let stride = input::required(customers).map_err(|error| error.of("customers"))?.struct_size;
                for index in 0..count {
                    let customer = customers.byte_add(index * stride as usize);
                    let fields = input::required(customer).map_err(|error| error.in_item(index))?;
                    if fields.struct_size != stride {
                        return Err(InvalidArgument::new("struct_size", "differs from the first one's")
                            .in_item(index));
                    }
                    arguments.item()?;
                    add_fields(arguments, &fields).map_err(|error| error.in_item(index))?;
                }
                Ok(())
            })
        })
    }
}

/// Authenticates the owner of a platform account, who becomes a customer: `POST /v1/store/customer/auth`. The
/// answer is a token, see paynow_completion_token. Needs no API key. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_authenticate_customer(
    client: paynow_client,
    authentication: *const paynow_authentication,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::AUTHENTICATE_CUSTOMER, call, out_request, |_, arguments| {
                let input = input::required(authentication)?;
                let authentication = Authentication {
                    platform: input::word(
                        "platform",
                        input.platform,
                        PAYNOW_PLATFORM_STEAM,
                        &AuthenticationPlatform::ALL,
                        "must be one of PAYNOW_PLATFORM_*",
                    )?,
                    id: input::required_text("id", input.id, input.id_n)?,
                    customer_ip: input::required_text("customer_ip", input.customer_ip, input.customer_ip_n)?,
                    customer_countrycode: input::text(
                        "customer_countrycode",
                        input.customer_countrycode,
                        input.customer_countrycode_n,
                    )?,
                };
                authentication.write(arguments)
            })
        })
    }
}

/// Gets the customer a token belongs to: `GET /v1/store/customer`. The answer is the customer;
/// PAYNOW_E_UNAUTHORIZED when the token was revoked or never valid. `customer_token_n` is its length in bytes, 0
/// when it ends in NUL. Needs no API key. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_get_current_customer(
    client: paynow_client,
    customer_token: *const c_char,
    customer_token_n: usize,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::GET_CURRENT_CUSTOMER, call, out_request, |_, arguments| {
                add_required(arguments, Parameter::CustomerToken, customer_token, customer_token_n)
            })
        })
    }
}

/// Looks a gift card up for a customer: `GET /v1/store/customer/giftcards/lookup/{code}`. The answer is the card,
/// see paynow_completion_giftcard, or found = 0 when the card does not exist. Guard it against guessing. Needs no API key.
/// Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_lookup_giftcard(
    client: paynow_client,
    query: *const paynow_giftcard_query,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::LOOKUP_GIFTCARD, call, out_request, |_, arguments| {
                let query = input::required(query)?;
                input::must_be_zero(query.reserved)?;
                add_required(
                    arguments,
                    Parameter::CustomerToken,
                    query.customer_token,
                    query.customer_token_n,
                )?;
                add_required(arguments, Parameter::GiftCardCode, query.code, query.code_n)
            })
        })
    }
}

/// Any other operation of the API, under the same promise. The answer is JSON, see paynow_completion_json, or
/// nothing. Threads and errors as paynow_list_customers.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_request(
    client: paynow_client,
    request: *const paynow_raw_request,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise, here and inside.
    unsafe {
        contain_quick(|| {
            submit(client, &operations::REQUEST, call, out_request, |_, arguments| {
                let request = input::required(request)?;
                add_required(arguments, Parameter::Method, request.method, request.method_n)?;
                add_required(arguments, Parameter::Path, request.path, request.path_n)?;
                let auth = input::word(
                    "auth",
                    request.auth,
                    PAYNOW_AUTH_NONE,
                    &operations::AUTHS,
                    "must be one of PAYNOW_AUTH_*",
                )?;
                arguments.text(Parameter::Auth, auth)?;
                add(arguments, Parameter::CustomerToken, request.customer_token, request.customer_token_n)?;
                add(arguments, Parameter::Json, request.json, request.json_n)
            })
        })
    }
}
