//! Signed model updates: a newer model without a newer app.
//!
//! An update is one file of four parts:
//!
//! ```text
//! clearshot model update 1\n
//! {"version":2,"min_app":"0.1.0","sha256":"…","bytes":1539598,"created":"2026-01-31T12:00:00Z"}\n
//! <Ed25519 signature, 128 hex digits>\n
//! <the ONNX file>
//! ```
//!
//! Signed are the first two lines, each with its line break: the first keeps the signature from meaning anything
//! elsewhere, the second binds the model by its SHA-256. Nothing of the second line is believed, and nothing of the
//! model read, before the signature is verified.
//!
//! Not responsible for: fetching and storing updates, and which model is used ([`crate::ModelStore`]).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::RelevanceError;
use crate::model::{MAX_MODEL_BYTES, ModelFile};

/// First line of an update; the number is that of the format.
const FIRST_LINE: &[u8] = b"clearshot model update 1\n";

/// Longest statement and signature together in bytes, with their line breaks; ours have about 350.
const MAX_HEADER_BYTES: usize = 1_024;

/// Largest update file in bytes.
pub(crate) const MAX_UPDATE_BYTES: usize = FIRST_LINE.len() + MAX_HEADER_BYTES + MAX_MODEL_BYTES;

/// An app's version: three numbers, compared from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppVersion(pub u32, pub u32, pub u32);

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for AppVersion {
    type Err = RelevanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Vec<u32> = text.split('.').map_while(|part| part.parse().ok()).collect();
        match (numbers.as_slice(), text.split('.').count()) {
            (&[major, minor, patch], 3) => Ok(Self(major, minor, patch)),
            _ => Err(RelevanceError::NotAnUpdate("an app's version is three numbers, such as 1.4.0")),
        }
    }
}

impl TryFrom<String> for AppVersion {
    type Error = RelevanceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AppVersion> for String {
    fn from(version: AppVersion) -> Self {
        version.to_string()
    }
}

/// What the maintainers say of a model by signing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The model's version, as its card says it.
    pub version: u32,
    /// The oldest app that may use it.
    pub min_app: AppVersion,
    /// SHA-256 of the ONNX file, in hex.
    pub sha256: String,
    /// Length of the ONNX file.
    pub bytes: usize,
    /// When it was signed.
    pub created: Timestamp,
}

/// By which updates are told from forgeries: an Ed25519 public key, built into the app or part of its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateKey(VerifyingKey);

impl UpdateKey {
    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, RelevanceError> {
        let bytes = key_bytes(text)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| RelevanceError::Key)
    }

    /// As 64 hex digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0.as_bytes())
    }
}

/// An update whose signature and model have been found right.
#[derive(Debug)]
pub struct Update<'a> {
    /// What was signed.
    pub statement: Statement,
    /// The model.
    pub file: ModelFile,
    /// The model's bytes.
    pub bytes: &'a [u8],
}

impl<'a> Update<'a> {
    /// Verifies an update file and reads the model in it.
    pub fn open(file: &'a [u8], key: &UpdateKey) -> Result<Self, RelevanceError> {
        let limit = MAX_UPDATE_BYTES;
        if file.len() > limit {
            return Err(RelevanceError::TooLarge { bytes: file.len(), limit });
        }
        let rest =
            file.strip_prefix(FIRST_LINE).ok_or(RelevanceError::NotAnUpdate("its first line is another"))?;
        let (statement, rest) = line(rest)?;
        let (signature, bytes) = line(rest)?;
        let signed = &file[..=FIRST_LINE.len() + statement.len()];
        let mut decoded = [0; Signature::BYTE_SIZE];
        hex::decode_to_slice(signature, &mut decoded)
            .map_err(|_| RelevanceError::NotAnUpdate("its third line is no signature"))?;
        key.0.verify_strict(signed, &Signature::from_bytes(&decoded)).map_err(RelevanceError::Signature)?;

        let statement: Statement = serde_json::from_slice(statement).map_err(RelevanceError::Statement)?;
        if statement.bytes != bytes.len() || statement.sha256 != hex::encode(Sha256::digest(bytes)) {
            return Err(RelevanceError::NotTheSigned);
        }
        let file = ModelFile::read(bytes)?;
        if file.card().version != statement.version {
            return Err(RelevanceError::NotTheSigned);
        }
        Ok(Self { statement, file, bytes })
    }
}

