//! Every operation of every API, and the route that it is of.

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Filesystems,
    Create,
    Destroy,
    Share,
    ListRoot,
    ListDirectory,
    Mkdir,
    Download,
    DownloadRange,
    DownloadInit,
    Start,
    FinishSmall,
    FinishParts,
    Chunk,
    WholePart,
    DeleteFile,
    DeleteTree,
    Accounts,
    AddAccount,
    ShowAccount,
    Rotate,
    Disable,
    Enable,
    LimitAccount,
    Folders,
    ShowFolder,
    LimitFolder,
    FolderUsage,
    CheckFolder,
    SweepDry,
    Jobs,
    ShowJob,
    CancelJob,
}

impl Operation {
    /// All of them.
    pub(crate) const ALL: [Self; 33] = [
        Self::Filesystems,
        Self::Create,
        Self::Destroy,
        Self::Share,
        Self::ListRoot,
        Self::ListDirectory,
        Self::Mkdir,
        Self::Download,
        Self::DownloadRange,
        Self::DownloadInit,
        Self::Start,
        Self::FinishSmall,
        Self::FinishParts,
        Self::Chunk,
        Self::WholePart,
        Self::DeleteFile,
        Self::DeleteTree,
        Self::Accounts,
        Self::AddAccount,
        Self::ShowAccount,
        Self::Rotate,
        Self::Disable,
        Self::Enable,
        Self::LimitAccount,
        Self::Folders,
        Self::ShowFolder,
        Self::LimitFolder,
        Self::FolderUsage,
        Self::CheckFolder,
        Self::SweepDry,
        Self::Jobs,
        Self::ShowJob,
        Self::CancelJob,
    ];

    /// The route that it is of.
    pub(crate) const fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::Filesystems => ("GET", "/filesystems"),
            Self::Create => ("POST", "/filesystems"),
            Self::Destroy => ("DELETE", "/filesystems/{id}"),
            Self::Share => ("POST", "/filesystems/{id}/share"),
            Self::ListRoot => ("GET", "/filesystems/{id}/list"),
            Self::ListDirectory => ("GET", "/filesystems/{id}/list/{path}"),
            Self::Mkdir => ("POST", "/filesystems/{id}/mkdir/{path}"),
            Self::Download | Self::DownloadRange | Self::DownloadInit => ("GET", "/filesystems/{id}/files/{path}"),
            Self::Start | Self::FinishSmall | Self::FinishParts => ("POST", "/filesystems/{id}/files/{path}"),
            Self::Chunk | Self::WholePart => ("PUT", "/filesystems/{id}/files/{path}"),
            Self::DeleteFile | Self::DeleteTree => ("DELETE", "/filesystems/{id}/files/{path}"),
            Self::Accounts => ("GET", "/admin/v1/accounts"),
            Self::AddAccount => ("POST", "/admin/v1/accounts"),
            Self::ShowAccount => ("GET", "/admin/v1/accounts/{id}"),
            Self::Rotate => ("POST", "/admin/v1/accounts/{id}/rotate"),
            Self::Disable => ("POST", "/admin/v1/accounts/{id}/disable"),
            Self::Enable => ("POST", "/admin/v1/accounts/{id}/enable"),
            Self::LimitAccount => ("PATCH", "/admin/v1/accounts/{id}/limits"),
            Self::Folders => ("GET", "/admin/v1/folders"),
            Self::ShowFolder => ("GET", "/admin/v1/folders/{id}"),
            Self::LimitFolder => ("PATCH", "/admin/v1/folders/{id}/limits"),
            Self::FolderUsage => ("GET", "/admin/v1/folders/{id}/usage"),
            Self::CheckFolder => ("POST", "/admin/v1/folders/{id}/check"),
            Self::SweepDry => ("POST", "/admin/v1/sweep"),
            Self::Jobs => ("GET", "/admin/v1/jobs"),
            Self::ShowJob => ("GET", "/admin/v1/jobs/{id}"),
            Self::CancelJob => ("POST", "/admin/v1/jobs/{id}/cancel"),
        }
    }

    /// What it answers when all is well.
    pub(crate) const fn status(self) -> u16 {
        if matches!(self, Self::AddAccount) { 201 } else { 200 }
    }

    /// What it answers when it was done before, if that is another status.
    pub(crate) const fn status_again(self) -> u16 {
        match self {
            Self::Create | Self::Mkdir | Self::AddAccount | Self::Share => 409,
            Self::Destroy => 403,
            Self::DeleteFile | Self::DeleteTree => 400,
            _ => self.status(),
        }
    }

    /// Whether it speaks JSON in its errors.
    pub(crate) fn is_of_admin(self) -> bool {
        self.route().1.starts_with("/admin/")
    }
}
