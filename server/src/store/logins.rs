//! `login_codes`: one-time login links of the console.

use clearshot_protocol::{Sha256Digest, Timestamp};

use super::{Change, millis};
use crate::error::ServerError;

impl Change {
    /// Remembers a code by its digest, and forgets those whose time is over.
    pub(crate) async fn add_login_code(
        &mut self,
        code: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        sqlx::query("DELETE FROM login_codes WHERE expires_at <= ?")
            .bind(millis(now))
            .execute(self.connection())
            .await?;
        sqlx::query("INSERT INTO login_codes (sha256, expires_at) VALUES (?, ?)")
            .bind(&Sha256Digest::of(code.as_bytes()).as_bytes()[..])
            .bind(millis(expires_at))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Uses a code up; false when there is none, or its time is over.
    pub(crate) async fn use_login_code(&mut self, code: &str, now: Timestamp) -> Result<bool, ServerError> {
        let used = sqlx::query("DELETE FROM login_codes WHERE sha256 = ? AND expires_at > ?")
            .bind(&Sha256Digest::of(code.as_bytes()).as_bytes()[..])
            .bind(millis(now))
            .execute(self.connection())
            .await?;
        Ok(used.rows_affected() == 1)
    }
}
