//! Lists longer than a page and bulks larger than a request.

use super::boundary::{Failure, contain, contain_quick};
use super::completion::customers;
use super::input;
use super::operations::{paynow_bulk_create_customers, submit};
use super::status::PAYNOW_E_NO_VALUE;
use super::table;
use super::types::*;
use crate::client::{BulkOutcome, Identity, Pages, outcomes, piece_length};
use crate::operations::{self, InvalidArgument, OperationId, Parameter};

const OVER: Failure = Failure::new(PAYNOW_E_NO_VALUE, "there is nothing left to ask for");

/// Makes a walk of what the host keeps of it.
unsafe fn read_pages<'a>(pages: *const paynow_pages) -> Result<Pages<'a>, Failure> {
    // SAFETY: the caller's promise.
    let pages = unsafe { input::required(pages) }?;
    if pages.is_over != 0 {
        return Err(OVER);
    }
    let limit = (pages.limit != 0).then_some(pages.limit);
    let order = input::order(pages.order)?;
    // SAFETY: the caller's promise.
    let search = unsafe { input::text("search", pages.search, pages.search_n) }?;
    let walk = Pages::of(limit, order, search)?;
    Ok(if pages.cursor == 0 { walk } else { walk.after(pages.cursor) })
}

/// Asks for the next page of a walk: a paynow_list_customers, whose completion is handed to paynow_pages_accept before
/// the next one is asked for. Threads and errors as paynow_list_customers; PAYNOW_E_NO_VALUE when the walk is over.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_pages_submit(
    client: paynow_client,
    pages: *const paynow_pages,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    contain_quick(|| {
        // SAFETY: the caller's promise.
        let walk = unsafe { read_pages(pages) }?;
        let query = walk.query().ok_or(OVER)?;
        // SAFETY: the caller's promise.
        unsafe {
            submit(client, &operations::LIST_CUSTOMERS, call, out_request, |_, arguments| {
                query.write(arguments)
            })
        }
    })
}

/// Takes a page: customers `*out_first` to `*out_first + *out_count - 1` of the completion are new, and
/// `pages` goes on behind them. Every customer comes at most once, and the walk ends on every input (the same page without
/// end, a page that holds its cursor, one larger than the limit, one out of order). A completion that failed is refused
/// with PAYNOW_E_NO_VALUE and leaves the walk where it is: the same page can be asked for again. Any thread, never blocks.
///
/// PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_FORKED.
///
/// # Safety
///
/// Pointers point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_pages_accept(
    pages: *mut paynow_pages,
    completion: paynow_completion,
    out_first: *mut usize,
    out_count: *mut usize,
) -> paynow_status {
    contain(|| {
        // SAFETY: the caller's promise.
        let mut walk = unsafe { read_pages(pages) }?;
        if out_first.is_null() {
            return Err(InvalidArgument::new("out_first", "must not be NULL").into());
        }
        if out_count.is_null() {
            return Err(InvalidArgument::new("out_count", "must not be NULL").into());
        }
        let (host, key) = table::enter_by_id(completion)?;
        let reading = host.client.read(key)?;
        let page = customers(reading.outcome())
            .ok_or(Failure::new(PAYNOW_E_NO_VALUE, "the completion holds no list of customers"))?;
        let fresh = walk.accept_ids(page.iter().map(|customer| customer.id.as_str()));
        // SAFETY: the caller's promise; `pages` was read above and may be unaligned.
        unsafe {
            (&raw mut (*pages).cursor).write_unaligned(walk.cursor().unwrap_or(0));
            (&raw mut (*pages).is_over).write_unaligned(u32::from(walk.query().is_none()));
            input::write("out_first", out_first, fresh.start)?;
            input::write("out_count", out_count, fresh.len())
        }
    })
}

/// Sends the next piece of a bulk, at most 200: a paynow_bulk_create_customers, whose completion is handed to
/// paynow_bulk_accept before the next one is sent. Threads and errors as paynow_list_customers; PAYNOW_E_NO_VALUE when
/// all were sent. A refused piece (a customer that cannot be used) is not skipped: fix it, or add 1 to 200 to `done`.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_bulk_submit(
    client: paynow_client,
    bulk: *const paynow_bulk,
    call: *const paynow_call,
    out_request: *mut paynow_request_id,
) -> paynow_status {
    // SAFETY: the caller's promise.
    let piece = unsafe { piece(bulk) };
    match piece {
        // SAFETY: the caller's promise; the piece lies within the array.
        Ok((first, count)) => unsafe {
            paynow_bulk_create_customers(client, first, count, call, out_request)
        },
        Err(failure) => contain(|| Err(failure)),
    }
}

