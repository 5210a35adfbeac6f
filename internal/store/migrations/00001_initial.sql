-- The store's schema, all of it.
--
-- Conventions, so that the same text serves SQLite and PostgreSQL:
--   * Times are BIGINT microseconds since 1970-01-01 UTC. NULL is "no time".
--     They sort, compare and add alike in both, and no driver reinterprets them.
--   * Columns called *_json or described as JSON hold JSON text with the field
--     names of package record; they are read and written whole, never searched.
--   * BYTEA is PostgreSQL's name; SQLite takes any type name and keeps a bound
--     blob a blob.
--   * Private keys are in exactly three columns: certificates.key, orders.key and
--     brought.key.
--   * No AUTOINCREMENT, no triggers, no functions.

-- +goose Up

-- One row per certificate that is, was or will be wanted; the row is also the
-- job. Three groups of columns have three different writers.
CREATE TABLE domains (
    key                TEXT    NOT NULL PRIMARY KEY, -- names the row; with one certificate per domain it is the domain

    -- What is wanted. Written only by Admit.
    names              TEXT    NOT NULL,             -- JSON list of the certificate's names, canonical and sorted
    app                TEXT    NOT NULL,             -- who holds the claim on the names; changing it is a transfer
    mode               TEXT    NOT NULL,             -- auto, manual, off, ineligible or removed
    challenge          TEXT    NOT NULL,             -- validation method, e.g. http-01
    target             TEXT    NOT NULL,             -- the domain's own CNAME target; '' is the platform's
    refresh            TEXT    NOT NULL,             -- the owner's "try again now" value
    rekey              TEXT    NOT NULL,             -- the owner's "new key" value
    entry              TEXT    NOT NULL,             -- digest of what the owner wrote
    frozen             BOOLEAN NOT NULL,             -- its file is refused: renew and deploy, change nothing else
    blocked            TEXT,                         -- JSON finding: why nothing may be ordered; NULL: it may
    brought            TEXT,                         -- JSON: the certificate that its owner brings along; NULL: none
    admitted_at        BIGINT,                       -- when the domain was first admitted
    left_at            BIGINT,                       -- when the certificate ceased to be wanted
    lost_at            BIGINT,                       -- when the guard last counted it as lost
    held               BOOLEAN NOT NULL,             -- the removal guard keeps the certificate
    hold_hash          TEXT    NOT NULL,             -- what must be approved to let the removal happen
    hold_why           TEXT    NOT NULL,             -- the guard's sentence
    generation         BIGINT  NOT NULL,             -- counts changes of this group; a holder that sees it moved was overtaken

    -- How far it got. Written only by the lease's holder.
    state              TEXT    NOT NULL,             -- as in status files: Waiting, In Progress, Cert Issued, ...
    state_since        BIGINT,                       -- when state last changed
    checks             TEXT    NOT NULL,             -- JSON: the six checks of a status entry
    checked_at         BIGINT,                       -- when the world was last observed
    attempts           BIGINT  NOT NULL,             -- failed tries since the last success
    first_failed       BIGINT,                       -- of this run of failures
    last_attempt       BIGINT,                       -- the newest try
    next_attempt       BIGINT,                       -- fixed when it was scheduled
    rate_limited_until BIGINT,                       -- set while a limit of the CA is what makes us wait
    findings           TEXT,                         -- JSON list: what is wrong, the first to mend first
    reason             TEXT    NOT NULL,             -- code of the first finding that is no warning, for counting; '' none
    problem            TEXT,                         -- JSON: the CA's last refusal
    foreign_thumbprint BOOLEAN NOT NULL,             -- the platform's address answered for another ACME account
    handled_refresh    TEXT    NOT NULL,             -- values of refresh, rekey and entry that were acted on
    handled_rekey      TEXT    NOT NULL,
    handled_entry      TEXT    NOT NULL,

    -- When to work on it, and who does.
    due_at             BIGINT,                       -- wants to be stepped then; NULL: only a change of what is wanted moves it
    owner              TEXT    NOT NULL,             -- lease holder, NAME/SESSION; '' nobody
    epoch              BIGINT  NOT NULL,             -- counts claims, from 2^32 times the admission that made the row; every write of a holder names its own
    lease_until        BIGINT  NOT NULL              -- end of the lease by the DATABASE's clock; 0: none
);

