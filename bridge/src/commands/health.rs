//! `folderbridge health`: asks a running server whether it is ready, as an image without a shell needs it.

use std::time::Duration;

use http::StatusCode;
use reqwest::Client;

use crate::config::HealthFlags;
use crate::failure::StartError;

/// Longer than `/readyz` waits for the store, so that its own answer is the one that is shown.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn run(flags: HealthFlags) -> Result<(), StartError> {
    let url = flags.url;
    let unlikely = |error: reqwest::Error| StartError::because("cannot ask", &error);
    // The server is on this machine or in its network.
    let http = Client::builder().no_proxy().timeout(PATIENCE).build().map_err(unlikely)?;
    let answer = http.get(format!("{url}/readyz")).send().await.map_err(|error| no_answer(&url, &error))?;
    let status = answer.status();
    let said = answer.text().await.map_err(|error| no_answer(&url, &error))?;
    verdict(&url, status, said.lines().next().unwrap_or_default())?;
    println!("{url} is ready");
    Ok(())
}

fn verdict(url: &str, status: StatusCode, said: &str) -> Result<(), StartError> {
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::SERVICE_UNAVAILABLE => Err(StartError::new(format!("{url} is not ready: {said}"))),
        other => Err(StartError::new(format!(
            "{url} answers {other} to `/readyz`: that is no folderbridge server; set `--url` or FOLDERBRIDGE_URL"
        ))),
    }
}

fn no_answer(url: &str, error: &reqwest::Error) -> StartError {
    if error.is_timeout() {
        return StartError::new(format!("{url} does not answer within {} s", PATIENCE.as_secs()));
    }
    let what = format!("no server answers at {url}: start one with `folderbridge serve`, or set `--url`");
    if error.is_connect() { StartError::new(what) } else { StartError::because(what, error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_200_is_ready_and_the_rest_says_why() {
        assert!(verdict("http://x", StatusCode::OK, "ready").is_ok());
        for (status, part) in [
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
            (StatusCode::NOT_FOUND, "no folderbridge server"),
            (StatusCode::BAD_GATEWAY, "502"),
        ] {
            let error = verdict("http://x", status, "the store does not answer").unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("http://x"), "{error}");
        }
    }
}
