-- +goose Up
CREATE TABLE fleet_campaigns (
	id        text PRIMARY KEY,
	state     text NOT NULL,  -- planning, running, refused, cancelled or restoring
	parts     int NOT NULL,   -- a mailbox is in the part that its hash says
	reason    text NOT NULL,
	asked_by  text NOT NULL,
	request   json,           -- what is to be planned
	unplanned json,           -- what the plan does not know
	problem   text NOT NULL DEFAULT '',
	created   timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON fleet_campaigns (created, id);

-- json rather than jsonb: that refuses what a sender may write into a Message-ID.
CREATE TABLE fleet_targets (
	campaign        text NOT NULL REFERENCES fleet_campaigns ON DELETE CASCADE,
	target          text NOT NULL, -- Key of its Target
	part            int NOT NULL,
	mailbox         text NOT NULL,
	request         json NOT NULL, -- the Target
	begun           bool NOT NULL DEFAULT false, -- something may have been done
	tries           int NOT NULL DEFAULT 0,
	settled         bool NOT NULL DEFAULT false, -- nothing more is to be taken
	not_before      timestamptz NOT NULL DEFAULT '-infinity',
	outcome         text NOT NULL DEFAULT '',
	problem         text NOT NULL DEFAULT '',
	items           int NOT NULL DEFAULT 0,
	taken           int NOT NULL DEFAULT 0,
	was_read        int NOT NULL DEFAULT 0,
	unsearched      int NOT NULL DEFAULT 0,
	finished        timestamptz,
	back            bool NOT NULL DEFAULT false, -- it is to be put back
	back_tries      int NOT NULL DEFAULT 0,
	back_settled    bool NOT NULL DEFAULT false,
	back_not_before timestamptz NOT NULL DEFAULT '-infinity',
	back_outcome    text NOT NULL DEFAULT '',
	back_problem    text NOT NULL DEFAULT '',
	restored        int NOT NULL DEFAULT 0,
	PRIMARY KEY (campaign, target));
CREATE INDEX ON fleet_targets (campaign, part) WHERE NOT settled OR back AND NOT back_settled;
CREATE INDEX ON fleet_targets (campaign, mailbox, target);

CREATE TABLE fleet_receipts (
	campaign text NOT NULL,
	target   text NOT NULL,
	action   text NOT NULL, -- quarantine or restore
	receipt  json NOT NULL,
	PRIMARY KEY (campaign, target, action),
	FOREIGN KEY (campaign, target) REFERENCES fleet_targets ON DELETE CASCADE);

-- +goose Down
DROP TABLE fleet_receipts, fleet_targets, fleet_campaigns;
