-- When the CA suggests to renew (RFC 9773), and what an order replaces.

-- +goose Up
ALTER TABLE domains ADD COLUMN suggestion TEXT; -- JSON; NULL: nothing was asked
ALTER TABLE orders ADD COLUMN replaces TEXT NOT NULL DEFAULT ''; -- the CA's name for the certificate that is replaced; '' none
ALTER TABLE orders ADD COLUMN exempt BOOLEAN NOT NULL DEFAULT FALSE; -- within the suggested window: no limit counts it

-- +goose Down
ALTER TABLE orders DROP COLUMN exempt;
ALTER TABLE orders DROP COLUMN replaces;
ALTER TABLE domains DROP COLUMN suggestion;
