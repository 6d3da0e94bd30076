//! `folderbridge folder`: a client of a running server's admin API.

use std::io::stdout;

use http::Method;
use serde_json::{Map, Value, json};

use super::output::{client, ended, escaped, in_json, print};
use crate::admin::limits::{FolderBody, FoldersBody, LimitBody, UsageBody};
use crate::client::AdminClient;
use crate::config::{FolderCommand, FolderFlags, Most};
use crate::failure::StartError;

pub(super) async fn run(flags: FolderFlags) -> Result<(), StartError> {
    let client = client(&flags.server)?;
    let json = flags.server.json;
    let text = match flags.command {
        FolderCommand::List => {
            let folders = all(&client).await?;
            if json { in_json(&folders) } else { folders.iter().map(line).collect() }
        }
        FolderCommand::Show { id } => shown(&client.call(Method::GET, &path(&id, "")?, None).await?, json),
        FolderCommand::Usage { id } => used(&client.call(Method::GET, &path(&id, "/usage")?, None).await?, json),
        FolderCommand::Limits { id, max_bytes, max_files } => {
            let body = limits(max_bytes, max_files)?;
            shown(&client.call(Method::PATCH, &path(&id, "/limits")?, Some(&body)).await?, json)
        }
    };
    ended(print(&text, &mut stdout()))
}

pub(super) fn path(id: &str, verb: &str) -> Result<String, StartError> {
    let id: mapping::id::FolderId = id.parse().map_err(|error: mapping::Error| StartError::new(error.message()))?;
    Ok(format!("/folders/{id}{verb}"))
}

/// All folders, page by page.
pub(super) async fn all(client: &AdminClient) -> Result<Vec<FolderBody>, StartError> {
    let mut folders = Vec::new();
    let mut path = "/folders?limit=1000".to_owned();
    loop {
        let page: FoldersBody = client.call(Method::GET, &path, None).await?;
        folders.extend(page.folders);
        let Some(next) = page.next else { return Ok(folders) };
        path = format!("/folders?limit=1000&after={}", escaped(&next));
    }
}

fn limits(bytes: Option<Most>, files: Option<Most>) -> Result<Value, StartError> {
    let bytes = bytes.map(|most| ("max_bytes".to_owned(), json!(most.0)));
    let files = files.map(|most| ("max_files".to_owned(), json!(most.0)));
    let named: Map<String, Value> = bytes.into_iter().chain(files).collect();
    if named.is_empty() {
        return Err(StartError::new("nothing to change: name `--max-bytes` or `--max-files`"));
    }
    Ok(named.into())
}

fn line(folder: &FolderBody) -> String {
    let FolderBody { folder_id, name, owner, created, binned, .. } = folder;
    let binned = binned.as_ref().map(|since| format!("  in the bin since {since}")).unwrap_or_default();
    format!("{folder_id}  {owner}  {name}  {created}{binned}\n")
}

fn shown(folder: &FolderBody, json: bool) -> String {
    if json {
        return in_json(folder);
    }
    let FolderBody { folder_id, name, owner, created, binned, limits, .. } = folder;
    let binned = binned.as_ref().map(|since| format!("binned     {since}\n")).unwrap_or_default();
    format!(
        "folder_id  {folder_id}\nname       {name}\nowner      {owner}\ncreated    {created}\n{binned}max_bytes  {}\n\
         max_files  {}\n",
        limit(limits.bytes.as_ref()),
        limit(limits.files.as_ref()),
    )
}

fn limit(limit: Option<&LimitBody>) -> String {
    limit.map_or_else(|| "no limit".to_owned(), |limit| format!("{} (set by the {})", limit.most, limit.set_by))
}

fn used(usage: &UsageBody, json: bool) -> String {
    if json {
        return in_json(usage);
    }
    let of = |used: u64, limit: Option<&LimitBody>| match limit {
        Some(limit) => format!("{used} of {}", limit.most),
        None => used.to_string(),
    };
    let (bytes, files) = (usage.limits.bytes.as_ref(), usage.limits.files.as_ref());
    format!("bytes  {}\nfiles  {}\n", of(usage.used.bytes, bytes), of(usage.used.files, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_changed() {
        assert_eq!(limits(Some(Most(Some(7))), None).unwrap(), json!({ "max_bytes": 7 }));
        assert_eq!(limits(None, Some(Most(None))).unwrap(), json!({ "max_files": null }));
        assert!(limits(None, None).unwrap_err().to_string().contains("--max-bytes"));
    }
}