-- The index by which work is found.
CREATE INDEX domains_due ON domains (due_at, key);
-- Approvals ask whether a hash is held.
CREATE INDEX domains_hold ON domains (hold_hash) WHERE held;
-- Counting by state and reason reads this index alone.
CREATE INDEX domains_counts ON domains (mode, state, reason);

-- Certificates with their private keys. Never updated but for what concerns
-- their end; deleted when they are neither current, nor owed a revocation, nor
-- the last that some target acknowledged.
CREATE TABLE certificates (
    sha256     TEXT    NOT NULL,             -- of the leaf's DER, lower-case hexadecimal
    domain_key TEXT    NOT NULL REFERENCES domains (key),
    current    BOOLEAN NOT NULL,             -- the newest good one of its row
    serial     TEXT    NOT NULL,             -- lower-case hexadecimal
    issuer     TEXT    NOT NULL,             -- common name of the issuing CA
    names      TEXT    NOT NULL,             -- JSON list
    not_before BIGINT,
    not_after  BIGINT,
    directory  TEXT    NOT NULL,             -- ACME directory it came from; who can revoke it; '' was brought along by its owner
    account    TEXT    NOT NULL,             -- URL of the account it was issued to
    profile    TEXT    NOT NULL,             -- '' is the CA's default
    rekey      TEXT    NOT NULL,             -- domains.rekey it was issued under
    issued_at  BIGINT,                       -- when it was kept, by our clock
    chain      BYTEA   NOT NULL,             -- PEM, leaf first
    key        BYTEA   NOT NULL,             -- PRIVATE KEY, PKCS#8 PEM

    superseded BOOLEAN NOT NULL,             -- owed a revocation; the next four say the rest
    reason     BIGINT  NOT NULL,             -- CRL reason code (RFC 5280, section 5.3.1)
    revoke_at  BIGINT,                       -- not before then
    revoked_at BIGINT,                       -- done then
    why        TEXT    NOT NULL,             -- in a sentence
    PRIMARY KEY (domain_key, sha256)         -- one that is brought along may serve several domains
);

CREATE INDEX certificates_of ON certificates (domain_key);
-- There is never more than one current certificate of a row.
CREATE UNIQUE INDEX certificates_current ON certificates (domain_key) WHERE current;

-- The pair that a row's owner brings along, as read with the desired state that
-- names it. Written only by Admit; a holder copies it into certificates.
CREATE TABLE brought (
    domain_key TEXT  NOT NULL PRIMARY KEY REFERENCES domains (key),
    sha256     TEXT  NOT NULL, -- of the leaf's DER
    chain      BYTEA NOT NULL, -- PEM, leaf first
    key        BYTEA NOT NULL  -- PRIVATE KEY, PKCS#8 PEM
);

-- The journal of orders. Each state is committed before the step that leaves
-- it is taken.
CREATE TABLE orders (
    id              TEXT    NOT NULL PRIMARY KEY, -- ours, random
    domain_key      TEXT    NOT NULL REFERENCES domains (key),
    directory       TEXT    NOT NULL,             -- an intent belongs to one directory
    names_key       TEXT    NOT NULL,             -- the names, sorted, joined by commas
    traces          BOOLEAN NOT NULL,             -- responses in DNS are to be taken away when it is over
    open            BOOLEAN NOT NULL,             -- still wants steps
    names           TEXT    NOT NULL,             -- JSON list
    state           TEXT    NOT NULL,             -- intent, ordered, presented, validating, finalizing, issued, done or closed
    opened_at       BIGINT,
    csr             BYTEA,                        -- DER
    key             BYTEA,                        -- PRIVATE KEY, PKCS#8 PEM; NULL once the order is closed
    rekey           TEXT    NOT NULL,             -- domains.rekey that was wanted
    challenge       TEXT    NOT NULL,             -- validation method
    url             TEXT    NOT NULL,             -- the CA's; '' before newOrder was answered
    account         TEXT    NOT NULL,             -- URL of the account
    finalize_url    TEXT    NOT NULL,
    certificate_url TEXT    NOT NULL,
    expires         BIGINT,                       -- when the CA forgets the order
    authorizations  TEXT,                         -- JSON list
    chain           BYTEA,                        -- PEM, from state issued on
    next_at         BIGINT,                       -- when the CA wants to be asked again
    polls           BIGINT  NOT NULL              -- GETs in the present state
);

