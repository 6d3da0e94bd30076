//! A folder as this API shows it: one object with all that any generation of clients looks for.

use mapping::Usage;
use mapping::access::Permission;
use mapping::folders::FolderInfo;
use mapping::limits::Limits;
use serde_json::{Value, json};

use super::extract::Reader;
use super::options::purpose_text;
use super::wire::{HOST, hex, permission_text, spaced};

const MEBIBYTE: u64 = 1 << 20;

/// A folder, and what is known of it beside its name.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) folder: FolderInfo,
    /// Whose it is, where that is known.
    pub(super) owner: Option<String>,
    /// Whether it is the one's who asks.
    pub(super) is_owner: bool,
    /// Whether it is in its owner's bin.
    pub(super) is_binned: bool,
    /// What it holds and may hold, where that was looked up.
    pub(super) filled: Option<(Usage, Limits)>,
}

impl Shown {
    /// What the caller may do, but to its owner, who may do everything, what he said that it be opened with.
    fn permission(&self) -> Permission {
        let said = self.folder.options.default_permission.filter(|_| self.is_owner);
        said.unwrap_or(self.folder.permission)
    }

    /// As it stands in a list, in an answer to a creation, and by itself.
    pub(super) fn json(&self, reader: Reader) -> Value {
        let created = spaced(self.folder.created);
        let owner = self.folder.owner.to_string();
        let mut object = json!({
            "id": hex(self.folder.id),
            "name": self.folder.name,
            "host": HOST,
            "status": if self.is_binned { "delete-pending" } else { "ready" },
            "is_owner": self.is_owner,
            "permission": permission_text(self.permission(), reader),
            "ownership_type": "user",
            "type": "user",
            "usage_mode": purpose_text(self.folder.options.purpose),
            "cloneable": self.folder.options.cloneable,
            "linked": false,
            "user": owner,
            "user_email": self.owner,
            "creator": self.owner,
            "group": null,
            "group_name": null,
            "unmanaged_path": null,
            "quota_scope_id": format!("user:{}", owner.replace('-', "")),
            "created": created,
            "created_at": created,
            "last_used": null,
        });
        let (usage, limits) = self.filled.unwrap_or_default();
        let most = |limit: Option<mapping::limits::Limit>| limit.map_or(0, |limit| limit.most);
        for (name, value) in [
            ("max_size", most(limits.bytes) / MEBIBYTE),
            ("maxSize", most(limits.bytes) / MEBIBYTE),
            ("max_files", most(limits.files)),
            ("cur_size", usage.bytes / MEBIBYTE),
            ("usedSize", usage.bytes.div_ceil(MEBIBYTE)),
            ("used_bytes", usage.bytes),
            ("numFiles", usage.files),
            ("num_files", usage.files),
        ] {
            object[name] = value.into();
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use mapping::Timestamp;
    use mapping::folders::FolderOptions;
    use mapping::limits::{FolderLimits, LimitProfile};

    use super::*;

    fn shown() -> Shown {
        let id = "01234567-89ab-4def-8123-456789abcdef";
        let folder = FolderInfo {
            id: id.parse().unwrap(),
            name: "mydata".parse().unwrap(),
            owner: id.parse().unwrap(),
            permission: Permission::Delete,
            created: Timestamp::from_millis(0),
            options: FolderOptions::default(),
        };
        let nothing = FolderLimits::default();
        let limits = Limits::resolve(nothing, nothing, nothing, LimitProfile::Bounded);
        let usage = Usage { bytes: MEBIBYTE + 1, files: 3 };
        Shown {
            folder,
            owner: Some("ann@example.org".to_owned()),
            is_owner: true,
            is_binned: false,
            filled: Some((usage, limits)),
        }
    }

    #[test]
    fn a_folder_has_what_every_generation_of_clients_reads() {
        let object = shown().json(Reader::Client);
        for (name, value) in [
            ("id", json!("0123456789ab4def8123456789abcdef")),
            ("permission", json!("wd")),
            ("numFiles", json!(3)),
            ("num_files", json!(3)),
            ("usedSize", json!(2)),
            ("cur_size", json!(1)),
            ("used_bytes", json!(1_048_577)),
            ("maxSize", json!(1024)),
            ("max_size", json!(1024)),
            ("max_files", json!(1000)),
            ("created", json!("1970-01-01 00:00:00.000000+00:00")),
            ("quota_scope_id", json!("user:0123456789ab4def8123456789abcdef")),
            ("user_email", json!("ann@example.org")),
            ("group", Value::Null),
        ] {
            assert_eq!(object[name], value, "{name}");
        }
        for name in ["is_owner", "status", "type", "ownership_type", "usage_mode", "cloneable", "user", "host"] {
            assert!(!object[name].is_null(), "{name}");
        }
        assert_eq!(shown().json(Reader::Document)["permission"], "rd");
    }
}
