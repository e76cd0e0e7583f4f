-- +goose Up
-- What is about to be done. The intent is JSON, not JSONB, which refuses what a sender may
-- write into an id. Seal is the SHA-256 of the row as it was written.
CREATE TABLE fleet_intents (
	operation  text COLLATE "C" PRIMARY KEY,
	target     text COLLATE "C" NOT NULL,
	at_seconds bigint NOT NULL,
	at_nanos   integer NOT NULL,
	server     text NOT NULL,
	reference  text NOT NULL,
	intent     json NOT NULL,
	seal       bytea NOT NULL,
	owner      text NOT NULL,
	token      bigint NOT NULL,
	until      timestamptz NOT NULL
);
CREATE INDEX fleet_intents_target ON fleet_intents (target);
CREATE INDEX fleet_intents_at ON fleet_intents (at_seconds, at_nanos, operation);

-- The tokens of claims. No value is given twice, also after a crash of the database.
CREATE SEQUENCE fleet_tokens CACHE 1;

-- The receipts of targets that are finished, by campaign.
CREATE TABLE fleet_marks (
	campaign text COLLATE "C" NOT NULL,
	target   text COLLATE "C" NOT NULL,
	receipt  json NOT NULL,
	seal     bytea NOT NULL,
	at       timestamptz NOT NULL,
	PRIMARY KEY (campaign, target)
);

-- +goose Down
DROP TABLE fleet_marks;
DROP SEQUENCE fleet_tokens;
DROP TABLE fleet_intents;
