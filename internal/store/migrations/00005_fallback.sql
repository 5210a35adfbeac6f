-- The CAs that could not serve a row's orders, so that others are asked.

-- +goose Up
ALTER TABLE domains ADD COLUMN passed TEXT; -- JSON list; NULL: none
-- What is known of a CA stands under its own directory now.
INSERT INTO meta (key, value)
SELECT 'ca ' || d.value, '{"CAAIdentities":' || COALESCE((SELECT value FROM meta WHERE key = 'caa_identities'), 'null')
    || ',"AccountURI":"' || COALESCE((SELECT value FROM meta WHERE key = 'account_url'), '') || '"}'
FROM meta d WHERE d.key = 'directory' AND d.value <> '';
DELETE FROM meta WHERE key IN ('directory', 'account_url', 'caa_identities');

-- +goose Down
ALTER TABLE domains DROP COLUMN passed;
