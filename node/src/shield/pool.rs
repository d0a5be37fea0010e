//! The transaction pool as block production sees it: behind each carrier comes what it carries.

use super::{LOG_TARGET, Shield, carrier};
use async_trait::async_trait;
use ganglion_runtime::{Hash, OpaqueBlock as Block};
use sc_transaction_pool_api::{
	ImportNotificationStream, InPoolTransaction, PoolStatus, ReadyTransactions, TransactionPool, TransactionSource,
	TransactionStatusStreamFor, TxHash, TxInvalidityReportMap,
};
use sp_runtime::{
	OpaqueExtrinsic,
	transaction_validity::{TransactionLongevity, TransactionPriority, TransactionTag},
};
use std::{
	collections::{HashMap, VecDeque},
	pin::Pin,
	sync::Arc,
	time::{Duration, Instant},
};

/// Carriers that are opened for one block; a block has room for about 3000.
const MAX_OPENED: u32 = 3_000;
/// The time that may be spent on opening them.
const MAX_OPENING: Duration = Duration::from_millis(500);

/// A pool in which carriers are opened when a block is made. Everything else is the wrapped pool's.
pub(crate) struct ShieldedPool<P> {
	pool: Arc<P>,
	shield: Arc<Shield>,
}

impl<P> ShieldedPool<P> {
	/// Wraps a pool.
	pub(crate) fn new(pool: Arc<P>, shield: Arc<Shield>) -> Self {
		Self { pool, shield }
	}
}

/// What may be put into a block next.
pub(crate) enum Candidate<T> {
	/// A transaction of the pool.
	Pooled(Arc<T>),
	/// One that a carrier carried; only this node has it.
	Opened(Arc<OpaqueExtrinsic>, Hash),
}

impl<T> Candidate<T> {
	fn opened(extrinsic: OpaqueExtrinsic) -> Arc<Self> {
		let hash = carrier::hash(&extrinsic);
		Arc::new(Self::Opened(Arc::new(extrinsic), hash))
	}
}

impl<T> InPoolTransaction for Candidate<T>
where
	T: InPoolTransaction<Transaction = Arc<OpaqueExtrinsic>, Hash = Hash>,
{
	type Transaction = Arc<OpaqueExtrinsic>;
	type Hash = Hash;

	fn data(&self) -> &Self::Transaction {
		match self {
			Self::Pooled(transaction) => transaction.data(),
			Self::Opened(extrinsic, _) => extrinsic,
		}
	}

	fn hash(&self) -> &Hash {
		match self {
			Self::Pooled(transaction) => transaction.hash(),
			Self::Opened(_, hash) => hash,
		}
	}

	fn priority(&self) -> &TransactionPriority {
		match self {
			Self::Pooled(transaction) => transaction.priority(),
			Self::Opened(..) => &TransactionPriority::MAX,
		}
	}

	fn longevity(&self) -> &TransactionLongevity {
		match self {
			Self::Pooled(transaction) => transaction.longevity(),
			Self::Opened(..) => &1,
		}
	}

	fn requires(&self) -> &[TransactionTag] {
		match self {
			Self::Pooled(transaction) => transaction.requires(),
			Self::Opened(..) => &[],
		}
	}

	fn provides(&self) -> &[TransactionTag] {
		match self {
			Self::Pooled(transaction) => transaction.provides(),
			Self::Opened(..) => &[],
		}
	}

	fn is_propagable(&self) -> bool {
		match self {
			Self::Pooled(transaction) => transaction.is_propagable(),
			Self::Opened(..) => false,
		}
	}
}

/// The transactions of a pool that are ready.
type ReadyOf<T> = Box<dyn ReadyTransactions<Item = Arc<T>> + Send>;

/// First what has waited, then what is ready in the pool, each carrier followed by what it carries.
pub(super) struct Opening<T> {
	pool: ReadyOf<T>,
	shield: Arc<Shield>,
	/// What comes before the pool's next one.
	first: VecDeque<Arc<Candidate<T>>>,
	/// Carriers that may still be opened.
	openings_left: u32,
	/// The time that may still be spent on it.
	time_left: Duration,
}

impl<T> Opening<T>
where
	T: InPoolTransaction<Transaction = Arc<OpaqueExtrinsic>, Hash = Hash>,
{
	/// Begins with what has waited in `shield`.
	pub(super) fn new(pool: ReadyOf<T>, shield: Arc<Shield>) -> Self {
		Self {
			first: shield.waiting().into_iter().map(Candidate::opened).collect(),
			pool,
			shield,
			openings_left: MAX_OPENED,
			time_left: MAX_OPENING,
		}
	}

	/// What the transaction carries, if there is room and time to open it.
	fn open(&mut self, transaction: &T) -> Option<Arc<Candidate<T>>> {
		if self.openings_left == 0 || self.time_left.is_zero() {
			return None;
		}
		let start = Instant::now();
		let opened = self.shield.open(transaction.data());
		self.time_left = self.time_left.saturating_sub(start.elapsed());
		let (_, inner) = opened?;
		self.openings_left = self.openings_left.saturating_sub(1);
		tracing::debug!(
			target: LOG_TARGET,
			"carrier {:?} carries {:?}", transaction.hash(), carrier::hash(&inner)
		);
		Some(Candidate::opened(inner))
	}
}

