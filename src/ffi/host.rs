//! What the C face keeps for a client: whom to tell.

use std::ffi::c_void;
use std::sync::atomic::AtomicBool;

use super::ids;
use super::types::{
    paynow_call, paynow_client, paynow_completion_fn, paynow_log_fn, paynow_user_data_free_fn,
};
use crate::client::Client;
use crate::handles::Handle;
use crate::runtime::{Attachment, Key, NoCompletion};

/// A client as C knows it. What a submission needs comes first, and lies in one cache line.
#[repr(C, align(64))]
pub(super) struct Host {
    pub(super) client: Client,
    pub(super) place: u8,
    pub(super) handle: paynow_client,
    pub(super) on_completion: paynow_completion_fn,
    pub(super) completion_user_data: *mut c_void,
    pub(super) on_log: paynow_log_fn,
    pub(super) log_user_data: *mut c_void,
    pub(super) destroy_wanted: AtomicBool,
    pub(super) destroyed: AtomicBool,
}

// SAFETY: the host's pointers are only handed back to it.
unsafe impl Sync for Host {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for Host {}

/// Where the completion of one request goes.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) on_completion: paynow_completion_fn,
    pub(super) user_data: *mut c_void,
    pub(super) user_data_free: paynow_user_data_free_fn,
}

impl Route {
    /// The three words the runtime keeps with the request.
    pub(super) fn attachment(self) -> Attachment {
        let Self { on_completion, user_data, user_data_free } = self;
        let on_completion = on_completion.map_or(std::ptr::null(), |function| function as *const ());
        let user_data_free = user_data_free.map_or(std::ptr::null(), |function| function as *const ());
        Attachment([on_completion, user_data.cast_const().cast(), user_data_free])
    }

    fn from_attachment(Attachment([on_completion, user_data, user_data_free]): Attachment) -> Self {
        Self {
            // SAFETY: `attachment` made the word of this type; null is None.
            on_completion: unsafe { std::mem::transmute::<*const (), paynow_completion_fn>(on_completion) },
            user_data: user_data.cast_mut().cast(),
            // SAFETY: as above.
            user_data_free: unsafe {
                std::mem::transmute::<*const (), paynow_user_data_free_fn>(user_data_free)
            },
        }
    }

    pub(super) fn of(call: &paynow_call) -> Self {
        Self {
            on_completion: call.on_completion,
            user_data: call.user_data,
            user_data_free: call.user_data_free,
        }
    }
}

impl Host {
    pub(super) fn new(client: Client, handle: Handle) -> Self {
        Self {
            client,
            place: handle.place,
            handle: ids::pack(handle),
            on_completion: None,
            completion_user_data: std::ptr::null_mut(),
            on_log: None,
            log_user_data: std::ptr::null_mut(),
            destroy_wanted: AtomicBool::new(false),
            destroyed: AtomicBool::new(false),
        }
    }

    pub(super) fn id(&self, key: Key) -> u64 {
        ids::id(self.place, key)
    }

    /// Where a completion goes.
    pub(super) fn route(&self, key: Key) -> Result<Route, NoCompletion> {
        Ok(Route::from_attachment(self.client.read(key)?.header().attachment))
    }

    /// Frees a completion, and what its call's user_data points to.
    pub(super) fn free(&self, key: Key) -> Result<(), NoCompletion> {
        let route = loop {
            match self.client.release(key) {
                // An accessor on another thread: it does not run the host's code and ends at once.
                Err(NoCompletion::InUse) => std::thread::yield_now(),
                Err(NoCompletion::Unknown) => return Err(NoCompletion::Unknown),
                Ok(attachment) => break Route::from_attachment(attachment),
            }
        };
        if let Some(free) = route.user_data_free {
            // SAFETY: the host promised a function that takes its own pointer; it is called once, because a
            // completion is freed once.
            unsafe { free(route.user_data) };
        }
        Ok(())
    }

    /// Tells the host about a completion, on this thread, and frees it.
    pub(super) fn deliver(&self, key: Key) {
        let Ok(route) = self.route(key) else { return };
        let (callback, user_data) = match route.on_completion {
            Some(callback) => (Some(callback), route.user_data),
            None => (self.on_completion, self.completion_user_data),
        };
        match callback {
            // SAFETY: the host promised a function of this type; no lock is held while it runs.
            Some(callback) => unsafe { callback(self.handle, self.id(key), user_data) },
            None => self.client.note_discarded(),
        }
        // The callback may have freed it itself.
        let _ = self.free(key);
    }

    pub(super) fn deliver_log(&self) {
        let Some(sink) = self.on_log else { return };
        self.client.deliver_log(|line| {
            // SAFETY: the host promised a function of this type; the text outlives the call and ends in NUL.
            unsafe { sink(line.level as i32, line.text.as_ptr(), line.text.len(), self.log_user_data) }
        });
    }
}
