//! The operations: one export each.
//!
//! What all of them take besides their own input: the client's handle, the deadline in milliseconds (0: the client's),
//! whether it is background work, a tag, and the ticket. What they return is the id of the request.

use std::time::Duration;

use jni::sys::{
    JNI_FALSE, JNIEnv, jboolean, jbyteArray, jclass, jint, jintArray, jlong, jobjectArray, jstring,
};

use super::encode::Batch;
use super::env::{Caller, Failure, contain};
use super::follow::{Attached, Follow};
use super::table;
use super::text::{JavaText, JavaTexts, optional};
use crate::client::{
    Authentication, AuthenticationPlatform, Call, Client, CustomerFields, Field, ListCustomers, LookupKey,
    Player, RawAuth, RawRequest,
};
use crate::model::MinecraftPlatform;
use crate::operations::{self, Arguments, InvalidArgument, Operation, PAGE_LIMIT, Parameter};
use crate::room::{self, NoMemory};
use crate::runtime::{Peeked, Priority};

/// What every request has.
pub(super) struct Common {
    pub(super) client: jlong,
    pub(super) deadline_ms: jint,
    pub(super) background: jboolean,
    pub(super) tag: jlong,
    pub(super) ticket: jint,
}

impl Common {
    fn call(&self) -> Call {
        let deadline = u64::try_from(self.deadline_ms).ok().filter(|milliseconds| *milliseconds > 0);
        Call {
            deadline: deadline.map(Duration::from_millis),
            priority: if self.background == JNI_FALSE { Priority::Interactive } else { Priority::Background },
            tag: self.tag.cast_unsigned(),
        }
    }
}

pub(super) fn submit(
    common: &Common,
    operation: &'static Operation,
    follow: Follow,
    fill: impl FnOnce(&Client, &mut Arguments) -> Result<(), InvalidArgument>,
) -> Result<jlong, Failure> {
    let host = table::enter(common.client)?;
    let attached = Attached::new(common.ticket.cast_unsigned(), follow);
    let call = || (common.call(), attached.words());
    let request = host.client.submit_attached(operation, call, |arguments| fill(&host.client, arguments))?;
    attached.accepted();
    Ok(request.0.bits().cast_signed())
}

