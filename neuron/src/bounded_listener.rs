//! A TCP listener for HTTP servers: so many connections at once, each closed where nothing moves on it for a while.

use std::{
	future::Future as _,
	io,
	net::SocketAddr,
	pin::Pin,
	sync::Arc,
	task::{Context, Poll},
	time::Duration,
};

use tokio::{
	io::{AsyncRead, AsyncWrite, ReadBuf},
	net::{TcpListener, TcpStream},
	sync::{OwnedSemaphorePermit, Semaphore},
	time::{Instant, Sleep},
};

/// How long to wait after an error of the system, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Hands out connections, at most so many at once; more wait in the system's queue.
#[derive(Debug)]
pub struct BoundedListener {
	listener: TcpListener,
	places: Arc<Semaphore>,
	idle_limit: Duration,
}

impl BoundedListener {
	/// Bounds a listener to `connections` at once, each closed after `idle_limit` without a byte.
	pub fn new(listener: TcpListener, connections: usize, idle_limit: Duration) -> Self {
		Self {
			listener,
			places: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
			idle_limit,
		}
	}
}

impl axum::serve::Listener for BoundedListener {
	type Io = Connection;
	type Addr = SocketAddr;

	async fn accept(&mut self) -> (Connection, SocketAddr) {
		loop {
			let Ok(place) = self.places.clone().acquire_owned().await else {
				// Nobody closes the semaphore.
				std::future::pending().await
			};
			match self.listener.accept().await {
				Ok((stream, from)) => {
					// Only latency is at stake.
					stream.set_nodelay(true).ok();
					return (Connection::new(stream, place, self.idle_limit), from);
				}
				Err(error) => {
					tracing::debug!(%error, "a connection was not accepted");
					tokio::time::sleep(ACCEPT_PAUSE).await;
				}
			}
		}
	}

	fn local_addr(&self) -> io::Result<SocketAddr> {
		self.listener.local_addr()
	}
}

/// One connection, with its place among the many.
#[derive(Debug)]
pub struct Connection {
	stream: TcpStream,
	idle_limit: Duration,
	idle: Pin<Box<Sleep>>,
	_place: OwnedSemaphorePermit,
}

impl Connection {
	fn new(stream: TcpStream, place: OwnedSemaphorePermit, idle_limit: Duration) -> Self {
		Self {
			stream,
			idle_limit,
			idle: Box::pin(tokio::time::sleep(idle_limit)),
			_place: place,
		}
	}

	/// Passes on what the stream said; where nothing moves, asks the clock.
	fn watch<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
		if polled.is_ready() {
			let limit = Instant::now() + self.idle_limit;
			self.idle.as_mut().reset(limit);
			return polled;
		}
		match self.idle.as_mut().poll(context) {
			Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
			Poll::Pending => Poll::Pending,
		}
	}
}

impl AsyncRead for Connection {
	fn poll_read(
		mut self: Pin<&mut Self>,
		context: &mut Context<'_>,
		buffer: &mut ReadBuf<'_>,
	) -> Poll<io::Result<()>> {
		let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
		self.watch(context, polled)
	}
}

impl AsyncWrite for Connection {
	fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
		let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
		self.watch(context, polled)
	}

	fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.stream).poll_flush(context)
	}

	fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.stream).poll_shutdown(context)
	}
}
