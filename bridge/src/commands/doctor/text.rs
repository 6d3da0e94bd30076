//! A report for people: a line for each check, what it means where it is not as it should be, and
//! the verdict.

use std::fmt::Write;

use mapping::store::probe::{Finding, Outcome};

use super::{Told, word};

/// How wide a line may be.
const WIDTH: usize = 100;
/// Where what belongs to a check begins.
const INDENT: usize = 10;

pub(super) fn render(told: &Told) -> String {
    let mut text = format!("bucket `{}` at {}\n\n", told.bucket, told.endpoint);
    for finding in &told.report.findings {
        line(&mut text, finding);
    }
    if !told.report.left.is_empty() {
        text.push_str("\nnot removed, and nobody's any more:\n");
        for left in &told.report.left {
            text.push_str(&format!("{:INDENT$}{left}\n", ""));
        }
    }
    for note in told.notes() {
        text.push('\n');
        paragraph(&mut text, &format!("{:INDENT$}", "note"), note);
    }
    // On one line, the last one.
    text.push_str(&format!("\n{}\n", told.sentence()));
    text
}

fn line(text: &mut String, finding: &Finding) {
    let outcome = match finding.outcome {
        Outcome::Fails => "FAILS",
        outcome => word(outcome),
    };
    let detail = finding.detail.as_deref().filter(|_| finding.outcome == Outcome::Holds);
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{outcome:INDENT$}{}{detail}", finding.check.title());
    if finding.outcome == Outcome::Holds {
        return;
    }
    let indent = " ".repeat(INDENT);
    if let Some(detail) = &finding.detail {
        paragraph(text, &indent, &format!("seen: {detail}"));
    }
    if finding.outcome != Outcome::Untried {
        paragraph(text, &indent, &format!("so: {}", finding.check.without()));
    }
    if let Some(way_out) = finding.way_out() {
        paragraph(text, &indent, &format!("way out: {way_out}"));
    }
}

/// Words after `first`, in lines that begin where it ends.
fn paragraph(text: &mut String, first: &str, words: &str) {
    let (mut line, indent) = (first.to_owned(), " ".repeat(first.len()));
    for word in words.split_whitespace() {
        if line.trim().len() > first.trim().len() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            line.clone_from(&indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_broken_between_words() {
        let mut text = String::new();
        paragraph(&mut text, "note      ", &"word ".repeat(40));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("note      word") && lines[1].starts_with("          word"), "{text}");
        assert!(lines.iter().all(|line| line.len() <= WIDTH && !line.ends_with(' ')), "{text}");
    }
}
