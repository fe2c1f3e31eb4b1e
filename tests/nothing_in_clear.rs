//! Everything that the phone and the server write is searched, byte by byte, for what must not stand there in clear.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::harness::{Phone, Server, detailed_photo};

const SKU: &str = "CLEAR-MUG-350-STONE";
/// The order number that the harness opens its returns with.
const ORDER: &str = "ORDER-7731-Q";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// The files below a folder that hold one of the needles.
fn files_with(folder: &Path, needles: &[&[u8]]) -> Vec<(PathBuf, usize)> {
    files(folder)
        .into_iter()
        .flat_map(|path| {
            let bytes = fs::read(&path).unwrap();
            let found = |needle: &&[u8]| bytes.windows(needle.len()).any(|window| window == *needle);
            needles
                .iter()
                .enumerate()
                .filter(|(_, needle)| found(needle))
                .map(|(at, _)| (path.clone(), at))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn neither_vault_nor_server_holds_a_photo_a_sku_or_an_order_number_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let (data, queue) = (folder.path().join("server"), folder.path().join("phone"));
    let original = detailed_photo(7);
    let file = folder.path().join("photo.jpg");
    fs::File::create(&file).unwrap().write_all(&original).unwrap();

    let mut server = Server::start(&data);
    let token = server.token("shopper");
    let return_id = server.open_return(&[SKU]);
    let phone = Phone::at(&queue);
    let saved = phone.capture(&server.url(), &return_id, SKU, "overview", &[file.as_path()]);
    let capture = saved[0]["capture"].as_str().unwrap().to_owned();
    assert!(phone.sync(&server.url(), &token).status().unwrap().success());
    assert_eq!(server.evidence(&return_id)[0]["status"], "accepted");

    // The photo that was really kept, too, and not only the file that it was made from.
    let kept = server.photo(&capture);
    assert!(kept.starts_with(b"\xFF\xD8\xFF"));
    let jpeg_head = &kept[..20];
    let needles: [&[u8]; 7] = [
        SKU.as_bytes(),
        ORDER.as_bytes(),
        jpeg_head,
        b"JFIF",
        &original[original.len() / 2..][..24],
        &kept[kept.len() / 2..][..24],
        b"\"report\":{\"verdict\"", // the manifest's own JSON
    ];

    // The search itself finds what is there.
    fs::File::create(folder.path().join("kept.jpg")).unwrap().write_all(&kept).unwrap();
    assert!(!files_with(folder.path(), &needles[2..3]).is_empty());
    fs::remove_file(folder.path().join("kept.jpg")).unwrap();
    assert!(files(&queue).len() >= 3 && files(&data).len() >= 3);

    assert_eq!(files_with(&queue, &needles), [], "the phone's folder");
    assert_eq!(files_with(&data, &needles[..6]), [], "the server's folder, while it runs");
    server.kill();
    assert_eq!(files_with(&data, &needles[..6]), [], "the server's folder, after a crash");
}
