//! The arguments of one request, packed into a few hundred bytes.
//!
//! A request waits in a preallocated slot; so do its arguments. Ordinary ones fit into the slot and cost
//! no allocation on the submitting thread; a bulk import spills to the heap.

use std::mem::MaybeUninit;

use zeroize::Zeroize;

use super::parameter::{self, InvalidArgument, Parameter, canonical_uuid, spell_uuid};
use crate::room::{self, NoMemory};

/// Bytes that fit without an allocation: enough for every operation but bulk and long metadata.
const INLINE: usize = 336;

/// The most bytes the arguments of one request may take.
const LONGEST: usize = 8 * 1024 * 1024;

const HEADER: usize = 6;

/// What an entry says of its parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Form {
    Value,
    Null,
    Item,
    MetadataEntry,
    MetadataStart,
}

/// One entry of [`Arguments`], as the encoder reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry<'a> {
    /// The parameter has this value.
    Value(Parameter, &'a str),
    /// The parameter is explicitly null.
    Null(Parameter),
    /// What follows belongs to the next item of a bulk request.
    Item,
    /// Metadata is given; its entries follow.
    MetadataStart,
    /// One entry of the metadata.
    Metadata(&'a str, &'a str),
}

/// Validated arguments in canonical spelling.
///
/// In this order, so that what every submit writes and the first bytes of its text are neighbours.
#[repr(C)]
pub(crate) struct Arguments {
    spill: Option<Vec<u8>>,
    /// Which parameters were given, one bit each.
    seen: u32,
    items: u32,
    inline_length: u16,
    has_nulls: bool,
    /// Not zeroed beforehand: that would touch several cache lines of a cold slot on every submit.
    inline: [MaybeUninit<u8>; INLINE],
}

impl Arguments {
    /// No arguments.
    pub(crate) fn new() -> Self {
        let mut place = MaybeUninit::uninit();
        Self::begin(&mut place);
        // SAFETY: just initialised.
        unsafe { place.assume_init() }
    }

    /// No arguments, in place. Member by member: a value that is moved here takes its unwritten bytes along.
    pub(crate) fn begin(place: &mut MaybeUninit<Self>) -> &mut Self {
        let this = place.as_mut_ptr();
        // SAFETY: each member is within `place`, which is this function's alone; all but the bytes that need no value get one.
        unsafe {
            (&raw mut (*this).spill).write(None);
            (&raw mut (*this).seen).write(0);
            (&raw mut (*this).items).write(0);
            (&raw mut (*this).inline_length).write(0);
            (&raw mut (*this).has_nulls).write(false);
            &mut *this
        }
    }

    /// Adds a value, checked and brought to its canonical spelling.
    pub(crate) fn text(&mut self, parameter: Parameter, value: &str) -> Result<(), InvalidArgument> {
        parameter
            .canonical(value, |canonical| self.push(parameter, Form::Value, canonical.as_bytes()))
            .and_then(|pushed| pushed)
            .map_err(|error| self.locate(error))
    }

    /// Adds a UUID that is spelled as it is sent already, and says whether it is. Most are: this is a shortcut past looking
    /// whether it is UTF-8 and what the parameter may be, two thirds of what submitting one would take.
    #[inline(always)]
    pub(crate) fn is_canonical_uuid(&mut self, parameter: Parameter, value: &[u8]) -> bool {
        canonical_uuid(value).is_some_and(|uuid| self.push(parameter, Form::Value, uuid).is_ok())
    }

    /// Adds a value when there is one.
    pub(crate) fn optional(
        &mut self,
        parameter: Parameter,
        value: Option<&str>,
    ) -> Result<(), InvalidArgument> {
        value.map_or(Ok(()), |value| self.text(parameter, value))
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, parameter: Parameter, value: u64) -> Result<(), InvalidArgument> {
        // On the stack: the submitting thread does not allocate.
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = value;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.text(parameter, std::str::from_utf8(&digits[start..]).expect("digits are ASCII"))
    }

    /// Adds a UUID.
    pub(crate) fn uuid(&mut self, parameter: Parameter, uuid: u128) -> Result<(), InvalidArgument> {
        self.push(parameter, Form::Value, &spell_uuid(uuid))
    }

    /// Adds an explicit null.
    pub(crate) fn null(&mut self, parameter: Parameter) -> Result<(), InvalidArgument> {
        self.has_nulls = true;
        self.push(parameter, Form::Null, &[])
    }