/// Declares an export that submits: its own parameters, and what to do with them.
macro_rules! export {
    (
        $(#[$attribute:meta])*
        $name:ident($($parameter:ident: $type:ty),*) $operation:ident
        |$caller:ident, $client:pat_param, $arguments:ident| $fill:expr
    ) => {
        $(#[$attribute])*
        ///
        /// # Safety
        ///
        /// Only the JVM calls it.
        #[unsafe(no_mangle)]
        #[allow(clippy::too_many_arguments, reason = "each is a thing of its own, and an object would cost more to read")]
        pub unsafe extern "system" fn $name(
            env: *mut JNIEnv,
            _: jclass,
            client: jlong,
            $($parameter: $type,)*
            deadline_ms: jint,
            background: jboolean,
            tag: jlong,
            ticket: jint,
        ) -> jlong {
            // SAFETY: the JVM's promise to an export.
            let $caller = unsafe { Caller::new(env) };
            let common = Common { client, deadline_ms, background, tag, ticket };
            contain($caller, || submit(&common, &operations::$operation, Follow::Alone, |$client, $arguments| $fill))
        }
    };
}
/// Adds text that may be left out: null is, and then whether it was needed is the operation's to say.
fn add(
    caller: Caller,
    arguments: &mut Arguments,
    parameter: Parameter,
    text: jstring,
) -> Result<(), InvalidArgument> {
    let text = JavaText::read(caller, parameter.name(), text)?;
    arguments.optional(parameter, optional(&text))
}

fn add_token(caller: Caller, arguments: &mut Arguments, token: jstring) -> Result<(), InvalidArgument> {
    let token = JavaText::read_secret(caller, Parameter::CustomerToken.name(), token)?;
    arguments.optional(Parameter::CustomerToken, optional(&token))
}

export! {
    /// `limit` is -1 when it is not given; `ascending` -1, 0 or 1. `customer_ids` is null when it is not given.
    Java_dev_paynowbridge_internal_Native_listCustomers(
        limit: jint, after: jstring, before: jstring, ascending: jint, search: jstring, customer_ids: jobjectArray
    ) LIST_CUSTOMERS |caller, _, arguments| {
        let after = JavaText::read(caller, Parameter::After.name(), after)?;
        let before = JavaText::read(caller, Parameter::Before.name(), before)?;
        let search = JavaText::read(caller, Parameter::Search.name(), search)?;
        let query = ListCustomers {
            limit: (limit != -1).then(|| u32::try_from(limit).unwrap_or(0)),
            after: optional(&after),
            before: optional(&before),
            ascending: (ascending != -1).then_some(ascending != 0),
            search: optional(&search),
            customer_ids: None,
        };
        let name = Parameter::CustomerIds.name();
        let mut texts = JavaTexts::new(caller, customer_ids);
        let mut ids = room::list(texts.length().min(PAGE_LIMIT + 1)).map_err(|NoMemory| InvalidArgument::without_memory(name))?;
        while texts.has_next() && ids.len() <= PAGE_LIMIT {
            ids.push(texts.next(name)?.ok_or(InvalidArgument::new(name, "must not hold null"))?);
        }
        let ids = (!customer_ids.is_null()).then(|| ids.iter().map(|id| Ok(id.as_str())));
        query.write_with(ids, arguments)
    }
}

export! {
    /// `shape` and `texts` are of one customer, see [`add_fields`].
    Java_dev_paynowbridge_internal_Native_createCustomer(
        shape: jintArray, texts: jobjectArray
    ) CREATE_CUSTOMER |caller, _, arguments| {
        add_fields(arguments, shape_at(caller, shape, 0), &mut JavaTexts::new(caller, texts))
    }
}

export! {
    /// The customer with this id.
    Java_dev_paynowbridge_internal_Native_getCustomer(
        customer_id: jstring
    ) GET_CUSTOMER |caller, _, arguments| add(caller, arguments, Parameter::CustomerId, customer_id)
}

export! {
    /// `shape` and `texts` are of one customer, see [`add_fields`].
    Java_dev_paynowbridge_internal_Native_updateCustomer(
        customer_id: jstring, shape: jintArray, texts: jobjectArray
    ) UPDATE_CUSTOMER |caller, _, arguments| {
        add(caller, arguments, Parameter::CustomerId, customer_id)?;
        add_fields(arguments, shape_at(caller, shape, 0), &mut JavaTexts::new(caller, texts))
    }
}

export! {
    /// A token of the customer with this id.
    Java_dev_paynowbridge_internal_Native_createCustomerToken(
        customer_id: jstring
    ) CREATE_CUSTOMER_TOKEN |caller, _, arguments| add(caller, arguments, Parameter::CustomerId, customer_id)
}

export! {
    /// Revokes all tokens of the customer with this id.
    Java_dev_paynowbridge_internal_Native_invalidateCustomerTokens(
        customer_id: jstring
    ) INVALIDATE_CUSTOMER_TOKENS |caller, _, arguments| {
        add(caller, arguments, Parameter::CustomerId, customer_id)
    }
}

export! {
    /// By a Minecraft UUID.
    Java_dev_paynowbridge_internal_Native_lookupUuid(
        high: jlong, low: jlong
    ) LOOKUP_CUSTOMER |_caller, _, arguments| uuid_key(high, low).write(arguments)
}

export! {
    /// By text; `kind` says which, see [`TEXT_KEYS`].
    Java_dev_paynowbridge_internal_Native_lookupText(
        kind: jint, text: jstring
    ) LOOKUP_CUSTOMER |caller, _, arguments| add(caller, arguments, text_key(kind)?, text)
}

export! {
    /// By the strongest key the host knows.
    Java_dev_paynowbridge_internal_Native_lookupPlayer(
        steam_id: jstring, xbox_xuid: jstring, has_uuid: jboolean, uuid_high: jlong, uuid_low: jlong, name: jstring
    ) LOOKUP_CUSTOMER |caller, client, arguments| {
        let uuid = uuid_if(has_uuid, uuid_high, uuid_low);
        JavaPlayer { caller, steam_id, xbox_xuid, uuid, name }.write_key(client, arguments)
    }
}

export! {
    /// Found or created.
    Java_dev_paynowbridge_internal_Native_ensureCustomer(
        steam_id: jstring, xbox_xuid: jstring, has_uuid: jboolean, uuid_high: jlong, uuid_low: jlong, name: jstring
    ) ENSURE_CUSTOMER |caller, client, arguments| {
        let uuid = uuid_if(has_uuid, uuid_high, uuid_low);
        JavaPlayer { caller, steam_id, xbox_xuid, uuid, name }.write(client, arguments)
    }
}

export! {
    /// Found or created, and a token of theirs.
    Java_dev_paynowbridge_internal_Native_tokenFor(
        steam_id: jstring, xbox_xuid: jstring, has_uuid: jboolean, uuid_high: jlong, uuid_low: jlong, name: jstring
    ) TOKEN_FOR |caller, client, arguments| {
        let uuid = uuid_if(has_uuid, uuid_high, uuid_low);
        JavaPlayer { caller, steam_id, xbox_xuid, uuid, name }.write(client, arguments)
    }
}

export! {
    /// `shapes` holds two numbers for each customer, see [`add_fields`].
    Java_dev_paynowbridge_internal_Native_bulkCreateCustomers(
        shapes: jintArray, texts: jobjectArray
    ) BULK_CREATE_CUSTOMERS |caller, _, arguments| {
        let count = shapes_in(caller, shapes);
        operations::check_bulk(count)?;
        let mut texts = JavaTexts::new(caller, texts);
        for index in 0..count {
            arguments.item()?;
            // An error about the arguments themselves says which item it is about.
            add_fields(arguments, shape_at(caller, shapes, index), &mut texts)?;
        }
        Ok(())
    }
}

export! {
    /// `platform` is the number of an [`AuthenticationPlatform`].
    Java_dev_paynowbridge_internal_Native_authenticateCustomer(
        platform: jint, id: jstring, customer_ip: jstring, customer_country_code: jstring
    ) AUTHENTICATE_CUSTOMER |caller, _, arguments| {
        let required = |parameter: Parameter, text: jstring| {
            JavaText::read(caller, parameter.name(), text)?
                .ok_or(InvalidArgument::new(parameter.name(), "is required"))
        };
        let id = required(Parameter::AccountId, id)?;
        let ip = required(Parameter::CustomerIp, customer_ip)?;
        let country = JavaText::read(caller, Parameter::CustomerCountryCode.name(), customer_country_code)?;
        let authentication = Authentication {
            platform: authentication_platform(platform)?,
            id: id.as_str(),
            customer_ip: ip.as_str(),
            customer_countrycode: optional(&country),
        };
        authentication.write(arguments)
    }
}

export! {
    /// Whose token it is.
    Java_dev_paynowbridge_internal_Native_getCurrentCustomer(
        customer_token: jstring
    ) GET_CURRENT_CUSTOMER |caller, _, arguments| add_token(caller, arguments, customer_token)
}

export! {
    /// A gift card, asked for by a customer.
    Java_dev_paynowbridge_internal_Native_lookupGiftcard(
        customer_token: jstring, code: jstring
    ) LOOKUP_GIFTCARD |caller, _, arguments| {
        add_token(caller, arguments, customer_token)?;
        add(caller, arguments, Parameter::GiftCardCode, code)
    }
}

export! {
    /// `auth` is 0 for none, 1 for the API key, 2 for the customer token.
    Java_dev_paynowbridge_internal_Native_request(
        method: jstring, path: jstring, auth: jint, customer_token: jstring, json: jstring
    ) REQUEST |caller, _, arguments| {
        let method = JavaText::read(caller, Parameter::Method.name(), method)?;
        let path = JavaText::read(caller, Parameter::Path.name(), path)?;
        let token = JavaText::read_secret(caller, Parameter::CustomerToken.name(), customer_token)?;
        let json = JavaText::read(caller, Parameter::Json.name(), json)?;
        let request = RawRequest {
            method: optional(&method).unwrap_or_default(),
            path: optional(&path).unwrap_or_default(),
            json: optional(&json),
            auth: match auth {
                1 => RawAuth::ApiKey,
                2 => RawAuth::Customer(optional(&token).unwrap_or_default()),
                _ => RawAuth::None,
            },
        };
        request.write(arguments)
    }
}

fn uuid(high: jlong, low: jlong) -> u128 {
    u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned())
}

fn uuid_if(is_there: jboolean, high: jlong, low: jlong) -> Option<u128> {
    (is_there != JNI_FALSE).then(|| uuid(high, low))
}

fn uuid_key(high: jlong, low: jlong) -> LookupKey<'static> {
    LookupKey::MinecraftUuidBits(uuid(high, low))
}

