-- Who waits for a limit of the CA, found without reading everybody.

-- +goose Up
CREATE INDEX domains_limited ON domains (rate_limited_until, key) WHERE rate_limited_until > 0;

-- +goose Down
DROP INDEX domains_limited;
