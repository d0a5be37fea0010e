use super::*;

fn message(error: impl fmt::Display) -> String {
	error.to_string()
}

#[test]
fn an_identity_is_created_once_and_read_back() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("deeper").join("identity");
	let created = Identity::load_or_create(&path).unwrap();
	let read = Identity::load_or_create(&path).unwrap();
	assert_eq!(created.public_key(), read.public_key());
	assert_eq!(created.peer_id(), read.peer_id());
	let names: Vec<_> = fs::read_dir(path.parent().unwrap())
		.unwrap()
		.map(|entry| entry.unwrap().file_name())
		.collect();
	assert_eq!(names, ["identity"], "no draft is left behind");
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_a_readable_one_is_refused() {
	use std::os::unix::fs::PermissionsExt as _;
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("identity");
	Identity::load_or_create(&path).unwrap();
	assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
	fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
	let error = Identity::load_or_create(&path).unwrap_err();
	assert!(matches!(error, IdentityError::Permissions { mode: 0o644, .. }));
	assert!(message(error).contains("chmod 600"));
}

#[test]
fn bad_content_is_named_but_not_repeated() {
	let folder = tempfile::tempdir().unwrap();
	let secret_looking = "zz".repeat(32);
	for content in [
		"",
		"abc",
		&"ab".repeat(31),
		&"ab".repeat(33),
		&secret_looking,
		&"a".repeat(10_000),
	] {
		let path = folder
			.path()
			.join(format!("file-{}-{}", content.len(), &content[..content.len().min(1)]));
		write_private(&path, content.as_bytes()).unwrap();
		let error = Identity::load_or_create(&path).unwrap_err();
		assert!(matches!(error, IdentityError::Content { .. }), "{content:?}: {error}");
		assert!(content.len() < 31 || !message(&error).contains(content));
		assert_eq!(
			fs::read(&path).unwrap(),
			content.as_bytes(),
			"a foreign file is left as it was"
		);
	}
	assert!(matches!(
		Identity::load_or_create(folder.path()),
		Err(IdentityError::Content { .. } | IdentityError::Permissions { .. })
	));
}

#[test]
fn the_seed_decides_the_key_and_debug_hides_it() {
	let of_seed = |byte| Identity::from_seed(&mut [byte; 32]).unwrap();
	let identity = of_seed(7);
	assert_eq!(identity.public_key(), of_seed(7).public_key());
	assert_ne!(identity.public_key(), of_seed(8).public_key());
	assert!(Identity::from_seed(&mut [7; 31]).is_none());
	assert!(!format!("{identity:?}").contains(&"07".repeat(32)));
}

#[test]
fn peer_id_and_public_key_convert_both_ways() {
	let identity = Identity::generate();
	let peer = peer_id_of(&identity.public_key()).unwrap();
	assert_eq!(peer.to_base58(), identity.peer_id());
	assert_eq!(public_key_of(&peer), Some(identity.public_key()));
	assert_eq!(public_key_of(&PeerId::random()), None);
}

#[test]
fn certificates_of_another_kind_are_refused() {
	let certificate = Identity::generate().certificate();
	assert_eq!(certificate.len(), CERTIFICATE_BYTES);
	assert_eq!(parse_certificate(&[]), Err(CertificateError::Length { length: 0 }));
	assert_eq!(
		parse_certificate(&certificate[..32]),
		Err(CertificateError::Length { length: 32 })
	);
	assert_eq!(
		parse_certificate(&[certificate.clone(), vec![0]].concat()),
		Err(CertificateError::Length { length: 34 })
	);
	let mut other = certificate;
	other[0] = 2;
	assert_eq!(
		parse_certificate(&other),
		Err(CertificateError::Algorithm { algorithm: 2 })
	);
	// y = 2 is on no point of the curve.
	let mut off_curve = vec![0; CERTIFICATE_BYTES];
	off_curve[0] = ALGORITHM_ED25519;
	off_curve[1] = 2;
	assert!(matches!(
		parse_certificate(&off_curve),
		Err(CertificateError::Key { .. })
	));
}