/// Takes how a piece ended, and goes on to the next. `out_outcomes`, which may be NULL, gets for each customer of the
/// piece (200, or as many as were left) the place of its customer in the completion, PAYNOW_BULK_FAILED or
/// PAYNOW_BULK_UNKNOWN: a customer is found by its Steam id, UUID or XUID, or by a name that occurs once. `out_count`
/// gets their number and may be NULL. Any thread, never blocks. When there is no memory for it (PAYNOW_E_RESOURCES) `bulk`
/// stays where it is.
///
/// PAYNOW_E_NO_VALUE, PAYNOW_E_INVALID_ARGUMENT, PAYNOW_E_INVALID_HANDLE, PAYNOW_E_RESOURCES, PAYNOW_E_FORKED.
///
/// # Safety
///
/// Pointers are NULL where allowed or point to what their types say; `out_outcomes` to 200 elements, or as many as are left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn paynow_bulk_accept(
    bulk: *mut paynow_bulk,
    completion: paynow_completion,
    out_outcomes: *mut i64,
    out_count: *mut usize,
) -> paynow_status {
    contain(|| {
        // SAFETY: the caller's promise.
        let (first, count) = unsafe { piece(bulk) }?;
        let mut wanted = Vec::with_capacity(count);
        for index in 0..count {
            // SAFETY: within the array by the caller's word; the strings live as long as the bulk.
            wanted.push(unsafe { identity(first, index) }?);
        }
        let (host, key) = table::enter_by_id(completion)?;
        let reading = host.client.read(key)?;
        if reading.header().operation.id != OperationId::BulkCreateCustomers {
            return Err(InvalidArgument::new("completion", "is of another operation").into());
        }
        let outcome = reading.outcome();
        let created = customers(outcome).unwrap_or_default();
        let became = outcomes(wanted.into_iter(), outcome.status, outcome.sent, created)?;
        for (index, became) in became.into_iter().enumerate() {
            let number = match became {
                BulkOutcome::Created(place) => place as i64,
                BulkOutcome::Failed(_) => PAYNOW_BULK_FAILED,
                BulkOutcome::Unknown => PAYNOW_BULK_UNKNOWN,
            };
            if !out_outcomes.is_null() {
                // SAFETY: there is room for each customer of the piece by the caller's word.
                unsafe { out_outcomes.add(index).write_unaligned(number) };
            }
        }
        // SAFETY: the caller's promise; `bulk` was read above and may be unaligned.
        unsafe {
            let done = &raw mut (*bulk).done;
            done.write_unaligned(done.read_unaligned() + count);
            if !out_count.is_null() {
                input::write("out_count", out_count, count)?;
            }
        }
        Ok(())
    })
}

/// The piece of a bulk that is to be sent, or was sent last.
unsafe fn piece(bulk: *const paynow_bulk) -> Result<(*const paynow_customer_fields, usize), Failure> {
    // SAFETY: the caller's promise.
    let bulk = unsafe { input::required(bulk) }?;
    input::must_be_zero(bulk.reserved)?;
    let left = bulk.count.saturating_sub(bulk.done);
    if left == 0 {
        return Err(OVER);
    }
    // SAFETY: the caller's promise: there is at least one.
    let stride = unsafe { input::required(bulk.customers) }
        .map_err(|error| error.of("customers"))?
        .struct_size as usize;
    // SAFETY: within the array by the caller's word.
    Ok((unsafe { bulk.customers.byte_add(bulk.done * stride) }, piece_length(left)))
}

/// What the customer at a place of a piece can be told apart by.
unsafe fn identity<'a>(
    first: *const paynow_customer_fields,
    index: usize,
) -> Result<Identity<&'a str>, InvalidArgument> {
    // SAFETY: the caller's promise, for each of them.
    unsafe {
        let stride = input::required(first)?.struct_size as usize;
        let fields = input::required(first.byte_add(index * stride))?;
        let text = |parameter: Parameter, pointer, length| input::text(parameter.name(), pointer, length);
        Ok(Identity::of(
            text(Parameter::SteamId, fields.steam_id, fields.steam_id_n)?,
            text(Parameter::MinecraftUuid, fields.minecraft_uuid, fields.minecraft_uuid_n)?,
            text(Parameter::XboxXuid, fields.xbox_xuid, fields.xbox_xuid_n)?,
            text(Parameter::Name, fields.name, fields.name_n)?,
        ))
    }
}
