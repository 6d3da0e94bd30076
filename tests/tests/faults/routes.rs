//! The table of operations is held against the routes that are served.

use super::operations::Operation;

#[test]
fn every_route_has_an_operation_that_is_tried_in_trouble() {
    let tried = |prefix: &str| {
        Operation::ALL.map(|operation| (operation.route().0.to_owned(), format!("{prefix}{}", operation.route().1)))
    };
    let transfers = super::transfers::routes().map(|(method, path)| (method.to_owned(), path.to_owned()));
    let about = super::vfolders::routes().map(|(method, path)| (method.to_owned(), path.to_owned()));
    let tried: Vec<_> = ["", "/v1"].into_iter().flat_map(tried).chain(transfers).chain(about).collect();
    let served = bridge::dialects::routes();
    let missing: Vec<_> = served.iter().filter(|route| !tried.contains(route)).collect();
    assert!(missing.is_empty(), "routes without an operation in `operations.rs`: {missing:?}");
    let gone: Vec<_> = Operation::ALL
        .iter()
        .filter(|operation| !served.iter().any(|(method, path)| (method.as_str(), path.as_str()) == operation.route()))
        .collect();
    assert!(gone.is_empty(), "operations without a route: {gone:?}");
}
