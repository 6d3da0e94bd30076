//! What the layout promises.

use super::*;
use crate::path::MAX_PATH_BYTES;
use crate::random::SystemRandom;

#[test]
fn no_control_key_is_a_prefix_of_another() {
    let (account, folder) = (AccountId::random(&SystemRandom), FolderId::random(&SystemRandom));
    let (upload, replica) = (UploadId::random(&SystemRandom), ReplicaId::random(&SystemRandom));
    let (email, job) = ("a@b".parse().unwrap(), JobId::random(&SystemRandom));
    let keys = [
        ObjectKey::format(),
        ObjectKey::email(&email),
        ObjectKey::credential("x"),
        ObjectKey::account(account),
        ObjectKey::names(account),
        ObjectKey::folder(folder),
        ObjectKey::usage(folder),
        ObjectKey::invitation(&InvitationId::new(account, folder, InvitationMark::random(&SystemRandom))),
        ObjectKey::session(&upload),
        ObjectKey::bundle(&upload, replica, 1),
        ObjectKey::job(job),
        ObjectKey::job_lease(job),
        ObjectKey::scratch("r", "x"),
    ];
    for one in &keys {
        for other in &keys {
            assert!(!other.as_str().starts_with(&format!("{one}/")), "{one} hides {other}");
        }
    }
}

#[test]
fn the_key_of_an_invitation_gives_its_id_back() {
    let (account, folder) = (AccountId::random(&SystemRandom), FolderId::random(&SystemRandom));
    let id = InvitationId::new(account, folder, InvitationMark::random(&SystemRandom));
    let key = ObjectKey::invitation(&id);
    assert_eq!(key.invitation_id(), Some(id));
    assert!(KeyPrefix::invitations_of(account).rest(&key).is_some());
    let prefix = KeyPrefix::invitations();
    let upper = format!("{prefix}{}", prefix.rest(&key).unwrap().to_uppercase());
    for other in [upper, format!("{key}0"), format!("{key}/x"), ObjectKey::folder(folder).to_string()] {
        assert_eq!(ObjectKey::listed(other).invitation_id(), None);
    }
}

#[test]
fn a_listed_key_gives_its_path_back() {
    let prefix = FolderPrefix::of(FolderId::random(&SystemRandom));
    let path: FilePath = "a b/ü.txt".parse().unwrap();
    assert_eq!(prefix.file_path(&ObjectKey::file(&prefix, &path)), Some(path.clone()));
    assert_eq!(prefix.file_path(&ObjectKey::marker(&prefix, &path)), None);
    assert_eq!(prefix.directory_path(ObjectKey::marker(&prefix, &path).as_str()), Some(path));
    assert_eq!(prefix.file_path(&ObjectKey::format()), None);
}

#[test]
fn the_longest_key_fits() {
    let prefix: FolderPrefix = format!("{}/", "p".repeat(119)).parse().unwrap();
    let path: FilePath =
        format!("{}/{}/{}/{}", "x".repeat(246), "x".repeat(246), "x".repeat(246), "x".repeat(159)).parse().unwrap();
    path.check_new_directory().unwrap();
    assert_eq!(path.as_str().len(), MAX_PATH_BYTES);
    assert!(ObjectKey::marker(&prefix, &path).as_str().len() <= 1024);
}

#[test]
fn a_folder_prefix_never_covers_control_objects() {
    for text in
        ["", "/", ".folderbridge/", ".folderbridge/x/", "a", "a//", "../", "a/../", ".uploads/", "a/b.versions/c/"]
    {
        assert!(text.parse::<FolderPrefix>().is_err(), "{text:?}");
    }
    assert!("team/photos/".parse::<FolderPrefix>().is_ok());
}
