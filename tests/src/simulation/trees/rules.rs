//! What may be seen at the two ends of a copy, a move or a removal, while it is under way and once it
//! is over. Pure: what was seen is given.

use super::thing::Contents;
use crate::simulation::content::Tag;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The source stays.
    Copy,
    /// The source goes, file by file, once the copy is there.
    Move,
    /// The source goes.
    Remove,
}

/// What is done with files whose name is taken below the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// They are replaced, if there are any.
    Replace,
    /// What comes is put beside them.
    Beside,
}

/// What was there before, and what is done with it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What is done.
    pub act: Act,
    /// With what is at the target.
    pub merge: Merge,
    /// The source.
    pub before: Contents,
    /// The target.
    pub there: Contents,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Some of it may be done, or none, or all.
    Part,
    /// All of it is done.
    Whole,
}

/// What was seen: the source first, the targets after it. `None` is what cannot be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'s> {
    /// Where it comes from. If that is gone, nobody knows what was still there to go on.
    pub source: Option<&'s Contents>,
    /// Where it goes: where each attempt put it, of those that stopped half way.
    pub targets: &'s [Option<&'s Contents>],
    /// Whether others may have removed some of it.
    pub may_have_gone: bool,
}

impl Rule {
    /// Holds what was seen against what may be.
    ///
    /// # Errors
    /// What may not be.
    pub fn check(&self, stage: Stage, ends: Ends<'_>) -> Result<(), String> {
        if let Some(source) = ends.source {
            self.check_source(stage, source, ends.may_have_gone)?;
        }
        for target in ends.targets.iter().flatten() {
            match self.merge {
                Merge::Replace => self.check_target(target)?,
                Merge::Beside => self.check_beside(stage, ends.source, target)?,
            }
        }
        let all_seen = ends.targets.iter().all(Option::is_some);
        let all_known = ends.source.is_some() && all_seen && !ends.may_have_gone;
        if self.act != Act::Remove && self.merge == Merge::Replace && all_known {
            self.check_nothing_lost(stage, ends)?;
        }
        Ok(())
    }

    /// Of what passes the trash each file is seen at one place: the targets were looked at first.
    ///
    /// # Errors
    /// Which is seen twice.
    pub fn check_once(&self, ends: Ends<'_>) -> Result<(), String> {
        for (rest, tag) in &self.before {
            let new = |target: &&Contents| target.get(rest) == Some(tag) && self.there.get(rest) != Some(tag);
            let copies = ends.targets.iter().flatten().filter(|target| new(target)).count();
            let source = usize::from(ends.source.is_some_and(|source| source.contains_key(rest)));
            if copies + source > 1 {
                return Err(format!("`{rest}` is seen at {} places", copies + source));
            }
        }
        Ok(())
    }

    fn check_source(&self, stage: Stage, source: &Contents, may_have_gone: bool) -> Result<(), String> {
        for (rest, tag) in source {
            if self.before.get(rest) != Some(tag) {
                return Err(format!("`{rest}` at the source holds {tag}, which nobody put there"));
            }
        }
        if self.act == Act::Copy && !may_have_gone {
            if let Some(rest) = self.before.keys().find(|rest| !source.contains_key(*rest)) {
                return Err(format!("`{rest}` was copied, and is gone at the source"));
            }
        } else if stage == Stage::Whole && self.act != Act::Copy && !source.is_empty() {
            return Err(format!("all was moved or removed, and {source:?} is still at the source"));
        }
        Ok(())
    }

    /// Each path below the target holds what was there, or what came.
    fn check_target(&self, target: &Contents) -> Result<(), String> {
        for (rest, tag) in target {
            if self.there.get(rest) != Some(tag) && self.before.get(rest) != Some(tag) {
                return Err(format!("`{rest}` at the target holds {tag}, which neither was there nor came"));
            }
        }
        for (rest, tag) in &self.there {
            let replaced = self.before.contains_key(rest) && target.contains_key(rest);
            if target.get(rest) != Some(tag) && !replaced {
                return Err(format!("`{rest}` was at the target, and is gone"));
            }
        }
        Ok(())
    }

