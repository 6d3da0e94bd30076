//! Checksums of S3: which there are, how a client announces them, and how those of parts become one.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto;
use s3s::{S3Error, S3Result, s3_error};
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

    const fn length(self) -> usize {
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
    const fn crc(self) -> Option<CrcAlgorithm> {
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

/// The checksum of an object made of parts, each with its length and its own checksum.
pub(crate) fn of_parts(algorithm: Algorithm, scope: Scope, parts: &[(u64, Sums)]) -> S3Result<String> {
    let missing = || s3_error!(InvalidRequest, "a part was uploaded without a {} checksum", algorithm.name());
    let mut digests = Vec::with_capacity(parts.len());
    for (length, sums) in parts {
        let text = sums.get(algorithm).ok_or_else(missing)?;
        digests.push((*length, STANDARD.decode(text).map_err(S3Error::internal_error)?));
    }
    match (scope, algorithm.crc()) {
        (Scope::FullObject, Some(crc)) => Ok(combine(crc, algorithm.length(), &digests)),
        (Scope::FullObject | Scope::Composite, _) => {
            let mut hasher = ChecksumHasher::default();
            algorithm.enable(&mut hasher);
            digests.iter().for_each(|(_, digest)| hasher.update(digest));
            let sum = Sums::from(hasher.finalize()).0.remove(&algorithm).unwrap_or_default();
            Ok(format!("{sum}-{}", parts.len()))
        }
    }
}

fn combine(crc: CrcAlgorithm, length: usize, digests: &[(u64, Vec<u8>)]) -> String {
    let number = |digest: &[u8]| digest.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
    let mut parts = digests.iter().map(|(length, digest)| (*length, number(digest)));
    let first = parts.next().map_or(0, |(_, sum)| sum);
    let all = parts.fold(first, |all, (length, sum)| crc_fast::checksum_combine(crc, all, sum, length));
    STANDARD.encode(&all.to_be_bytes()[8 - length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(algorithm: Algorithm, bytes: &[u8]) -> Sums {
        let mut hasher = ChecksumHasher::default();
        algorithm.enable(&mut hasher);
        hasher.update(bytes);
        hasher.finalize().into()
    }

    #[test]
    fn crcs_of_parts_combine_to_that_of_the_whole() {
        let whole: Vec<u8> = (0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts: Vec<_> = whole.chunks(33_333).map(|part| (part.len() as u64, sums(algorithm, part))).collect();
            let combined = of_parts(algorithm, Scope::FullObject, &parts).unwrap();
            assert_eq!(Some(combined.as_str()), sums(algorithm, &whole).get(algorithm), "{algorithm:?}");
        }
    }

    #[test]
    fn a_composite_sum_says_how_many_parts() {
        let parts = [(3, sums(Algorithm::Sha256, b"abc")), (3, sums(Algorithm::Sha256, b"def"))];
        let composite = of_parts(Algorithm::Sha256, Scope::Composite, &parts).unwrap();
        let digests: Vec<u8> =
            parts.iter().flat_map(|(_, sum)| STANDARD.decode(sum.get(Algorithm::Sha256).unwrap()).unwrap()).collect();
        let expected = sums(Algorithm::Sha256, &digests);
        assert_eq!(composite, format!("{}-2", expected.get(Algorithm::Sha256).unwrap()));
    }

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