/// Makes an update of a model. Refuses a model that no app would take, or a secret key (64 hex digits) that is none.
pub fn sign(
    model: &[u8],
    min_app: AppVersion,
    created: Timestamp,
    secret_key: &str,
) -> Result<Vec<u8>, RelevanceError> {
    let card = ModelFile::read(model)?.card().clone();
    let statement =
        Statement { version: card.version, min_app, sha256: card.sha256, bytes: model.len(), created };
    let mut file = FIRST_LINE.to_vec();
    file.extend(serde_json::to_vec(&statement).map_err(RelevanceError::Statement)?);
    file.push(b'\n');
    let signature = SigningKey::from_bytes(&key_bytes(secret_key)?).sign(&file);
    file.extend(hex::encode(signature.to_bytes()).bytes());
    file.push(b'\n');
    file.extend_from_slice(model);
    Ok(file)
}

/// The public key of a secret one (64 hex digits).
pub fn public_key(secret_key: &str) -> Result<UpdateKey, RelevanceError> {
    Ok(UpdateKey(SigningKey::from_bytes(&key_bytes(secret_key)?).verifying_key()))
}

fn key_bytes(text: &str) -> Result<[u8; 32], RelevanceError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| RelevanceError::Key)?;
    Ok(bytes)
}

/// The bytes up to the next line break, and those after it.
fn line(bytes: &[u8]) -> Result<(&[u8], &[u8]), RelevanceError> {
    let searched = &bytes[..bytes.len().min(MAX_HEADER_BYTES)];
    let end = searched.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or(RelevanceError::NotAnUpdate("a line of its header has no end"))?;
    Ok((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    fn signed() -> Vec<u8> {
        sign(&example::bytes(&example::model()), AppVersion(0, 2, 0), Timestamp::UNIX_EPOCH, SECRET).unwrap()
    }

    fn key() -> UpdateKey {
        public_key(SECRET).unwrap()
    }

    fn code(file: &[u8]) -> &'static str {
        Update::open(file, &key()).map_or_else(|error| error.code(), |_| "good")
    }

    #[test]
    fn the_key_and_the_signature_are_those_of_the_standard() {
        // RFC 8032, section 7.1, test 1.
        assert_eq!(key().to_hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(UpdateKey::from_hex(&key().to_hex()).unwrap(), key());
        for wrong in ["", "d75a", &"z".repeat(64), &"0".repeat(66)] {
            assert_eq!(UpdateKey::from_hex(wrong).unwrap_err().code(), "update_key", "{wrong}");
        }
    }

    #[test]
    fn an_update_holds_the_model_that_was_signed() {
        let (file, model) = (signed(), example::bytes(&example::model()));
        let update = Update::open(&file, &key()).unwrap();
        assert_eq!(update.bytes, model);
        assert_eq!((update.statement.version, update.statement.min_app), (3, AppVersion(0, 2, 0)));
        assert_eq!(update.statement.sha256, update.file.card().sha256);
    }

    #[test]
    fn a_byte_changed_anywhere_is_noticed() {
        let file = signed();
        for at in (0..400).chain((400..file.len()).step_by(509)) {
            let mut altered = file.clone();
            altered[at] ^= 1;
            assert!(code(&altered).starts_with("update_"), "byte {at}: {}", code(&altered));
        }
    }

    #[test]
    fn a_file_cut_short_or_prolonged_is_refused() {
        let mut file = signed();
        for len in (0..file.len()).step_by(211) {
            assert_ne!(code(&file[..len]), "good", "{len}");
        }
        file.push(0);
        assert_eq!(code(&file), "update_signature");
    }

    #[test]
    fn another_key_or_another_model_under_the_signature_is_refused() {
        let file = signed();
        let other = public_key(&"17".repeat(32)).unwrap();
        assert_eq!(Update::open(&file, &other).unwrap_err().code(), "update_signature");
        let model = example::bytes(&example::model());
        let mut swapped = file[..file.len() - model.len()].to_vec();
        swapped.extend(example::bytes(&example::of_version(4)));
        assert_eq!(code(&swapped), "update_signature");
    }

    #[test]
    fn a_huge_update_is_refused() {
        let mut file = FIRST_LINE.to_vec();
        file.resize(MAX_MODEL_BYTES + 2 * MAX_HEADER_BYTES, b' ');
        assert_eq!(code(&file), "model_too_large");
    }

    #[test]
    fn a_model_that_no_app_would_take_is_not_signed() {
        let error = sign(b"no model", AppVersion(0, 1, 0), Timestamp::UNIX_EPOCH, SECRET).unwrap_err();
        assert_eq!(error.code(), "model_unreadable");
    }

    #[test]
    fn versions_of_apps_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<AppVersion>().unwrap();
        assert!(version("0.10.0") > version("0.9.9"));
        assert_eq!(version("1.2.3").to_string(), "1.2.3");
        for wrong in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.-3"] {
            assert!(wrong.parse::<AppVersion>().is_err(), "{wrong}");
        }
    }
}
