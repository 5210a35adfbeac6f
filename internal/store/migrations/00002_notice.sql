-- What people were told of a row's trouble.

-- +goose Up
ALTER TABLE domains ADD COLUMN notice TEXT; -- JSON; NULL: nothing yet

-- +goose Down
ALTER TABLE domains DROP COLUMN notice;