/// The keys that are texts, at the numbers they have in `dev.paynowbridge.LookupKey`.
const TEXT_KEYS: [Parameter; 7] = [
    Parameter::LookupId,
    Parameter::SteamId,
    Parameter::MinecraftUuid,
    Parameter::XboxXuid,
    Parameter::MinecraftJavaName,
    Parameter::MinecraftBedrockName,
    Parameter::Name,
];

fn text_key(kind: jint) -> Result<Parameter, InvalidArgument> {
    let key = usize::try_from(kind).ok().and_then(|kind| TEXT_KEYS.get(kind));
    key.copied().ok_or(InvalidArgument::new("key", "is of no known kind"))
}

fn authentication_platform(number: jint) -> Result<AuthenticationPlatform, InvalidArgument> {
    let platform = usize::try_from(number).ok().and_then(|number| AuthenticationPlatform::ALL.get(number));
    platform.copied().ok_or(InvalidArgument::new(Parameter::Platform.name(), "is required"))
}

/// What a host knows of a player, as it crosses: the UUID as a number, so that most players are known without a text.
#[derive(Clone, Copy)]
struct JavaPlayer {
    caller: Caller,
    steam_id: jstring,
    xbox_xuid: jstring,
    uuid: Option<u128>,
    name: jstring,
}

