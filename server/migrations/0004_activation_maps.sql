-- Where in the photo the server's relevance model saw its subject: JSON, analysis::ActivationMap. Apart from
-- server_analysis, because only the photo's own page shows it.
ALTER TABLE evidence ADD COLUMN activation TEXT;
