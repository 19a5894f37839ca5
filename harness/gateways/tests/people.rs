//! Authenticator apps against the RFC's vectors and the key URI convention.

use jiff::Timestamp;
use proofup_domain::secret::Secret;
use proofup_gateways::people::authenticator::{AddError, Authenticator, parse_activation};

/// RFC 6238, appendix B: time, then the codes by SHA-1, SHA-256 and SHA-512.
const VECTORS: [(i64, [&str; 3]); 6] = [
    (59, ["94287082", "46119246", "90693936"]),
    (1_111_111_109, ["07081804", "68084774", "25091201"]),
    (1_111_111_111, ["14050471", "67062674", "99943326"]),
    (1_234_567_890, ["89005924", "91819424", "93441116"]),
    (2_000_000_000, ["69279037", "90698825", "38618901"]),
    (20_000_000_000, ["65353130", "77737706", "47863826"]),
];

/// The RFC's seeds: so many bytes of `1234567890…`.
fn seed(bytes: usize) -> String {
    let seed: Vec<u8> = b"1234567890".iter().copied().cycle().take(bytes).collect();
    data_encoding::BASE32_NOPAD.encode(&seed)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("the second is in range")
}

#[test]
fn codes_are_those_of_the_rfc() {
    let mut device = Authenticator::new(0);
    for (index, (algorithm, bytes)) in [("SHA1", 20), ("SHA256", 32), ("SHA512", 64)]
        .into_iter()
        .enumerate()
    {
        let secret = seed(bytes);
        let uri = format!("otpauth://totp/X:a?secret={secret}&algorithm={algorithm}&digits=8");
        let account = device.scan_otpauth(&Secret::new(uri)).unwrap();
        for (time, codes) in VECTORS {
            let code = device.code(account.key, at(time), 0).unwrap();
            assert_eq!(code.expose(), codes[index], "{algorithm} at {time}");
        }
    }
}

#[test]
fn drift_and_skew_move_the_step() {
    let mut exact = Authenticator::new(0);
    let mut ahead = Authenticator::new(30);
    let secret = Secret::new(seed(20));
    let one = exact.add_activated(&secret).unwrap();
    let two = ahead.add_activated(&secret).unwrap();
    let now = at(1_111_111_109);
    let later = exact.code(one.key, at(1_111_111_111), 0).unwrap();
    assert_eq!(later.expose(), "050471");
    assert_eq!(exact.code(one.key, now, 1).unwrap(), later);
    assert_eq!(ahead.code(two.key, now, 0).unwrap(), later);
    assert_ne!(exact.code(one.key, now, 0).unwrap(), later);
}

#[test]
fn a_key_uri_tells_what_follows_the_convention() {
    let mut device = Authenticator::new(0);
    let secret = seed(20);
    let uri = format!(
        "otpauth://totp/Caf%C3%A9%20%26%20Co:al%2Bice@example.org?secret={secret}&issuer=Caf%C3%A9%20%26%20Co&algorithm=SHA1&digits=6&period=30"
    );
    let scanned = device.scan_otpauth(&Secret::new(uri)).unwrap();
    assert_eq!(scanned.issuer, "Café & Co");
    assert_eq!(scanned.account_name, "al+ice@example.org");
    assert!(scanned.issuer_twice && scanned.base32_unpadded);
    assert_eq!(scanned.secret_bits, 160);
    let spaced = Secret::new(secret.to_lowercase().replace("gezd", "gezd "));
    let typed = device.type_secret(&spaced, "Café & Co", "al+ice@example.org");
    assert!(scanned.same_as(&typed.unwrap()));
    let other = device.add_activated(&Secret::new(seed(32))).unwrap();
    assert!(!scanned.same_as(&other));
}

#[test]
fn a_key_uri_that_strays_is_told_apart() {
    let mut device = Authenticator::new(0);
    let uri = "otpauth://totp/Other:a?secret=GEZDGNBVGY======&issuer=X";
    let account = device.scan_otpauth(&Secret::new(uri)).unwrap();
    assert!(!account.issuer_twice && !account.base32_unpadded);
    assert_eq!(account.secret_bits, 48);
    let shouted = uri.replace("otpauth://totp", "OTPAUTH://TOTP");
    let shouted = device.scan_otpauth(&Secret::new(shouted));
    assert!(shouted.is_ok_and(|shouted| shouted.same_as(&account)));
}

#[test]
fn what_no_app_can_add_is_refused() {
    let mut device = Authenticator::new(0);
    for (uri, error) in [
        ("https://example.org", AddError::NotOtpauth),
        ("otpauth://hotp/a?secret=GEZDGNBV", AddError::NotOtpauth),
        ("otpauth://totp/a", AddError::BadSecret),
        ("otpauth://totp/a?secret=", AddError::BadSecret),
        ("otpauth://totp/a?secret=1!", AddError::BadSecret),
        (
            "otpauth://totp/a?secret=GEZDGNBV&digits=99",
            AddError::BadParameter("digits"),
        ),
        (
            "otpauth://totp/a?secret=GEZDGNBV&period=0",
            AddError::BadParameter("period"),
        ),
        (
            "otpauth://totp/a?secret=GEZDGNBV&algorithm=MD5",
            AddError::BadParameter("algorithm"),
        ),
    ] {
        assert_eq!(device.scan_otpauth(&Secret::new(uri)), Err(error), "{uri}");
    }
    assert!(device.accounts().is_empty());
}

#[test]
fn an_activation_payload_holds_a_code_and_an_address() {
    let payload = "securityinfo://activate?code=ABC-1%202&url=http%3A%2F%2Ftarget.invalid%2Fv1";
    let (code, url) = parse_activation(&Secret::new(payload)).unwrap();
    assert_eq!(code.expose(), "ABC-1 2");
    assert_eq!(url, "http://target.invalid/v1");
    for broken in ["securityinfo://activate?code=1", "no", ""] {
        assert_eq!(parse_activation(&Secret::new(broken)), None);
    }
}