impl JavaPlayer {
    /// Writes the key the player is looked up by.
    fn write_key(self, client: &Client, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        match self.uuid {
            Some(uuid) if self.steam_id.is_null() && self.xbox_xuid.is_null() && client.is_known_by(uuid) => {
                arguments.uuid(Parameter::MinecraftUuid, uuid)
            }
            _ => self.convert(|player| client.write_player_key(player, arguments)),
        }
    }

    /// Writes the key, and the fields a customer is created with.
    fn write(self, client: &Client, arguments: &mut Arguments) -> Result<(), InvalidArgument> {
        self.convert(|player| client.write_player(player, arguments))
    }

    #[inline(never)] // the texts are on the stack
    fn convert(
        self,
        write: impl FnOnce(&Player<'_>) -> Result<(), InvalidArgument>,
    ) -> Result<(), InvalidArgument> {
        let read = |parameter: Parameter, text| JavaText::read(self.caller, parameter.name(), text);
        let steam_id = read(Parameter::SteamId, self.steam_id)?;
        let xbox_xuid = read(Parameter::XboxXuid, self.xbox_xuid)?;
        let name = read(Parameter::Name, self.name)?;
        let uuid = self.uuid.map(operations::spell_uuid);
        write(&Player {
            steam_id: optional(&steam_id),
            xbox_xuid: optional(&xbox_xuid),
            minecraft_uuid: uuid.as_ref().and_then(|uuid| std::str::from_utf8(uuid).ok()),
            name: optional(&name),
        })
    }
}

/// How many customers an array of shapes describes.
pub(super) fn shapes_in(caller: Caller, shapes: jintArray) -> usize {
    caller.array_length(shapes) / SHAPE
}

/// The shape of one of them.
pub(super) fn shape_at(caller: Caller, shapes: jintArray, index: usize) -> [jint; SHAPE] {
    let mut numbers = [0; SHAPE];
    caller.ints(shapes, index * SHAPE, &mut numbers);
    numbers
}

/// How many numbers the shape of a customer has.
const SHAPE: usize = 2;
/// The fields that are a bit of a customer's shape, from the lowest.
const FIELDS: [Parameter; 5] =
    [Parameter::SteamId, Parameter::MinecraftUuid, Parameter::XboxXuid, Parameter::Name, Parameter::Metadata];
/// How far above the bit of a field the one is that says it is null.
const CLEARED: u32 = 8;
/// Where the platform begins.
const PLATFORM: u32 = 16;

/// Adds the fields of a customer.
///
/// The first number of its shape holds one bit for each field that has a value (Steam id, Minecraft UUID, XUID, name,
/// metadata, from the lowest), eight bits above the same for each that is null, and from bit 16 on the platform: 0
/// absent, 1 unknown, 2 Java, 3 Bedrock, 4 null. The second number counts the entries of the metadata. `texts` yields
/// the values in that order, and then key and value of each entry.
pub(super) fn add_fields(
    arguments: &mut Arguments,
    [mask, entries]: [jint; SHAPE],
    texts: &mut JavaTexts,
) -> Result<(), InvalidArgument> {
    let has = |bit: u32| mask >> bit & 1 != 0;
    let is_null = |bit: u32| mask >> (bit + CLEARED) & 1 != 0;
    let mut values: [Option<JavaText>; 4] = [const { None }; 4];
    for (bit, parameter) in FIELDS.into_iter().take(values.len()).enumerate() {
        if has(bit as u32) {
            values[bit] = texts.next(parameter.name())?;
        }
    }
    let name = Parameter::Metadata.name();
    let no_memory = |NoMemory| InvalidArgument::without_memory(name);
    let mut metadata = Vec::new();
    for _ in 0..entries {
        let (Some(key), Some(value)) = (texts.next(name)?, texts.next(name)?) else {
            return Err(InvalidArgument::new(name, "must not hold null"));
        };
        room::push(&mut metadata, (key, value)).map_err(no_memory)?;
    }
    let metadata = metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let metadata = room::collect(metadata).map_err(no_memory)?;
    let field = |bit: usize| match &values[bit] {
        Some(value) => Field::Value(value.as_str()),
        None if is_null(bit as u32) => Field::Null,
        None => Field::Absent,
    };
    let fields = CustomerFields {
        steam_id: field(0),
        minecraft_uuid: field(1),
        xbox_xuid: field(2),
        name: field(3),
        minecraft_platform: match mask >> PLATFORM {
            0 => Field::Absent,
            1 => Field::Value(MinecraftPlatform::Unknown.as_str()),
            2 => Field::Value(MinecraftPlatform::Java.as_str()),
            3 => Field::Value(MinecraftPlatform::Bedrock.as_str()),
            _ => Field::Null,
        },
        metadata: match (has(4), is_null(4)) {
            (true, _) => Field::Value(metadata.as_slice()),
            (false, true) => Field::Null,
            (false, false) => Field::Absent,
        },
    };
    fields.write(arguments)
}

/// Stands for the answer that Java has seen.
const SEEN: jlong = jlong::MAX;

/// Puts what is remembered of a lookup into `buffer`, as a record whose ticket means nothing and the answer's number behind
/// it, and says how long that is: 0 when nothing is remembered, [`SEEN`] when it is the answer with the number `seen`. When it is
/// longer than the buffer nothing was put there.
fn peek(
    caller: Caller,
    client: jlong,
    seen: jlong,
    buffer: jbyteArray,
    fill: impl FnOnce(&Client, &mut Arguments) -> Result<(), InvalidArgument>,
) -> jlong {
    contain(caller, || {
        let host = table::enter(client)?;
        let seen = seen.cast_unsigned();
        let (key, number) =
            match host.client.peek_for_other(seen, |arguments| fill(&host.client, arguments))? {
                Peeked::Nothing => return Ok(0),
                Peeked::Seen => return Ok(SEEN),
                Peeked::Other(key, number) => (key, number),
            };
        let Ok(mut batch) = Batch::new() else {
            host.free(key);
            return Err(NoMemory.into());
        };
        host.encode(&mut batch, key)?;
        batch.number(number)?;
        Ok(caller.set_bytes(buffer, batch.bytes()))
    })
}

/// What is remembered of a lookup by UUID.
///
/// # Safety
///
/// Only the JVM calls it.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_peekUuid(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    high: jlong,
    low: jlong,
    seen: jlong,
    buffer: jbyteArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    peek(caller, client, seen, buffer, |_, arguments| uuid_key(high, low).write(arguments))
}

