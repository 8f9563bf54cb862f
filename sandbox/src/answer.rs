//! An HTTP answer before it is put on the wire, and the two ways of putting it there.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

/// Status, headers and body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers, without those that describe the length.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The whole body.
    pub body: Bytes,
    /// Sent in chunks, with no length in the head.
    pub chunked: bool,
}

impl Answer {
    /// An answer with no body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), chunked: false }
    }

    /// A JSON answer.
    pub fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Self {
        let mut text = Vec::with_capacity(768);
        serde_json::to_writer(&mut text, value).expect("plain data always serialises");
        Self { body: text.into(), ..Self::empty(status).with(CONTENT_TYPE, "application/json") }
    }

    /// Adds a header.
    pub fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// The well-behaved way: hyper frames it.
    pub fn into_response(self) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody {
            announced: !self.chunked,
            data: Some(self.body).filter(|body| !body.is_empty()),
        });
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }

    /// The head as bytes, for answers that hyper would refuse to send: `content_length` is written
    /// as it is given, true or not; `None` leaves the header out.
    pub fn raw_head(&self, content_length: Option<u64>) -> Vec<u8> {
        let mut head =
            format!("HTTP/1.1 {} {}\r\n", self.status.as_str(), self.status.canonical_reason().unwrap_or(""))
                .into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        let mut rest = String::new();
        if let Some(length) = content_length {
            let _ = write!(rest, "content-length: {length}\r\n");
        }
        rest.push_str("\r\n");
        head.extend_from_slice(rest.as_bytes());
        head
    }
}

/// A body that is in memory as a whole and says so, or keeps its length to itself.
#[derive(Debug)]
pub struct AnswerBody {
    data: Option<Bytes>,
    announced: bool,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.announced && self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.announced {
            SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
        } else {
            SizeHint::default()
        }
    }
}
