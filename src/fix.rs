//! Applies edits to texts.
//!
//! Pure: texts and fixes in, new texts out. A fix is applied whole or not at all; one that touches
//! bytes another has already taken waits for the next round, when its place is known again.

use crate::{
    finding::{Edit, Fix},
    source::RelPath,
};
use std::collections::BTreeMap;

/// The result of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The new texts of the files that changed.
    pub texts: BTreeMap<RelPath, String>,
    /// The indexes of the fixes that were applied.
    pub fixes: Vec<usize>,
}

/// Applies the fixes in order, as many as do not touch each other. `read` gives the text of a
/// file, or `None` when it does not exist.
pub fn apply(fixes: &[&Fix], read: &dyn Fn(&RelPath) -> Option<String>) -> Applied {
    let mut taken: BTreeMap<RelPath, Vec<Edit>> = BTreeMap::new();
    let mut applied = Applied::default();
    for (index, fix) in fixes.iter().enumerate() {
        if fix.edits.is_empty() || !fits(&fix.edits, &taken, read) {
            continue;
        }
        for edit in &fix.edits {
            taken.entry(edit.file.clone()).or_default().push(edit.clone());
        }
        applied.fixes.push(index);
    }
    for (file, mut edits) in taken {
        let mut text = read(&file).unwrap_or_default();
        edits.sort_by_key(|edit| edit.span);
        for edit in edits.iter().rev() {
            text.replace_range(edit.span.range(), &edit.text);
        }
        applied.texts.insert(file, text);
    }
    applied
}

/// Whether every edit lies within its file, on character boundaries, and touches no other.
fn fits(
    edits: &[Edit],
    taken: &BTreeMap<RelPath, Vec<Edit>>,
    read: &dyn Fn(&RelPath) -> Option<String>,
) -> bool {
    let touches = |a: &Edit, b: &Edit| {
        a.file == b.file && a.span.start <= b.span.end && b.span.start <= a.span.end
    };
    let within = |edit: &Edit| match read(&edit.file) {
        Some(text) => text.get(edit.span.range()).is_some(),
        None => edit.span.start == 0 && edit.span.end == 0,
    };
    edits.iter().enumerate().all(|(index, edit)| {
        let free =
            taken.get(&edit.file).is_none_or(|taken| !taken.iter().any(|t| touches(t, edit)));
        free && within(edit) && !edits[..index].iter().any(|other| touches(other, edit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{finding::Safety, source::Span};

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edit = |&(start, end, text): &(usize, usize, &str)| Edit {
            file: RelPath::new("a"),
            span: Span { start, end },
            text: text.to_owned(),
        };
        Fix { title: String::new(), safety: Safety::Safe, edits: edits.iter().map(edit).collect() }
    }

    fn applied(text: &str, fixes: &[Fix]) -> (Option<String>, Vec<usize>) {
        let fixes: Vec<&Fix> = fixes.iter().collect();
        let mut applied = apply(&fixes, &|_| Some(text.to_owned()));
        (applied.texts.remove(&RelPath::new("a")), applied.fixes)
    }

    #[test]
    fn edits_that_do_not_touch_are_applied_together() {
        let fixes = [fix(&[(0, 1, "X"), (4, 5, "Y")]), fix(&[(2, 2, "-")])];
        assert_eq!(applied("abcde", &fixes), (Some("Xb-cdY".to_owned()), vec![0, 1]));
    }

    #[test]
    fn a_fix_that_touches_another_waits_whole() {
        let fixes = [fix(&[(0, 2, "X")]), fix(&[(2, 3, "Y"), (4, 5, "Z")])];
        assert_eq!(applied("abcde", &fixes), (Some("Xcde".to_owned()), vec![0]));
    }

    #[test]
    fn an_edit_outside_the_text_or_inside_a_character_is_not_made() {
        assert_eq!(applied("ä", &[fix(&[(1, 2, "")])]), (None, vec![]));
        assert_eq!(applied("a", &[fix(&[(1, 9, "")])]), (None, vec![]));
    }

    #[test]
    fn a_new_file_is_an_edit_of_nothing() {
        let applied = apply(&[&fix(&[(0, 0, "new\n")])], &|_| None);
        assert_eq!(applied.texts[&RelPath::new("a")], "new\n");
    }
}
