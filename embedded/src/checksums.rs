//! Checksums of S3: which there are, and how a client announces them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

/// A checksum algorithm, named as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name in `x-amz-checksum-algorithm`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Bytes of a digest.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Reads the name as a client wrote it.
    pub(crate) fn parse(name: &str) -> S3Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| s3_error!(InvalidRequest, "checksum algorithm `{name}` is not known"))
    }

    /// Switches the algorithm on in a hasher.
    pub(crate) fn enable(self, hasher: &mut ChecksumHasher) {
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
    }

    /// How sums of parts become that of the object when the client does not say.
    pub(crate) const fn usual_scope(self) -> Scope {
        match self {
            Self::Crc64Nvme => Scope::FullObject,
            Self::Crc32 | Self::Crc32c | Self::Sha1 | Self::Sha256 => Scope::Composite,
        }
    }

    /// The parameters of a CRC; the hashes have none, and cannot be combined.
    pub(crate) const fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// What a multipart checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scope {
    /// The bytes of the whole object.
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    /// The checksums of the parts, one after the other.
    #[serde(rename = "COMPOSITE")]
    Composite,
}

impl Scope {
    /// Reads the `x-amz-checksum-type` of a client for `algorithm`.
    pub(crate) fn parse(name: &str, algorithm: Algorithm) -> S3Result<Self> {
        match name {
            dto::ChecksumType::FULL_OBJECT if algorithm.crc().is_some() => Ok(Self::FullObject),
            dto::ChecksumType::COMPOSITE if algorithm != Algorithm::Crc64Nvme => Ok(Self::Composite),
            _ => Err(s3_error!(InvalidRequest, "checksum type `{name}` cannot be used with {}", algorithm.name())),
        }
    }

    /// The name on the wire.
    pub(crate) fn dto(self) -> dto::ChecksumType {
        dto::ChecksumType::from_static(match self {
            Self::FullObject => dto::ChecksumType::FULL_OBJECT,
            Self::Composite => dto::ChecksumType::COMPOSITE,
        })
    }
}

/// Checksums of one body: algorithm to base64 text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sums(BTreeMap<Algorithm, String>);

impl Sums {
    /// What headers (or trailers) announce. Each must be base64 of the right length.
    pub(crate) fn announced(headers: &HeaderMap) -> S3Result<Self> {
        let mut sums = Self::default();
        for algorithm in Algorithm::ALL {
            if let Some(value) = headers.get(algorithm.header()) {
                let text = value.to_str().unwrap_or_default();
                // A multipart checksum may carry the number of parts.
                let digest = text.split_once('-').map_or(text, |(digest, _)| digest);
                if STANDARD.decode(digest).map(|bytes| bytes.len()).ok() != Some(algorithm.length()) {
                    return Err(s3_error!(InvalidRequest, "value for {} header is invalid", algorithm.header()));
                }
                sums.insert(algorithm, text.to_owned());
            }
        }
        Ok(sums)
    }

    /// Which checksums the trailers will bring.
    pub(crate) fn in_trailer(headers: &HeaderMap) -> Vec<Algorithm> {
        let names: Vec<_> = headers.get_all("x-amz-trailer").iter().filter_map(|value| value.to_str().ok()).collect();
        let names: Vec<_> = names.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
        let named = |algorithm: &Algorithm| names.iter().any(|name| name.eq_ignore_ascii_case(algorithm.header()));
        Algorithm::ALL.into_iter().filter(named).collect()
    }

    /// Adds or replaces one.
    pub(crate) fn insert(&mut self, algorithm: Algorithm, digest: String) {
        self.0.insert(algorithm, digest);
    }

    /// The digest of one algorithm.
    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<&str> {
        self.0.get(&algorithm).map(String::as_str)
    }

    /// Which algorithms there are.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.0.keys().copied()
    }

    /// Adds those of `more`.
    pub(crate) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Only that of one algorithm.
    pub(crate) fn only(&self, algorithm: Algorithm) -> Self {
        Self(self.0.iter().filter(|(name, _)| **name == algorithm).map(|(name, sum)| (*name, sum.clone())).collect())
    }

    /// Refuses when `computed` has another value for something in here.
    pub(crate) fn check(&self, computed: &Self) -> S3Result<()> {
        for (algorithm, digest) in &self.0 {
            if computed.get(*algorithm) != Some(digest) {
                let name = algorithm.name();
                return Err(s3_error!(BadDigest, "the {name} you specified did not match what was received"));
            }
        }
        Ok(())
    }
}

impl From<dto::Checksum> for Sums {
    fn from(sums: dto::Checksum) -> Self {
        let all = [
            (Algorithm::Crc32, sums.checksum_crc32),
            (Algorithm::Crc32c, sums.checksum_crc32c),
            (Algorithm::Crc64Nvme, sums.checksum_crc64nvme),
            (Algorithm::Sha1, sums.checksum_sha1),
            (Algorithm::Sha256, sums.checksum_sha256),
        ];
        Self(all.into_iter().filter_map(|(algorithm, sum)| Some((algorithm, sum?))).collect())
    }
}

/// The checksums of an object and what they cover.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectSums {
    /// The sums; those of parts end in `-N`.
    pub(crate) sums: Sums,
    /// What they cover; none when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<Scope>,
}

impl ObjectSums {
    /// Those of a body that was sent at once.
    pub(crate) fn whole(sums: Sums) -> Self {
        let scope = (sums != Sums::default()).then_some(Scope::FullObject);
        Self { sums, scope }
    }
}

/// Copies checksums into the five fields that many S3 structures have.
macro_rules! set_sums {
    ($output:expr, $sums:expr) => {{
        use $crate::checksums::Algorithm;
        let sum = |algorithm: Algorithm| $sums.get(algorithm).map(str::to_owned);
        $output.checksum_crc32 = sum(Algorithm::Crc32);
        $output.checksum_crc32c = sum(Algorithm::Crc32c);
        $output.checksum_crc64nvme = sum(Algorithm::Crc64Nvme);
        $output.checksum_sha1 = sum(Algorithm::Sha1);
        $output.checksum_sha256 = sum(Algorithm::Sha256);
    }};
}
pub(crate) use set_sums;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_of_the_wrong_length_is_refused() {
        for value in ["", "AAAA", "not base64!", "AAAAAAAAAAA="] {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("x-amz-checksum-crc32"),
                http::HeaderValue::from_static(value),
            )]);
            assert!(Sums::announced(&headers).is_err(), "{value}");
        }
    }

    #[test]
    fn a_type_that_the_algorithm_cannot_do_is_refused() {
        assert!(Scope::parse("COMPOSITE", Algorithm::Crc64Nvme).is_err());
        assert!(Scope::parse("FULL_OBJECT", Algorithm::Sha1).is_err());
        assert_eq!(Scope::parse("FULL_OBJECT", Algorithm::Crc32).unwrap(), Scope::FullObject);
    }
}
