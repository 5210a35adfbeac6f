-- That a CA revoked a certificate of a row without us.

-- +goose Up
ALTER TABLE domains ADD COLUMN revocation TEXT; -- JSON; NULL: none is known of

-- +goose Down
ALTER TABLE domains DROP COLUMN revocation;
