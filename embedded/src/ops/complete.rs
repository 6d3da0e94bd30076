//! CompleteMultipartUpload: one transaction, and no byte is moved.

use md5::{Digest, Md5};
use s3s::dto::{Checksum, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::checksums::{ObjectSums, Scope, Sums, set_sums};
use crate::clock::Millis;
use crate::conditions::WriteConditions;
use crate::index::blob::Segment;
use crate::index::bucket;
use crate::index::object::{self, Object};
use crate::index::upload::{self, Done, Part, Plan};
use crate::part_sums;
use crate::store::Inner;
use crate::writer::Txn;

/// S3's limit for every part but the last: 5 MiB.
const SMALLEST_PART: u64 = 5 << 20;

/// What the client says the object is made of.
struct Request {
    bucket: String,
    key: String,
    id: String,
    parts: Vec<CompletedPart>,
    conditions: WriteConditions,
    sums: Sums,
    scope: Option<String>,
    size: Option<i64>,
}

impl Request {
    fn read(request: S3Request<CompleteMultipartUploadInput>) -> S3Result<Self> {
        let sums = Sums::announced(&request.headers)?;
        let input = request.input;
        Ok(Self {
            bucket: input.bucket,
            key: input.key,
            id: input.upload_id,
            parts: input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default(),
            conditions: WriteConditions::new(input.if_match, input.if_none_match),
            sums,
            scope: input.checksum_type.map(|scope| scope.as_str().to_owned()),
            size: input.mpu_object_size,
        })
    }

    /// Everything happens here. A failure, of a condition too, leaves the upload as it was.
    fn commit(self, txn: &mut Txn<'_>) -> S3Result<Done> {
        let bucket = bucket::find(txn, &self.bucket)?;
        if let Some(done) = upload::result(txn, bucket, &self.key, &self.id)? {
            return Ok(done);
        }
        let begun = upload::get(txn, bucket, &self.key, &self.id)?;
        let (chosen, unused) = choose(&self.parts, upload::all_parts(txn, &self.id)?)?;
        let size = chosen.iter().map(|part| part.size).sum();
        if self.size.is_some_and(|said| u64::try_from(said) != Ok(size)) {
            return Err(s3_error!(
                InvalidRequest,
                "the parts have {size} bytes and not what x-amz-mp-object-size says"
            ));
        }
        let sums = self.object_sums(begun.plan, &chosen)?;
        let before = object::current(txn, bucket, &self.key)?;
        self.conditions.check(before.as_ref().map(|(etag, _)| etag.as_str()))?;
        let object = Object {
            etag: etag(&chosen)?,
            size,
            modified: Millis::now(),
            sums,
            tags: begun.tags,
            about: begun.about,
            parts: chosen.iter().map(|part| part.size).collect(),
            segments: chosen.into_iter().flat_map(|part| part.segments).collect(),
        };
        object::replace(txn, bucket, &self.key, &object, before)?;
        let done = Done { etag: object.etag, sums: object.sums };
        upload::finish(txn, &self.id, &unused, &done)?;
        Ok(done)
    }

    /// The checksum of the object by the upload's plan, after comparing what the client announced.
    fn object_sums(&self, plan: Plan, chosen: &[Part]) -> S3Result<ObjectSums> {
        let parts: Vec<_> = chosen.iter().map(|part| (part.size, part.sums.clone())).collect();
        for algorithm in self.sums.algorithms() {
            let scope = match (&self.scope, plan.scope) {
                (Some(name), _) => Scope::parse(name, algorithm)?,
                (None, Some(scope)) => scope,
                (None, None) => algorithm.usual_scope(),
            };
            let computed = part_sums::of_parts(algorithm, scope, &parts)?;
            let digest = |sum: &str| sum.split('-').next().map(str::to_owned);
            if self.sums.get(algorithm).and_then(digest) != digest(&computed) {
                return Err(s3_error!(BadDigest, "the {} you specified is not that of the parts", algorithm.name()));
            }
        }
        let (Some(algorithm), Some(scope)) = (plan.algorithm, plan.scope) else { return Ok(ObjectSums::default()) };
        let mut sums = Sums::default();
        sums.insert(algorithm, part_sums::of_parts(algorithm, scope, &parts)?);
        Ok(ObjectSums { sums, scope: Some(scope) })
    }
}

/// The parts that the client lists, and the segments of those that it leaves out.
fn choose(wanted: &[CompletedPart], stored: Vec<Part>) -> S3Result<(Vec<Part>, Vec<Segment>)> {
    if wanted.is_empty() {
        return Err(s3_error!(MalformedXML, "an upload is completed with at least one part"));
    }
    if !wanted.is_sorted_by(|one, next| one.part_number < next.part_number) {
        return Err(s3_error!(InvalidPartOrder, "the list of parts was not in ascending order"));
    }
    let (mut chosen, mut unused) = (Vec::with_capacity(wanted.len()), Vec::new());
    let mut wanted = wanted.iter().peekable();
    for part in stored {
        match wanted.next_if(|wanted| wanted.part_number == Some(part.number)) {
            Some(wanted) => {
                check_part(wanted, &part)?;
                chosen.push(part);
            }
            None => unused.extend(part.segments),
        }
    }
    if let Some(missing) = wanted.next() {
        let number = missing.part_number.unwrap_or_default();
        return Err(s3_error!(InvalidPart, "part {number} was not uploaded"));
    }
    let all_but_last = &chosen[..chosen.len() - 1];
    if let Some(small) = all_but_last.iter().find(|part| part.size < SMALLEST_PART) {
        return Err(s3_error!(EntityTooSmall, "part {} is smaller than the smallest allowed size", small.number));
    }
    Ok((chosen, unused))
}

fn check_part(wanted: &CompletedPart, part: &Part) -> S3Result<()> {
    let invalid = || s3_error!(InvalidPart, "part {} is not the one that was uploaded", part.number);
    if wanted.e_tag.as_ref().map(ETag::value) != Some(part.etag.as_str()) {
        return Err(invalid());
    }
    let sums = Sums::from(Checksum {
        checksum_crc32: wanted.checksum_crc32.clone(),
        checksum_crc32c: wanted.checksum_crc32c.clone(),
        checksum_crc64nvme: wanted.checksum_crc64nvme.clone(),
        checksum_sha1: wanted.checksum_sha1.clone(),
        checksum_sha256: wanted.checksum_sha256.clone(),
        checksum_type: None,
    });
    sums.check(&part.sums).map_err(|_| invalid())
}

/// S3's ETag of an object made of parts: the MD5 of their MD5s, and how many there are.
fn etag(parts: &[Part]) -> S3Result<String> {
    let mut md5 = Md5::new();
    for part in parts {
        let digest = hex::decode(&part.etag);
        md5.update(digest.map_err(|_| s3_error!(InternalError, "part {} has no MD5", part.number))?);
    }
    Ok(format!("{}-{}", hex::encode(md5.finalize()), parts.len()))
}

/// Completes an upload. Done again, it answers the same.
pub(crate) async fn complete(
    store: &Inner,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let request = Request::read(request)?;
    let mut output = CompleteMultipartUploadOutput {
        bucket: Some(request.bucket.clone()),
        key: Some(request.key.clone()),
        location: Some(format!("/{}/{}", request.bucket, request.key)),
        ..CompleteMultipartUploadOutput::default()
    };
    let done = store.writer.commit(move |txn| request.commit(txn)).await?;
    output.e_tag = Some(ETag::Strong(done.etag));
    output.checksum_type = done.sums.scope.map(Scope::dto);
    set_sums!(output, done.sums.sums);
    Ok(S3Response::new(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(number: i32, size: u64) -> Part {
        let segments = vec![Segment { blob: i64::from(number), offset: 0, length: size }];
        let (etag, sums) = (format!("{number:032x}"), Sums::default());
        Part { number, etag, size, modified: Millis(0), sums, segments }
    }

    fn wanted(number: i32) -> CompletedPart {
        let e_tag = Some(ETag::Strong(format!("{number:032x}")));
        CompletedPart { part_number: Some(number), e_tag, ..CompletedPart::default() }
    }

    #[test]
    fn the_list_of_parts_is_checked_as_s3_does() {
        const MIB: u64 = 1 << 20;
        let uploaded = || vec![stored(1, 5 * MIB), stored(4, 6 * MIB), stored(9, 1)];
        let code = |list: &[CompletedPart]| {
            choose(list, uploaded()).map_or_else(|error| error.code().as_str().to_owned(), |_| "ok".to_owned())
        };
        let other = CompletedPart { e_tag: Some(ETag::Strong("other".to_owned())), ..wanted(4) };
        assert_eq!(code(&[wanted(1), wanted(4), wanted(9)]), "ok");
        assert_eq!(code(&[]), "MalformedXML");
        assert_eq!(code(&[wanted(4), wanted(1)]), "InvalidPartOrder");
        assert_eq!(code(&[wanted(4), wanted(4)]), "InvalidPartOrder");
        assert_eq!(code(&[wanted(1), other]), "InvalidPart");
        assert_eq!(code(&[wanted(1), wanted(2)]), "InvalidPart");
        assert_eq!(code(&[wanted(1), wanted(11)]), "InvalidPart");

        let (chosen, unused) = choose(&[wanted(1), wanted(9)], uploaded()).unwrap();
        assert_eq!(chosen.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 9]);
        assert_eq!(unused, stored(4, 6 * MIB).segments);
        let small = choose(&[wanted(4), wanted(9)], vec![stored(4, 5 * MIB - 1), stored(9, 1)]);
        assert_eq!(small.unwrap_err().code().as_str(), "EntityTooSmall");
    }
}