/// What is remembered of a lookup by text.
///
/// # Safety
///
/// Only the JVM calls it.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_peekText(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    kind: jint,
    text: jstring,
    seen: jlong,
    buffer: jbyteArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    peek(caller, client, seen, buffer, |_, arguments| add(caller, arguments, text_key(kind)?, text))
}

/// What is remembered of a lookup of a player.
///
/// # Safety
///
/// Only the JVM calls it.
#[unsafe(no_mangle)]
#[allow(
    clippy::too_many_arguments,
    reason = "each is a thing of its own, and an object would cost more to read"
)]
pub unsafe extern "system" fn Java_dev_paynowbridge_internal_Native_peekPlayer(
    env: *mut JNIEnv,
    _: jclass,
    client: jlong,
    steam_id: jstring,
    xbox_xuid: jstring,
    has_uuid: jboolean,
    uuid_high: jlong,
    uuid_low: jlong,
    name: jstring,
    seen: jlong,
    buffer: jbyteArray,
) -> jlong {
    // SAFETY: the JVM's promise to an export.
    let caller = unsafe { Caller::new(env) };
    peek(caller, client, seen, buffer, |client, arguments| {
        let uuid = uuid_if(has_uuid, uuid_high, uuid_low);
        JavaPlayer { caller, steam_id, xbox_xuid, uuid, name }.write_key(client, arguments)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{between, camel, constants, read, screaming, swap};

    const FOLDER: &str = "java-shim/api/src/main/java/dev/paynowbridge";
    /// What every export that submits takes behind its own parameters, and before them the client.
    const COMMON: &str = "deadline_ms: jint, background: jboolean, tag: jlong, ticket: jint";

    /// A method or an export: its name, and type and name of each parameter.
    type Signature = (String, Vec<(String, String)>);

    fn parameters(list: &str, read: impl Fn(&str) -> Option<(String, String)>) -> Vec<(String, String)> {
        list.split(',').filter_map(read).collect()
    }

    fn java_parameter(text: &str) -> Option<(String, String)> {
        let (kind, name) = text.trim().rsplit_once(' ')?;
        Some((kind.to_owned(), name.to_owned()))
    }

    /// As the same parameter is spelled in Java.
    fn rust_parameter(text: &str) -> Option<(String, String)> {
        let (name, kind) = text.trim().split_once(": ")?;
        let kind = match kind {
            "jlong" => "long",
            "jint" => "int",
            "jboolean" => "boolean",
            "jstring" => "String",
            "jintArray" => "int[]",
            "jlongArray" => "long[]",
            "jbyteArray" => "byte[]",
            "jobjectArray" => "String[]",
            "*mut JNIEnv" | "jclass" => return None,
            other => panic!("{name} is of the type {other}"),
        };
        Some((kind.to_owned(), camel(name)))
    }

    fn natives(java: &str) -> Vec<Signature> {
        let methods = java.split("static native long ").skip(1).map(|method| {
            let (name, rest) = method.split_once('(').unwrap();
            (name.to_owned(), parameters(rest.split_once(')').unwrap().0, java_parameter))
        });
        methods.collect()
    }

    fn exports(rust: &str) -> Vec<Signature> {
        const NAME: &str = "Java_dev_paynowbridge_internal_Native_";
        // Without the tests, which talk of exports too.
        let rust = rust.split("#[cfg(test)]").next().unwrap();
        let mut found = Vec::new();
        for (at, _) in rust.match_indices(NAME) {
            let (name, rest) = rust[at + NAME.len()..].split_once('(').unwrap();
            let own = rest.split_once(')').unwrap().0;
            let is_whole = rust[..at].ends_with("fn ");
            let all = if is_whole { own.to_owned() } else { format!("client: jlong, {own}, {COMMON}") };
            found.push((name.to_owned(), parameters(&all, rust_parameter)));
        }
        found
    }

    fn all_exports() -> Vec<Signature> {
        let files = ["client", "operations", "batches"];
        files.iter().flat_map(|file| exports(&read(&format!("src/jni/{file}.rs")))).collect()
    }

    fn sorted(mut signatures: Vec<Signature>) -> Vec<Signature> {
        signatures.sort();
        signatures
    }

    #[test]
    fn every_native_method_is_an_export_with_the_same_parameters() {
        let java = read(&format!("{FOLDER}/internal/Native.java"));
        let exports = sorted(all_exports());
        assert!(exports.len() > 25, "{} exports were found", exports.len());
        assert_eq!(sorted(natives(&java)), exports);
        // Two parameters of one type that change places are noticed.
        for (one, other) in [
            ("steamId", "xboxXuid"),
            ("after", "before"),
            ("customerIp", "id"),
            ("high", "low"),
            ("uuidHigh", "uuidLow"),
        ] {
            assert_ne!(sorted(natives(&swap(&java, one, other))), exports, "{one} and {other}");
        }
    }

    #[test]
    fn what_java_checks_is_passed_on_in_order() {
        let natives = natives(&read(&format!("{FOLDER}/internal/Native.java")));
        let checked = read(&format!("{FOLDER}/internal/Checked.java"));
        let mut found = 0;
        for method in checked.split("public static long ").skip(1) {
            let (name, rest) = method.split_once('(').unwrap();
            let own = parameters(rest.split_once(')').unwrap().0, java_parameter);
            let call = between(rest, "return Native.", ");");
            let (called, passed) = call.split_once('(').unwrap();
            let passed: Vec<&str> = passed.split(',').map(str::trim).collect();
            assert_eq!(called, name);
            assert_eq!(own.iter().map(|(_, name)| name).collect::<Vec<_>>(), passed, "{name}");
            assert!(natives.contains(&(name.to_owned(), own)), "{name}");
            found += 1;
        }
        assert!(found >= 11, "{found}");
    }

    #[test]
    fn java_numbers_the_keys_of_a_lookup_alike() {
        let java = read(&format!("{FOLDER}/LookupKey.java"));
        let expected: Vec<_> =
            TEXT_KEYS.iter().enumerate().map(|(kind, key)| (screaming(key.name()), kind as i64)).collect();
        assert_eq!(constants(&java), expected);
        assert_ne!(constants(&swap(&java, "STEAM_ID", "XBOX_XUID")), expected);
        // Each is made by the method of its name.
        for (name, _) in &expected {
            let method = if name == "ID" { "customerId".to_owned() } else { camel(&name.to_lowercase()) };
            let declaration = format!("LookupKey {method}(");
            let makers = java.match_indices(&declaration).map(|(at, _)| &java[at..]);
            let mut bodies = makers.map(|maker| maker.split("\n    }").next().unwrap());
            assert!(bodies.any(|body| crate::tables::words(body).any(|word| word == name)), "{method}");
        }
    }

    #[test]
    fn java_describes_the_fields_of_a_customer_alike() {
        let java = read(&format!("{FOLDER}/CustomerFields.java"));
        let mut expected: Vec<_> =
            FIELDS.iter().enumerate().map(|(bit, field)| (screaming(field.name()), bit as i64)).collect();
        expected.push(("CLEARED".to_owned(), CLEARED.into()));
        expected.push(("PLATFORM".to_owned(), PLATFORM.into()));
        assert_eq!(constants(&java), expected);
        assert_ne!(constants(&swap(&java, "STEAM_ID", "XBOX_XUID")), expected);
    }
}