    /// Each file is where it was, or at a target.
    fn check_nothing_lost(&self, stage: Stage, ends: Ends<'_>) -> Result<(), String> {
        for (rest, tag) in &self.before {
            let came = ends.targets.iter().flatten().any(|target| target.get(rest) == Some(tag));
            let needed = match (stage, self.act) {
                (Stage::Whole, _) => true,
                (Stage::Part, Act::Move) => ends.source.is_some_and(|source| !source.contains_key(rest)),
                (Stage::Part, _) => false,
            };
            if needed && !came {
                return Err(format!("`{rest}` is at neither place"));
            }
        }
        Ok(())
    }

    /// What was there is untouched; everything else came, once, under its name or one with a number.
    fn check_beside(&self, stage: Stage, source: Option<&Contents>, target: &Contents) -> Result<(), String> {
        for (rest, tag) in &self.there {
            if target.get(rest) != Some(tag) {
                return Err(format!("`{rest}` at the target was to stay, and holds {:?}", target.get(rest)));
            }
        }
        let new: Vec<_> = target.iter().filter(|(rest, _)| !self.there.contains_key(*rest)).collect();
        let came: Vec<_> = self.before.iter().collect();
        let fits = |to: usize, from: usize| came[from].1 == new[to].1 && takes(came[from].0, new[to].0, target);
        if let Some(to) = unmatched(new.len(), came.len(), fits) {
            let (rest, tag) = new[to];
            return Err(format!("`{rest}` at the target holds {tag}, which did not come, or twice"));
        }
        let must = |rest: &String| match (stage, self.act) {
            (Stage::Whole, _) => source.is_some(),
            (Stage::Part, Act::Move) => source.is_some_and(|source| !source.contains_key(rest)),
            (Stage::Part, _) => false,
        };
        let needed: Vec<usize> = (0..came.len()).filter(|from| must(came[*from].0)).collect();
        match unmatched(needed.len(), new.len(), |from, to| fits(to, needed[from])) {
            Some(from) => Err(format!("`{}` is at neither place", came[needed[from]].0)),
            None => Ok(()),
        }
    }
}

/// Whether a file that was called `from` may have got the name `to`: the first that was free.
fn takes(from: &str, to: &str, target: &Contents) -> bool {
    let mut name = from.to_owned();
    for n in 1..50 {
        if name == to {
            return true;
        }
        if !target.contains_key(&name) {
            return false;
        }
        name = numbered(from, n);
    }
    false
}

/// A name with a number behind it, before the extension of a file.
#[must_use]
pub fn numbered(path: &str, n: u32) -> String {
    let at = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[at..].rfind('.') {
        Some(dot) if dot > 0 => format!("{} ({n}){}", &path[..at + dot], &path[at + dot..]),
        _ => format!("{path} ({n})"),
    }
}

/// One of `left` that cannot be paired, when each is paired with another of `right` that fits.
fn unmatched(left: usize, right: usize, fits: impl Fn(usize, usize) -> bool) -> Option<usize> {
    let mut taken: Vec<Option<usize>> = vec![None; right];
    (0..left).find(|one| !pair(*one, &mut vec![false; right], &mut taken, &fits))
}

fn pair(one: usize, tried: &mut [bool], taken: &mut [Option<usize>], fits: &impl Fn(usize, usize) -> bool) -> bool {
    for other in 0..taken.len() {
        if tried[other] || !fits(one, other) {
            continue;
        }
        tried[other] = true;
        if taken[other].is_none_or(|before| pair(before, tried, taken, fits)) {
            taken[other] = Some(one);
            return true;
        }
    }
    false
}