    /// Adds metadata; no entries means the empty object.
    pub(crate) fn metadata<'a>(
        &mut self,
        entries: impl IntoIterator<Item = Result<(&'a str, &'a str), InvalidArgument>>,
    ) -> Result<(), InvalidArgument> {
        self.push(Parameter::Metadata, Form::MetadataStart, &[])?;
        for entry in entries {
            let (key, value) = entry.map_err(|error| self.locate(error))?;
            parameter::check_metadata(key, value).map_err(|error| self.locate(error))?;
            let key_length = u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes();
            let parts = [&key_length, key.as_bytes(), value.as_bytes()];
            self.push_parts(Parameter::Metadata, Form::MetadataEntry, &parts)?;
        }
        Ok(())
    }

    /// Begins the next item of a bulk request.
    pub(crate) fn item(&mut self) -> Result<(), InvalidArgument> {
        self.items += 1;
        self.push(Parameter::Metadata, Form::Item, &[])
    }

    pub(super) fn items(&self) -> u32 {
        self.items
    }

    pub(super) fn has_nulls(&self) -> bool {
        self.has_nulls
    }

    pub(super) fn seen(&self) -> u32 {
        self.seen
    }

    fn locate(&self, error: InvalidArgument) -> InvalidArgument {
        match self.items {
            0 => error,
            items => error.in_item(items as usize - 1),
        }
    }

    /// Adds an entry.
    #[inline]
    fn push(&mut self, parameter: Parameter, form: Form, payload: &[u8]) -> Result<(), InvalidArgument> {
        let used = usize::from(self.inline_length);
        let end = used + HEADER + payload.len();
        if self.spill.is_some() || end > INLINE {
            return self.push_parts(parameter, form, &[payload]);
        }
        self.note(parameter, form);
        let (header, rest) = self.inline[used..end].split_at_mut(HEADER);
        header.write_copy_of_slice(&header_of(parameter, form, payload.len()));
        rest.write_copy_of_slice(payload);
        self.inline_length = end as u16;
        Ok(())
    }

    /// Adds an entry that is made of several parts, or too long for the slot.
    #[inline(never)]
    fn push_parts(
        &mut self,
        parameter: Parameter,
        form: Form,
        parts: &[&[u8]],
    ) -> Result<(), InvalidArgument> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.bytes().len() + HEADER + length > LONGEST {
            return Err(
                self.locate(InvalidArgument::new(parameter.name(), "makes the request longer than 8 MiB"))
            );
        }
        self.note(parameter, form);
        let header = header_of(parameter, form, length);
        let mut all = [&header[..]].into_iter().chain(parts.iter().copied());
        all.try_for_each(|part| self.append(part))
            .map_err(|NoMemory| self.locate(InvalidArgument::without_memory(parameter.name())))
    }

    /// Notes that a parameter is given.
    fn note(&mut self, parameter: Parameter, form: Form) {
        if form != Form::Item {
            self.seen |= parameter.bit();
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), NoMemory> {
        let used = usize::from(self.inline_length);
        match &mut self.spill {
            Some(spill) => {
                spill.try_reserve(bytes.len())?;
                spill.extend_from_slice(bytes);
            }
            None if used + bytes.len() <= INLINE => {
                self.inline[used..used + bytes.len()].write_copy_of_slice(bytes);
                self.inline_length += bytes.len() as u16;
            }
            None => {
                let mut spill = room::list((used + bytes.len()).max(4 * INLINE))?;
                spill.extend_from_slice(self.written());
                spill.extend_from_slice(bytes);
                self.spill = Some(spill);
            }
        }
        Ok(())
    }

    fn bytes(&self) -> &[u8] {
        match &self.spill {
            Some(spill) => spill,
            None => self.written(),
        }
    }

    /// The part of the inline bytes that was written.
    fn written(&self) -> &[u8] {
        let written = &self.inline[..usize::from(self.inline_length)];
        // SAFETY: `append` writes the bytes before it counts them.
        unsafe { written.assume_init_ref() }
    }

    /// Bytes held outside the slot.
    pub(crate) fn spilled(&self) -> usize {
        self.spill.as_ref().map_or(0, Vec::capacity)
    }

    /// The entries, in the order they were added.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut rest = self.bytes();
        std::iter::from_fn(move || {
            let (entry, tail) = read_entry(rest)?;
            rest = tail;
            Some(entry)
        })
    }

    /// Value of a parameter, if it was given one.
    pub(crate) fn value(&self, wanted: Parameter) -> Option<&str> {
        self.entries().find_map(|entry| match entry {
            Entry::Value(parameter, value) if parameter == wanted => Some(value),
            _ => None,
        })
    }
}

