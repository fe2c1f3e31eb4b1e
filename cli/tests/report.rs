//! `clearshot report`, run as a program: the page is whole, stands alone, and no file's name can change it.
#![allow(clippy::unwrap_used)] // a test may fail by panicking

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn photo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("photos").join(name)
}

fn report(folder: &Path, output: &Path, more: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_clearshot");
    Command::new(program).arg("report").arg(folder).arg("-o").arg(output).args(more).output().unwrap()
}

/// The page of a folder, and the exit code.
fn page_of(folder: &Path, more: &[&str]) -> (String, Option<i32>) {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("report.html");
    let output = report(folder, &path, more);
    let page = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 1, "nothing else is left behind");
    (page, output.status.code())
}

/// An opening tag, as `(name, attributes)`.
type Tag = (String, Vec<(String, String)>);

/// Takes a page apart and makes sure that every element is closed where it should be and every attribute is quoted.
fn tags_of(page: &str) -> Vec<Tag> {
    const VOID: [&str; 3] = ["meta", "input", "br"];
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    let (mut open, mut tags) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name:?} is no element");
        let mut found = Vec::new();
        while !attributes.is_empty() {
            let (name, value, after) = attribute(attributes);
            found.push((name.to_owned(), value.to_owned()));
            attributes = after;
        }
        if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
        tags.push((name.to_owned(), found));
    }
    assert_eq!(open, Vec::<String>::new());
    tags
}

/// The first attribute: its name, its value, and what comes after it.
fn attribute(text: &str) -> (&str, &str, &str) {
    let end = text.find([' ', '=']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    assert!(
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        "{name:?} is no attribute"
    );
    let Some(quoted) = after.strip_prefix("=\"") else {
        return (name, "", after.trim_start());
    };
    let (value, after) = quoted.split_once('"').unwrap();
    (name, value, after.trim_start())
}

#[test]
fn the_page_has_every_photo_with_its_map_its_findings_and_its_reasons() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["01-mug-overview.jpg", "02-mug-chip-motion.jpg", "06-frame-overview-glare.jpg"] {
        std::fs::copy(photo(name), folder.path().join(name)).unwrap();
    }
    let (page, code) = page_of(folder.path(), &["--no-model", "--region", "0.3,0.3,0.4,0.4"]);
    assert_eq!(code, Some(0));
    let tags = tags_of(&page);
    let count = |name: &str| tags.iter().filter(|(tag, _)| tag == name).count();
    assert_eq!((count("article"), count("figure"), count("script")), (3, 6, 0));
    for name in ["01-mug-overview.jpg", "02-mug-chip-motion.jpg", "06-frame-overview-glare.jpg"] {
        assert!(page.contains(&format!("<bdi>{name}</bdi>")), "{name}");
    }
    for part in
        ["blurred", "Hold the phone still", "score 0.", "burnt out", "class=\"region\"", "class=\"subject\""]
    {
        assert!(page.contains(part), "{part}");
    }
    let pictures = tags.iter().filter(|(tag, _)| tag == "image");
    let kinds: Vec<_> =
        pictures.flat_map(|(_, attributes)| attributes).filter(|(name, _)| name == "href").collect();
    assert_eq!(kinds.iter().filter(|(_, value)| value.starts_with("data:image/jpeg;base64,/9j/")).count(), 3);
    assert_eq!(kinds.iter().filter(|(_, value)| value.starts_with("data:image/png;base64,iVBOR")).count(), 3);
    for (tag, attributes) in tags.iter().filter(|(tag, _)| tag == "svg") {
        let label = attributes.iter().find(|(name, _)| name == "aria-label").map(|(_, label)| label.as_str());
        assert!(label.is_some_and(|label| label.len() > 10), "a {tag} without words");
    }
}

#[test]
fn the_page_stands_alone() {
    let (page, _) = page_of(&photo(""), &[]);
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("@import"));
    let tags = tags_of(&page);
    let mut ids = HashSet::new();
    for (name, value) in tags.iter().flat_map(|(_, attributes)| attributes) {
        assert!(name != "src" && !name.starts_with("on"), "{name}");
        assert!(name != "href" || value.starts_with("data:image/") || value.starts_with('#'), "{value:.60}");
        assert!(name != "id" || ids.insert(value), "{value} twice");
    }
    assert_eq!(page.matches("default-src 'none'").count(), 1);
    assert!(page.len() < 14 * 120_000, "{} bytes for 14 photos", page.len());
}

#[cfg(unix)]
#[test]
fn a_hostile_name_is_text_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder.path().join("<b>&amp;\"quoted'");
    std::fs::create_dir(&hostile).unwrap();
    let names =
        ["<img src=x onerror=alert(1)>.jpg", "\" autofocus onfocus=\"alert(1).jpg", "--><script>.jpg"];
    for name in names {
        std::fs::copy(photo("03-mug-chip.jpg"), hostile.join(name)).unwrap();
    }
    std::fs::File::create(hostile.join("<script>broken.jpg")).unwrap();
    let (page, code) = page_of(&hostile, &[]);
    assert_eq!(code, Some(1));
    let tags = tags_of(&page);
    for (tag, attributes) in &tags {
        assert!(!["script", "img", "b"].contains(&tag.as_str()), "{tag}");
        assert!(
            attributes.iter().all(|(name, _)| !["onerror", "onfocus", "autofocus"].contains(&name.as_str()))
        );
    }
    assert_eq!(tags.iter().filter(|(tag, _)| tag == "article").count(), names.len());
    for name in names.iter().chain(&["<script>broken.jpg"]) {
        let escaped =
            name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.contains(&format!("<bdi>{escaped}</bdi>")), "{escaped}");
    }
}

#[test]
fn what_cannot_be_judged_is_listed_with_its_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(photo("03-mug-chip.jpg"), folder.path().join("good.jpg")).unwrap();
    std::fs::File::create(folder.path().join("empty.jpg")).unwrap();
    let path = folder.path().join("report.html");
    let output = report(folder.path(), &path, &[]);
    assert_eq!(output.status.code(), Some(1));
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.contains("2 photos: 1 good, 0 to retake, 1 could not be judged"), "{line}");
    let page = std::fs::read_to_string(&path).unwrap();
    tags_of(&page);
    assert!(
        page.contains("<bdi>empty.jpg</bdi></strong> <code>empty</code> failed to read the photo"),
        "{page:.9000}"
    );
}

#[test]
fn a_report_never_takes_the_place_of_a_photo() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mug.jpg");
    std::fs::copy(photo("03-mug-chip.jpg"), &path).unwrap();
    let by_another_name = folder.path().join(".").join("..").join(folder.path().file_name().unwrap());
    for output in [path.clone(), by_another_name.join("mug.jpg")] {
        let output = report(folder.path(), &output, &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("it is one of the photos"), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(photo("03-mug-chip.jpg")).unwrap());
}

#[test]
fn a_report_that_cannot_be_made_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::copy(photo("manifest.json"), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let empty = tempfile::tempdir().unwrap();
    for (from, to, word) in [
        (empty.path(), path.as_path(), "there is no .jpg"),
        (Path::new("/nowhere"), &path, "read the photos in /nowhere"),
        (&photo(""), folder.path(), "it is a folder"),
        (&photo(""), Path::new("/nowhere/report.html"), "write /nowhere/report.html"),
    ] {
        let output = report(from, to, &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no part of a page is left behind");
}
