//! Makes other models of a GGUF file: one with its last layer cut off, one with slightly other gains ("another fine-tune").

use std::path::Path;

/// What to change.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Edit {
	/// Leave out the last layer.
	CutLayer,
	/// Multiply each F32 gain of the norms by 1 ± this share.
	ScaleGains(f32),
}

/// GGUF's number of the type F32.
const F32: u32 = 0;
/// Where data begins, unless the file says otherwise.
const ALIGNMENT: usize = 32;

struct Reader<'a> {
	bytes: &'a [u8],
	at: usize,
}

impl<'a> Reader<'a> {
	fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
		let end = self.at.checked_add(count).ok_or("a length beyond all bounds")?;
		let taken = self.bytes.get(self.at..end).ok_or("the file ends too early")?;
		self.at = end;
		Ok(taken)
	}

	fn u32(&mut self) -> Result<u32, String> {
		let bytes = self.take(4)?.try_into().map_err(|_| "four bytes")?;
		Ok(u32::from_le_bytes(bytes))
	}

	fn size(&mut self) -> Result<usize, String> {
		let bytes = self.take(8)?.try_into().map_err(|_| "eight bytes")?;
		usize::try_from(u64::from_le_bytes(bytes)).map_err(|error| error.to_string())
	}

	fn text(&mut self) -> Result<&'a [u8], String> {
		let length = self.size()?;
		self.take(length)
	}

	/// Skips a metadata value.
	fn value(&mut self, kind: u32) -> Result<(), String> {
		match kind {
			0 | 1 | 7 => self.take(1).map(drop),
			2 | 3 => self.take(2).map(drop),
			4..=6 => self.take(4).map(drop),
			8 => self.text().map(drop),
			9 => {
				let kind = self.u32()?;
				let count = self.size()?;
				(0..count).try_for_each(|_| self.value(kind))
			}
			10..=12 => self.take(8).map(drop),
			_ => Err(format!("metadata of the unknown type {kind}")),
		}
	}
}

/// A tensor's entry in the header.
struct Entry<'a> {
	name: &'a [u8],
	bytes: &'a [u8],
	elements: usize,
	kind: u32,
	offset: usize,
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<Entry<'a>, String> {
	let start = reader.at;
	let name = reader.text()?;
	let dimensions = reader.u32()?;
	let mut elements = 1_usize;
	for _ in 0..dimensions {
		elements = elements.saturating_mul(reader.size()?);
	}
	let kind = reader.u32()?;
	let offset = reader.size()?;
	let bytes = reader.bytes.get(start..reader.at).unwrap_or_default();
	Ok(Entry {
		name,
		bytes,
		elements,
		kind,
		offset,
	})
}

/// Writes the edited copy of `from` to `to`.
pub(crate) fn write(from: &Path, to: &Path, edit: Edit) -> Result<(), String> {
	let bytes = std::fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
	let mut reader = Reader { bytes: &bytes, at: 8 };
	let tensors = reader.size()?;
	let entries = reader.size()?;
	let metadata_start = reader.at;
	let mut layers_at = None;
	for _ in 0..entries {
		let key = reader.text()?;
		let kind = reader.u32()?;
		if key == b"llama.block_count" {
			layers_at = Some(reader.at - metadata_start);
		}
		reader.value(kind)?;
	}
	let layers_at = layers_at.ok_or("the file has no llama.block_count")?;
	let mut metadata = bytes.get(metadata_start..reader.at).unwrap_or_default().to_vec();
	let mut list = Vec::new();
	for _ in 0..tensors {
		list.push(entry(&mut reader)?);
	}
	let data_start = reader.at.next_multiple_of(ALIGNMENT);
	let mut data = bytes.get(data_start..).ok_or("the file has no data")?.to_vec();
	match edit {
		Edit::CutLayer => {
			let field = metadata
				.get_mut(layers_at..layers_at + 4)
				.ok_or("no room for the layers")?;
			let count: [u8; 4] = (&*field).try_into().map_err(|_| "four bytes")?;
			let last = u32::from_le_bytes(count).saturating_sub(1);
			field.copy_from_slice(&last.to_le_bytes());
			let prefix = format!("blk.{last}.");
			list.retain(|entry| !entry.name.starts_with(prefix.as_bytes()));
		}
		Edit::ScaleGains(share) => {
			let gains = list
				.iter()
				.filter(|entry| entry.kind == F32 && entry.name.ends_with(b"_norm.weight"));
			for (index, gain) in gains
				.flat_map(|entry| (0..entry.elements).map(|index| entry.offset + 4 * index))
				.enumerate()
			{
				let field = data.get_mut(gain..gain + 4).ok_or("a gain outside of the file")?;
				let value: [u8; 4] = (&*field).try_into().map_err(|_| "four bytes")?;
				let sign = ((index as f32) * 12.9898).sin();
				let scaled = f32::from_le_bytes(value) * (1.0 + share * sign);
				field.copy_from_slice(&scaled.to_le_bytes());
			}
		}
	}
	let mut out = bytes.get(..8).unwrap_or_default().to_vec();
	out.extend((list.len() as u64).to_le_bytes());
	out.extend((entries as u64).to_le_bytes());
	out.extend(metadata);
	list.iter().for_each(|entry| out.extend(entry.bytes));
	out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
	out.extend(data);
	std::fs::write(to, out).map_err(|error| format!("{}: {error}", to.display()))
}
