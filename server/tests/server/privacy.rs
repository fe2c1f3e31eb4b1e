use clearshot_protocol::manifest::Override;
use reqwest::StatusCode;

use crate::harness::{ORDER, SKU, TITLE, TestServer, files, manifest, picture, seal};

#[tokio::test]
async fn nothing_of_an_order_or_a_photo_stands_in_clear_in_the_data_folder() {
    let server = TestServer::start().await;
    let to = server.open_return().await;
    let (photo, thumbnail, width, height) = picture();
    let mut made = manifest(&to, &photo, width, height);
    made.kept_anyway = Some(Override { asks: 2, reasons: vec!["glare".to_owned()] });
    let sealed = seal(&server.running.recipient(), &made, &thumbnail, &photo);
    server.upload_and_check(&sealed).await;
    // One that stays in the spool, too.
    let made = manifest(&to, &photo, width, height);
    let half = seal(&server.running.recipient(), &made, &thumbnail, &photo);
    let place = server.create(&half).await;
    let sent = half.bytes[..half.bytes.len() / 2].to_vec();
    assert_eq!(server.patch(&place, 0, sent).send().await.unwrap().status(), StatusCode::NO_CONTENT);

    let middle = &photo[photo.len() / 2..photo.len() / 2 + 24];
    let jpeg_head = [0xFF, 0xD8, 0xFF, 0xE0];
    let secrets: [(&str, &[u8]); 8] = [
        ("the SKU", SKU.as_bytes()),
        ("the order", ORDER.as_bytes()),
        ("the title", TITLE.as_bytes()),
        ("the shopper", b"ada"),
        ("the photo's middle", middle),
        ("the photo's head", &photo[..24]),
        ("the thumbnail", &thumbnail[thumbnail.len() / 2..thumbnail.len() / 2 + 24]),
        ("a JPEG", &jpeg_head),
    ];
    let found = files(server.data());
    assert!(found.iter().any(|path| path.to_string_lossy().contains("sqlite-wal")), "{found:?}");
    for path in &found {
        let bytes = std::fs::read(path).unwrap();
        for (what, secret) in secrets {
            // Four bytes come by chance in a random megabyte once in 4,000 runs; sealed files are judged by the rest.
            if what == "a JPEG" && path.extension().is_none_or(|kind| kind == "age") {
                continue;
            }
            // Three letters come by chance in random bytes; in the database they would be a word.
            if what == "the shopper" && !path.to_string_lossy().contains("sqlite") {
                continue;
            }
            let here = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!here, "{what} is in {}", path.display());
        }
    }
}

#[tokio::test]
async fn only_the_services_own_user_can_read_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = TestServer::start().await;
    let mode = |path: &str| std::fs::metadata(server.data().join(path)).unwrap().permissions().mode() & 0o077;
    for path in ["keys", "spool", "evidence", "keys/service.age-identity", "keys/token.key"] {
        assert_eq!(mode(path), 0, "{path}");
    }
}
