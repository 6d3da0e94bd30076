//! Lists of folders as newer clients ask for them, in GraphQL.

use std::collections::BTreeSet;

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use mapping::folders::FolderInfo;
use mapping::id::FolderId;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::access::Caller;
use super::bin::Deletion;
use super::error::{Problem, Refusal};
use super::extract::{Params, Reader};
use super::filter::Filter;
use super::graphql::{self, Field};
use super::wire_folder::Shown;
use super::{folders, wire};
use crate::app::State;
use crate::render;

/// Answers a query, in the shape that newer clients expect.
#[utoipa::path(
    post, path = "/admin/gql", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401)),
)]
pub(super) async fn query(
    state: Shared<State>,
    caller: Caller,
    deletion: Deletion,
    params: Params,
) -> Result<Response, Refusal> {
    Ok(render::json(&Ordered(vec![("data".to_owned(), answer(&state, &caller, deletion, &params).await?)])))
}

/// Answers a query, in the shape that older clients expect: the data alone.
#[utoipa::path(
    post, path = "/admin/graphql", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401)),
)]
pub(super) async fn query_of_old(
    state: Shared<State>,
    caller: Caller,
    deletion: Deletion,
    params: Params,
) -> Result<Response, Refusal> {
    Ok(render::json(&answer(&state, &caller, deletion, &params).await?))
}

/// An object whose names stay in the order in which they were asked for: clients print what they get in a
/// table, column by column.
struct Ordered<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A part of a list.
#[derive(Serialize)]
#[serde(untagged)]
enum Part {
    Items(Vec<Ordered<Value>>),
    Count(usize),
}

/// What is said of each list that is asked for.
type Answer = Ordered<Ordered<Part>>;

async fn answer(state: &State, caller: &Caller, deletion: Deletion, params: &Params) -> Result<Answer, Refusal> {
    let variables = params.value(&["variables"]).cloned().unwrap_or_default();
    let fields = graphql::parse(params.needed(&["query"])?, &variables).map_err(bad_query)?;
    if fields.len() > MOST_LISTS {
        return Err(bad_query(format!("at most {MOST_LISTS} lists are answered at a time")));
    }
    let mut answers = Vec::new();
    for field in &fields {
        answers.push((field.alias.clone(), list(state, caller, deletion, field).await?));
    }
    Ok(Ordered(answers))
}

/// The most lists of one query: each costs a look at every folder.
const MOST_LISTS: usize = 10;

/// What a query asks for that is not served.
fn bad_query(why: impl Into<String>) -> Refusal {
    let why = why.into();
    Refusal::Problem(Box::new(Problem {
        status: StatusCode::BAD_REQUEST,
        slug: "graphql-error",
        title: "GraphQL-generated error.",
        data: Some(json!([{ "message": why }])),
        message: Some(why),
    }))
}

/// One list of folders.
async fn list(state: &State, caller: &Caller, deletion: Deletion, field: &Field) -> Result<Ordered<Part>, Refusal> {
    let own = |folder: &FolderInfo| folder.owner == caller.account.id;
    let belongs = |folder: &FolderInfo| match field.name.as_str() {
        "vfolder_own_list" => own(folder),
        "vfolder_invited_list" => !own(folder),
        // Folders of projects are not offered.
        "vfolder_project_list" => false,
        _ => field.arguments.get("group_id").is_none_or(Value::is_null),
    };
    if !["vfolder_list", "vfolder_own_list", "vfolder_invited_list", "vfolder_project_list"]
        .contains(&field.name.as_str())
    {
        return Err(bad_query(format!("`{}` is not served: only lists of virtual folders are", field.name)));
    }
    let wish = Wish::of(&field.arguments)?;
    let (folders, binned) = folders::listed(state, caller, deletion).await?;
    let mut folders: Vec<_> = folders.into_iter().filter(belongs).collect();
    if let Some(filter) = &wish.filter {
        folders = wanted(state, caller, folders, &binned, filter).await?;
    }
    let count = folders.len();
    wish.sort(&mut folders);
    let page = folders.into_iter().skip(wish.offset).take(wish.limit).collect();
    let filled = field.fields.iter().flat_map(|part| &part.fields).any(|part| FILLED.contains(&part.name.as_str()));
    let shown = folders::shown(state.bucket(), &caller.account, page, &binned, filled).await?;
    let mut list = Vec::new();
    for part in &field.fields {
        let value = match part.name.as_str() {
            "items" => Part::Items(shown.iter().map(|shown| chosen(shown, &part.fields)).collect()),
            "total_count" => Part::Count(count),
            other => return Err(bad_query(format!("a list has `items` and `total_count`, no `{other}`"))),
        };
        list.push((part.alias.clone(), value));
    }
    Ok(Ordered(list))
}