CREATE INDEX orders_of ON orders (domain_key) WHERE open;
-- What is to be tidied up after orders that are over is found by this alone.
CREATE INDEX orders_traces ON orders (opened_at) WHERE traces AND NOT open;
-- One open intent per CA and set of names, whoever asks.
CREATE UNIQUE INDEX orders_open ON orders (directory, names_key) WHERE open;

-- What each deploy target acknowledged last.
CREATE TABLE deployments (
    domain_key TEXT   NOT NULL REFERENCES domains (key),
    target     TEXT   NOT NULL, -- name of the target in the settings
    host       TEXT   NOT NULL, -- the machine, where a target has several
    sha256     TEXT   NOT NULL, -- certificate it acknowledged; '' none yet
    at         BIGINT,          -- when it did
    error      TEXT   NOT NULL, -- why the newest is not there yet; '' it is
    tries      BIGINT NOT NULL, -- failed ones in a row
    next_at    BIGINT,          -- when to try again
    PRIMARY KEY (domain_key, target, host)
);

-- Apps, for status. Written whole by Admit.
CREATE TABLE apps (
    name     TEXT    NOT NULL PRIMARY KEY,
    file     TEXT    NOT NULL, -- path in the repository
    acm      TEXT    NOT NULL, -- enabled, disabled, manual, migrating or ineligible
    error    TEXT,             -- JSON: why its file is refused; NULL: it is not
    revision TEXT    NOT NULL, -- BRANCH@sha1:COMMIT of its last change
    digest   TEXT    NOT NULL, -- of its entry, so that a change is noticed
    refresh  TEXT    NOT NULL,
    refusals TEXT,             -- JSON list: domains it asks for and does not get
    gone     BOOLEAN NOT NULL  -- left desired state; kept while removals are under way
);

-- Desired state as last accepted, so that a file that is refused later can be
-- stood by. Written whole by Admit.
CREATE TABLE files (
    path     TEXT  NOT NULL PRIMARY KEY, -- in the repository
    revision TEXT  NOT NULL,             -- commit these bytes were accepted at
    content  BYTEA NOT NULL
);

-- Requests made to CAs, as a log.
CREATE TABLE requests (
    at         BIGINT NOT NULL,
    directory  TEXT   NOT NULL,
    kind       TEXT   NOT NULL, -- newOrder, finalize, revoke, ...
    domain_key TEXT   NOT NULL  -- for which row; '' for none
);

CREATE INDEX requests_at ON requests (at);

-- The books of the CAs' limits: per bucket the time at which it is full again.
-- A bucket without a row is full.
CREATE TABLE ledger (
    directory  TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    limit_name TEXT   NOT NULL,
    bucket_key TEXT   NOT NULL, -- a registered domain, a set of names, or ''
    full_at    BIGINT NOT NULL,
    PRIMARY KEY (directory, account, limit_name, bucket_key)
);

-- Held removals that an operator approved and that Admit has yet to use. An
-- approval holds for exactly the removals of its hash, once.
CREATE TABLE approvals (
    hash        TEXT   NOT NULL PRIMARY KEY,
    approved_at BIGINT NOT NULL -- by the database's clock
);

-- Single values; the keys are listed in meta.go.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE meta;
DROP TABLE approvals;
DROP TABLE ledger;
DROP TABLE requests;
DROP TABLE files;
DROP TABLE apps;
DROP TABLE deployments;
DROP TABLE orders;
DROP TABLE brought;
DROP TABLE certificates;
DROP TABLE domains;
