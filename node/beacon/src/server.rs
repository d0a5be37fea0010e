//! As much of HTTP as the pages of a beacon need: one GET a connection.

use crate::chain::{Chain, Reply};
use std::{
	error::Error,
	io::{self, Read, Write},
	net::{TcpListener, TcpStream},
	sync::{
		Arc,
		atomic::{AtomicUsize, Ordering},
	},
	thread,
	time::{Duration, SystemTime},
};

/// Most connections at a time.
const MAX_CONNECTIONS: usize = 64;
/// The longest request, in bytes.
const MAX_REQUEST_BYTES: usize = 8_192;
/// How long a client may take to send or to read.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers requests until the process ends.
///
/// # Errors
/// Never returns but with the listener's error.
pub(crate) fn serve(listener: &TcpListener, chain: Chain) -> Result<(), Box<dyn Error>> {
	let chain = Arc::new(chain);
	let open = Arc::new(AtomicUsize::new(0));
	loop {
		// A connection that fails before it is accepted is the client's matter.
		let Ok((stream, _)) = listener.accept() else {
			continue;
		};
		if open.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
			open.fetch_sub(1, Ordering::SeqCst);
			continue;
		}
		let (chain, open) = (chain.clone(), open.clone());
		thread::Builder::new().spawn(move || {
			if let Err(error) = answer(stream, &chain) {
				eprintln!("a client went away: {error}");
			}
			open.fetch_sub(1, Ordering::SeqCst);
		})?;
	}
}

/// Reads one request and answers it.
fn answer(mut stream: TcpStream, chain: &Chain) -> io::Result<()> {
	stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
	stream.set_write_timeout(Some(CLIENT_TIMEOUT))?;
	let request = head(&mut stream)?;
	let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
	let (status, body) = match path(&request) {
		Some(path) => match chain.reply(path, now) {
			Reply::Found(value) => ("200 OK", value.to_string()),
			Reply::Missing(why) => ("404 Not Found", format!("{{\"error\":\"{why}\"}}")),
		},
		None => (
			"400 Bad Request",
			"{\"error\":\"only GET requests are understood\"}".into(),
		),
	};
	let length = body.len();
	write!(
		stream,
		"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
	)?;
	stream.flush()
}

/// Reads a request up to the empty line that ends its head.
fn head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
	let mut request = Vec::new();
	let mut some = [0; 512];
	while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < MAX_REQUEST_BYTES {
		let count = stream.read(&mut some)?;
		if count == 0 {
			break;
		}
		request.extend_from_slice(&some[..count]);
	}
	Ok(request)
}

/// The path of a GET request.
fn path(request: &[u8]) -> Option<&str> {
	let line = request.split(|byte| *byte == b'\r').next()?;
	let mut words = std::str::from_utf8(line).ok()?.split(' ');
	match (words.next()?, words.next()?, words.next()?) {
		("GET", path, version) if version.starts_with("HTTP/1.") => Some(path),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use timelock::{SecretKey, development};

	/// Sends bytes to a server, and returns what comes back.
	fn ask(request: &[u8]) -> String {
		let listener = TcpListener::bind("127.0.0.1:0").unwrap();
		let address = listener.local_addr().unwrap();
		let chain = Chain::new(SecretKey::from_seed(b"test"), development::SCHEDULE).unwrap();
		thread::spawn(move || serve(&listener, chain).unwrap());
		let mut stream = TcpStream::connect(address).unwrap();
		stream.write_all(request).unwrap();
		// The server may have refused it already.
		drop(stream.shutdown(std::net::Shutdown::Write));
		// A server that does not read all of a request that is too long resets the connection behind its answer.
		let mut answer = Vec::new();
		let mut bytes = [0; 1_024];
		while let Ok(count @ 1..) = stream.read(&mut bytes) {
			answer.extend_from_slice(&bytes[..count]);
		}
		String::from_utf8(answer).unwrap()
	}

	#[test]
	fn a_round_is_served() {
		let answer = ask(b"GET /public/7 HTTP/1.1\r\nHost: beacon\r\n\r\n");
		assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
		assert!(answer.contains("\"round\":7"), "{answer}");
	}

	#[test]
	fn what_is_no_request_for_a_page_is_refused() {
		assert!(ask(b"GET /nothing HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
		for bad in [
			&b""[..],
			b"POST /public/7 HTTP/1.1\r\n\r\n",
			b"GET /public/7",
			b"\xff\xfe\r\n\r\n",
		] {
			assert!(ask(bad).starts_with("HTTP/1.1 400"), "{bad:?}");
		}
		let long = [b"GET /", &[b'a'; MAX_REQUEST_BYTES][..]].concat();
		assert!(ask(&long).starts_with("HTTP/1.1 400"));
	}
}
