-- +goose Up
-- Reports of suspicious mail. Content is what a report means, null while it could not be read:
-- json rather than jsonb, which refuses what a sender may write.
CREATE TABLE fleet_reports (
	report   text COLLATE "C" PRIMARY KEY, -- hash of mailbox and id
	mailbox  text NOT NULL,
	id       text NOT NULL,
	received timestamptz NOT NULL,
	reporter text NOT NULL,
	subject  text NOT NULL,
	content  json,
	problem  text NOT NULL DEFAULT '',
	state    text NOT NULL DEFAULT 'waiting', -- or quarantined or dismissed
	campaign text NOT NULL DEFAULT '',
	reason   text NOT NULL DEFAULT '',
	by       text NOT NULL DEFAULT '',
	decided  timestamptz);
CREATE INDEX ON fleet_reports (received, report);
CREATE INDEX ON fleet_reports (received, report) WHERE state = 'waiting';

-- Which worker watches a mailbox for reports, until when, and what hinders it.
CREATE TABLE fleet_watches (
	mailbox text COLLATE "C" PRIMARY KEY,
	owner   text NOT NULL,
	until   timestamptz NOT NULL,
	problem text NOT NULL);

-- +goose Down
DROP TABLE fleet_watches, fleet_reports;