impl Drop for Arguments {
    /// Arguments may hold a customer token.
    fn drop(&mut self) {
        let used = usize::from(self.inline_length);
        self.inline[..used].zeroize();
        self.spill.zeroize();
    }
}

/// What stands in front of an entry's payload: its parameter, its form, and how long the payload is.
fn header_of(parameter: Parameter, form: Form, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    [parameter as u8, form as u8, a, b, c, d]
}

fn read_entry(bytes: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let length = u32::from_le_bytes(header[2..HEADER].try_into().ok()?) as usize;
    let (payload, rest) = rest.split_at_checked(length)?;
    let parameter = Parameter::from_index(header[0])?;
    let entry = match header[1] {
        form if form == Form::Value as u8 => Entry::Value(parameter, std::str::from_utf8(payload).ok()?),
        form if form == Form::Null as u8 => Entry::Null(parameter),
        form if form == Form::Item as u8 => Entry::Item,
        form if form == Form::MetadataStart as u8 => Entry::MetadataStart,
        _ => {
            let (key_length, rest) = payload.split_at_checked(4)?;
            let key_length = u32::from_le_bytes(key_length.try_into().ok()?) as usize;
            let (key, value) = rest.split_at_checked(key_length)?;
            Entry::Metadata(std::str::from_utf8(key).ok()?, std::str::from_utf8(value).ok()?)
        }
    };
    Some((entry, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::counting::each_refused;

    #[test]
    fn long_arguments_there_is_no_memory_for_are_refused() {
        let long = "x".repeat(60_000);
        let refused = each_refused(1_000, || {
            let mut arguments = Arguments::new();
            let added = arguments.metadata(["a", "b", "c"].map(|key| Ok((key, &*long))));
            assert!(added.is_ok() || added.is_err_and(|error| error.is_without_memory()));
            added
        });
        assert_eq!(refused, 3);
    }

    #[test]
    fn entries_come_back_in_order() {
        let mut arguments = Arguments::new();
        arguments.text(Parameter::SteamId, "76561198012345678").unwrap();
        arguments.null(Parameter::Name).unwrap();
        arguments.uuid(Parameter::MinecraftUuid, 0x069a_79f4_44e9_4726_a5be_fca9_0e38_aaf5).unwrap();
        arguments.metadata([Ok(("rank", "vip")), Ok(("x", ""))]).unwrap();
        let entries: Vec<_> = arguments.entries().collect();
        assert_eq!(
            entries,
            [
                Entry::Value(Parameter::SteamId, "76561198012345678"),
                Entry::Null(Parameter::Name),
                Entry::Value(Parameter::MinecraftUuid, "069a79f4-44e9-4726-a5be-fca90e38aaf5"),
                Entry::MetadataStart,
                Entry::Metadata("rank", "vip"),
                Entry::Metadata("x", ""),
            ]
        );
        assert_eq!(arguments.spilled(), 0);
        assert_eq!(arguments.value(Parameter::SteamId), Some("76561198012345678"));
        assert_eq!(arguments.value(Parameter::Name), None);
    }

    #[test]
    fn long_arguments_spill_and_lose_nothing() {
        let mut arguments = Arguments::new();
        let long = "x".repeat(300);
        for _ in 0..200 {
            arguments.item().unwrap();
            arguments.metadata([Ok(("k", long.as_str()))]).unwrap();
        }
        assert!(arguments.spilled() > 0);
        assert_eq!(arguments.items(), 200);
        assert_eq!(arguments.entries().filter(|entry| *entry == Entry::Item).count(), 200);
        assert_eq!(arguments.entries().filter(|entry| *entry == Entry::Metadata("k", &long)).count(), 200);
    }

    #[test]
    fn errors_name_the_item() {
        let mut arguments = Arguments::new();
        arguments.item().unwrap();
        arguments.item().unwrap();
        let error = arguments.text(Parameter::SteamId, "x").unwrap_err();
        assert!(error.to_string().starts_with("customers[1].steam_id "));
    }

    #[test]
    fn size_is_bounded() {
        let mut arguments = Arguments::new();
        let value = "x".repeat(64 * 1024);
        let entries = std::iter::repeat_n(Ok(("k", value.as_str())), 200);
        assert!(arguments.metadata(entries).is_err());
    }
}
