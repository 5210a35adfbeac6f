-- How a certificate came to be ours: acme or brought. Until now an empty
-- directory said that its owner brought it along.

-- +goose Up
ALTER TABLE certificates ADD COLUMN origin TEXT NOT NULL DEFAULT 'acme';
UPDATE certificates SET origin = 'brought' WHERE directory = '';

-- +goose Down
ALTER TABLE certificates DROP COLUMN origin;
