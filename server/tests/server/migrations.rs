//! Databases of earlier versions open, and what is in them goes on.

use std::path::Path;

use clearshot_protocol::api::EvidenceStatus;
use reqwest::StatusCode;
use sqlx::Connection as _;

use crate::harness::{TestServer, problem};
use crate::restart::{folder, goes_on, half, run};

/// The table of uploads as the first version had it.
const FIRST_VERSION: &[&str] = &[
    "CREATE TABLE uploads_before (
        id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16), evidence_id BLOB REFERENCES evidence (id),
        length INTEGER NOT NULL, \"offset\" INTEGER NOT NULL DEFAULT 0,
        sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
        state TEXT NOT NULL CHECK (state IN ('open', 'complete', 'failed', 'terminated')),
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, CHECK (\"offset\" BETWEEN 0 AND length)) STRICT",
    "INSERT INTO uploads_before SELECT id, evidence_id, length, \"offset\", sha256, state, created_at, updated_at
     FROM uploads",
    "DROP TABLE uploads",
    "ALTER TABLE uploads_before RENAME TO uploads",
    "CREATE UNIQUE INDEX uploads_by_evidence ON uploads (evidence_id) WHERE state <> 'terminated'",
    "CREATE INDEX uploads_open ON uploads (updated_at) WHERE state = 'open'",
    "DROP INDEX evidence_to_clear",
    "ALTER TABLE evidence DROP COLUMN photo_removed_at",
    "ALTER TABLE evidence DROP COLUMN activation",
    "DELETE FROM _sqlx_migrations WHERE version >= 2",
];

/// The second version, in which a failed upload was the end of its capture.
const SECOND_VERSION: &[&str] = &[
    "DROP INDEX uploads_by_evidence",
    "DROP INDEX uploads_failed",
    "CREATE UNIQUE INDEX uploads_by_evidence ON uploads (evidence_id)
     WHERE evidence_id IS NOT NULL AND state NOT IN ('terminated', 'expired')",
    "ALTER TABLE evidence DROP COLUMN activation",
    "UPDATE uploads SET state = 'failed'",
    "UPDATE evidence SET status = 'rejected', rejection_code = 'digest_mismatch', rejection_detail = ''",
    "DELETE FROM _sqlx_migrations WHERE version >= 3",
];

/// Makes the database in this folder one of an earlier version.
async fn go_back(data: &Path, statements: &[&'static str]) {
    let address = format!("sqlite://{}", data.join("clearshot.sqlite").display());
    let mut database = sqlx::SqliteConnection::connect(&address).await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
}

#[test]
fn uploads_of_the_first_version_go_on() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    run(async {
        go_back(folder.path(), FIRST_VERSION).await;
        let server = TestServer::start_in(folder).await;
        goes_on(&server, &place, &sealed).await;
    });
}

#[test]
fn a_capture_that_the_second_version_rejected_for_its_digest_stays_rejected() {
    let folder = folder();
    let (_, sealed, place) = half(&folder);
    run(async {
        go_back(folder.path(), SECOND_VERSION).await;
        let server = TestServer::start_in(folder).await;
        assert_eq!(server.head(&place).await.status(), StatusCode::GONE);
        assert_eq!(problem(server.upload(&sealed).await).await.code(), "digest-mismatch");
        assert_eq!(server.evidence(sealed.metadata.capture).await.status, EvidenceStatus::Rejected);
    });
}