/// Files by their paths.
#[must_use]
pub fn contents(files: &[(&str, Tag)]) -> Contents {
    files.iter().map(|(rest, tag)| ((*rest).to_owned(), *tag)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(act: Act, merge: Merge, before: &[(&str, Tag)], there: &[(&str, Tag)]) -> Rule {
        Rule { act, merge, before: contents(before), there: contents(there) }
    }

    fn check(rule: &Rule, stage: Stage, source: &[(&str, Tag)], target: &[(&str, Tag)]) -> bool {
        let (source, target) = (contents(source), contents(target));
        let ends = Ends { source: Some(&source), targets: &[Some(&target)], may_have_gone: false };
        rule.check(stage, ends).is_ok()
    }

    #[test]
    fn a_moved_file_is_at_one_place_at_least() {
        let rule = rule(Act::Move, Merge::Replace, &[("a", 1), ("b", 2)], &[]);
        assert!(check(&rule, Stage::Part, &[("a", 1), ("b", 2)], &[]));
        assert!(check(&rule, Stage::Part, &[("b", 2)], &[("a", 1), ("b", 2)]));
        assert!(!check(&rule, Stage::Part, &[("b", 2)], &[]), "lost");
        assert!(!check(&rule, Stage::Part, &[("a", 1), ("b", 2)], &[("c", 1)]), "under another name");
        assert!(!check(&rule, Stage::Part, &[("a", 3), ("b", 2)], &[]), "another content");
        assert!(check(&rule, Stage::Whole, &[], &[("a", 1), ("b", 2)]));
        assert!(!check(&rule, Stage::Whole, &[("b", 2)], &[("a", 1), ("b", 2)]), "left behind");
    }

    #[test]
    fn a_copy_leaves_its_source_and_is_whole_in_the_end() {
        let rule = rule(Act::Copy, Merge::Replace, &[("a", 1)], &[("a", 5), ("z", 6)]);
        assert!(check(&rule, Stage::Part, &[("a", 1)], &[("a", 5), ("z", 6)]));
        assert!(check(&rule, Stage::Whole, &[("a", 1)], &[("a", 1), ("z", 6)]));
        assert!(!check(&rule, Stage::Whole, &[("a", 1)], &[("a", 5), ("z", 6)]), "not copied");
        assert!(!check(&rule, Stage::Part, &[("a", 1)], &[("a", 1)]), "what was there is gone");
        assert!(!check(&rule, Stage::Part, &[], &[("a", 1), ("z", 6)]), "the source is gone");
    }

    #[test]
    fn what_is_put_beside_others_gets_the_next_name_and_comes_once() {
        let rule = rule(Act::Copy, Merge::Beside, &[("d/f", 1), ("g.txt", 2)], &[("d/f", 1), ("g.txt", 8)]);
        let there = [("d/f", 1), ("g.txt", 8)];
        let with = |more: &[(&'static str, Tag)]| [&there[..], more].concat();
        let source = [("d/f", 1), ("g.txt", 2)];
        assert!(check(&rule, Stage::Whole, &source, &with(&[("d/f (1)", 1), ("g (1).txt", 2)])));
        assert!(check(&rule, Stage::Part, &source, &with(&[("g (1).txt", 2)])));
        assert!(!check(&rule, Stage::Whole, &source, &with(&[("g (1).txt", 2)])), "not all came");
        assert!(!check(&rule, Stage::Part, &source, &with(&[("d/f (1)", 1), ("d/f (2)", 1)])), "twice");
        assert!(!check(&rule, Stage::Part, &source, &with(&[("d/f (2)", 1)])), "not the next number");
        assert!(!check(&rule, Stage::Part, &source, &[("d/f", 1), ("g.txt", 2)]), "replaced");
    }

    #[test]
    fn what_passes_the_trash_is_seen_once() {
        let rule = rule(Act::Move, Merge::Replace, &[("a", 1)], &[]);
        let (full, empty) = (contents(&[("a", 1)]), Contents::new());
        let once = |source, targets: &[Option<&Contents>]| {
            rule.check_once(Ends { source: Some(source), targets, may_have_gone: false }).is_ok()
        };
        assert!(once(&full, &[Some(&empty)]) && once(&empty, &[Some(&full), Some(&empty)]));
        assert!(!once(&full, &[Some(&full)]) && !once(&empty, &[Some(&full), Some(&full)]));
    }

    #[test]
    fn a_number_stands_before_the_extension() {
        for (name, expected) in [("d.x/f", "d.x/f (2)"), ("a/b.txt", "a/b (2).txt"), (".a", ".a (2)")] {
            assert_eq!(numbered(name, 2), expected);
        }
    }
}