impl<T> Iterator for Opening<T>
where
	T: InPoolTransaction<Transaction = Arc<OpaqueExtrinsic>, Hash = Hash>,
{
	type Item = Arc<Candidate<T>>;

	fn next(&mut self) -> Option<Self::Item> {
		if let Some(first) = self.first.pop_front() {
			return Some(first);
		}
		let transaction = self.pool.next()?;
		let carried = self.open(&transaction);
		self.first.extend(carried);
		Some(Arc::new(Candidate::Pooled(transaction)))
	}
}

impl<T> ReadyTransactions for Opening<T>
where
	T: InPoolTransaction<Transaction = Arc<OpaqueExtrinsic>, Hash = Hash>,
{
	fn report_invalid(&mut self, candidate: &Self::Item) {
		if let Candidate::Pooled(transaction) = &**candidate {
			// A carrier that stays outside takes what it carries with it: whatever has waited was handed out before.
			self.first.clear();
			self.pool.report_invalid(transaction);
		}
	}
}

impl<P> ShieldedPool<P>
where
	P: TransactionPool<Block = Block, Hash = Hash>,
	P::InPoolTransaction: Send + Sync + 'static,
{
	fn opening(&self, pool: ReadyOf<P::InPoolTransaction>) -> ReadyOf<Candidate<P::InPoolTransaction>> {
		Box::new(Opening::new(pool, self.shield.clone()))
	}
}

#[async_trait]
impl<P> TransactionPool for ShieldedPool<P>
where
	P: TransactionPool<Block = Block, Hash = Hash>,
	P::InPoolTransaction: Send + Sync + 'static,
{
	type Block = Block;
	type Hash = Hash;
	type InPoolTransaction = Candidate<P::InPoolTransaction>;
	type Error = P::Error;

	async fn submit_at(
		&self,
		at: Hash,
		source: TransactionSource,
		extrinsics: Vec<OpaqueExtrinsic>,
	) -> Result<Vec<Result<TxHash<Self>, Self::Error>>, Self::Error> {
		self.pool.submit_at(at, source, extrinsics).await
	}

	async fn submit_one(
		&self,
		at: Hash,
		source: TransactionSource,
		extrinsic: OpaqueExtrinsic,
	) -> Result<TxHash<Self>, Self::Error> {
		self.pool.submit_one(at, source, extrinsic).await
	}

	async fn submit_and_watch(
		&self,
		at: Hash,
		source: TransactionSource,
		extrinsic: OpaqueExtrinsic,
	) -> Result<Pin<Box<TransactionStatusStreamFor<Self>>>, Self::Error> {
		self.pool.submit_and_watch(at, source, extrinsic).await
	}

	async fn ready_at(&self, at: Hash) -> ReadyOf<Self::InPoolTransaction> {
		let ready = self.pool.ready_at(at).await;
		self.opening(ready)
	}

	fn ready(&self) -> ReadyOf<Self::InPoolTransaction> {
		self.opening(self.pool.ready())
	}

	async fn report_invalid(
		&self,
		at: Option<Hash>,
		errors: TxInvalidityReportMap<TxHash<Self>>,
	) -> Vec<Arc<Self::InPoolTransaction>> {
		self.shield.refuse(errors.keys());
		let removed = self.pool.report_invalid(at, errors).await;
		removed
			.into_iter()
			.map(|transaction| Arc::new(Candidate::Pooled(transaction)))
			.collect()
	}

	fn futures(&self) -> Vec<Self::InPoolTransaction> {
		let futures = self.pool.futures().into_iter();
		futures
			.map(|transaction| Candidate::Pooled(Arc::new(transaction)))
			.collect()
	}

	fn status(&self) -> PoolStatus {
		self.pool.status()
	}

	fn import_notification_stream(&self) -> ImportNotificationStream<TxHash<Self>> {
		self.pool.import_notification_stream()
	}

	fn on_broadcasted(&self, propagations: HashMap<TxHash<Self>, Vec<String>>) {
		self.pool.on_broadcasted(propagations);
	}

	fn hash_of(&self, extrinsic: &OpaqueExtrinsic) -> TxHash<Self> {
		self.pool.hash_of(extrinsic)
	}

	fn ready_transaction(&self, hash: &TxHash<Self>) -> Option<Arc<Self::InPoolTransaction>> {
		let transaction = self.pool.ready_transaction(hash)?;
		Some(Arc::new(Candidate::Pooled(transaction)))
	}

	async fn ready_at_with_timeout(&self, at: Hash, timeout: Duration) -> ReadyOf<Self::InPoolTransaction> {
		let ready = self.pool.ready_at_with_timeout(at, timeout).await;
		self.opening(ready)
	}
}
