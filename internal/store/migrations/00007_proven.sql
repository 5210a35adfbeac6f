-- Which app a domain was proved to belong to. Whoever has a certificate by now
-- needs no proof.

-- +goose Up
ALTER TABLE domains ADD COLUMN proven TEXT; -- JSON; NULL: nobody yet
UPDATE domains SET proven = '{"App":"' || app || '"}' WHERE EXISTS (
    SELECT 1 FROM certificates c WHERE c.domain_key = domains.key AND c.current AND c.origin <> 'brought');

-- +goose Down
ALTER TABLE domains DROP COLUMN proven;
