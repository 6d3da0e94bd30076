//! How the checksums of parts become that of the object.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use s3s::checksum::ChecksumHasher;
use s3s::{S3Error, S3Result, s3_error};

use crate::checksums::{Algorithm, Scope, Sums};

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
            let sum = Sums::from(hasher.finalize()).get(algorithm).unwrap_or_default().to_owned();
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
}