/// Those that a filter lets through.
async fn wanted(
    state: &State,
    caller: &Caller,
    folders: Vec<FolderInfo>,
    binned: &BTreeSet<FolderId>,
    filter: &Filter,
) -> Result<Vec<FolderInfo>, Refusal> {
    let shown = folders::shown(state.bucket(), &caller.account, folders, binned, false).await?;
    Ok(shown.into_iter().filter(|shown| filter.wants(&listed(shown))).map(|shown| shown.folder).collect())
}

/// A folder with everything that may be asked for of it.
fn listed(shown: &Shown) -> Value {
    let mut object = shown.json(Reader::Client);
    object["created_at"] = wire::iso(shown.folder.created).into();
    object
}

/// What is looked up only for those who ask for it.
const FILLED: [&str; 5] = ["num_files", "cur_size", "max_size", "max_files", "used_bytes"];

/// What is asked for of a folder; `null` for what no folder here has.
fn chosen(shown: &Shown, fields: &[Field]) -> Ordered<Value> {
    let object = listed(shown);
    let of = |field: &Field| (field.alias.clone(), object.get(&field.name).cloned().unwrap_or_default());
    Ordered(fields.iter().map(of).collect())
}

/// Which folders, which stretch of their list, and in which order.
struct Wish {
    filter: Option<Filter>,
    limit: usize,
    offset: usize,
    /// What to sort by, the first counting most, and whether backwards.
    order: Vec<(Key, bool)>,
}

#[derive(Clone, Copy)]
enum Key {
    Name,
    Created,
}

impl Wish {
    fn of(arguments: &Map<String, Value>) -> Result<Self, Refusal> {
        let number = |name: &str, otherwise: usize| match arguments.get(name) {
            None | Some(Value::Null) => Ok(otherwise),
            Some(value) => value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| bad_query(format!("`{name}` is a whole number, 0 or more"))),
        };
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        let filter = Some(text("filter")).filter(|text| !text.is_empty());
        let order = text("order").split(',').map(str::trim).filter(|key| !key.is_empty()).map(order);
        Ok(Self {
            filter: filter.map(Filter::parse).transpose().map_err(bad_query)?,
            limit: number("limit", usize::MAX)?,
            offset: number("offset", 0)?,
            order: order.collect::<Result<_, _>>()?,
        })
    }

    /// Sorts by the last key first: sorting keeps what is alike in its order.
    fn sort(&self, folders: &mut [FolderInfo]) {
        for (key, backwards) in self.order.iter().rev() {
            folders.sort_by(|one, other| {
                let (one, other) = if *backwards { (other, one) } else { (one, other) };
                match key {
                    Key::Name => one.name.cmp(&other.name),
                    Key::Created => one.created.cmp(&other.created),
                }
            });
        }
    }
}

/// One key of an order, as in `-created_at`.
fn order(text: &str) -> Result<(Key, bool), Refusal> {
    let (backwards, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    match name {
        "name" => Ok((Key::Name, backwards)),
        "created_at" => Ok((Key::Created, backwards)),
        other => Err(bad_query(format!("folders are ordered by `name` or `created_at`, not by `{other}`"))),
    }
}
