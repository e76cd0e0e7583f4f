-- +goose Up
-- Budgets of payers that workers share. Balance and what the shares have as credit never
-- exceed the burst together.
CREATE TABLE fleet_payers (
	payer   text COLLATE "C" PRIMARY KEY,
	balance double precision NOT NULL,
	at      timestamptz NOT NULL
);

-- What each worker has of a payer's budget, until its lease ends.
CREATE TABLE fleet_shares (
	payer  text COLLATE "C" NOT NULL REFERENCES fleet_payers,
	holder text COLLATE "C" NOT NULL,
	want   integer NOT NULL,
	need   integer NOT NULL,
	since  timestamptz, -- how long somebody has waited for need
	slots  integer NOT NULL,
	credit double precision NOT NULL,
	until  timestamptz NOT NULL,
	PRIMARY KEY (payer, holder)
);

-- Payers that the server has asked to slow down.
CREATE TABLE fleet_fences (
	payer text COLLATE "C" PRIMARY KEY,
	until timestamptz NOT NULL
);

-- fleet_share renews what a worker has of the budgets of payers, gives it what it asks for
-- as far as that is there, and tells it which payers are parked. An element of asks has
--   payer
--   slots   how many calls may be in flight in all; 0: it has no budget here
--   keep    how many the worker may have until it gets the answer, which may be lost
--   want    how many it could use
--   need    how many at once he needs who waits longest, and
--   waited  for how long, in microseconds
--   burst, rate, have, ask   of the bucket; rate is that of a second
--   block   for how long the payer is to be parked, in microseconds
-- +goose StatementBegin
CREATE FUNCTION fleet_share(me text, lease interval, asks jsonb)
RETURNS TABLE (of_payer text, granted integer, added double precision, parked_us bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	a record;
	h record;
	t timestamptz;
	bucket double precision;
	credits double precision;
	remaining integer;
	holders integer;
	part integer;
	others integer;
	senior text;
	first integer;
	began timestamptz := clock_timestamp();
BEGIN
	FOR a IN SELECT * FROM jsonb_to_recordset(asks) AS x(payer text, slots integer, keep integer, want integer, need integer, waited bigint,
			burst double precision, rate double precision, have double precision, ask double precision, block bigint)
			ORDER BY payer COLLATE "C" LOOP
		IF a.block > 0 THEN
			INSERT INTO fleet_fences AS f (payer, until) VALUES (a.payer, clock_timestamp() + a.block * interval '1 microsecond')
			ON CONFLICT (payer) DO UPDATE SET until = greatest(f.until, excluded.until);
		END IF;
		CONTINUE WHEN a.slots = 0;
		INSERT INTO fleet_payers (payer, balance, at) VALUES (a.payer, a.burst, clock_timestamp()) ON CONFLICT DO NOTHING;
		PERFORM FROM fleet_payers WHERE payer = a.payer FOR UPDATE; -- one worker after the other
		t := clock_timestamp();
		DELETE FROM fleet_shares WHERE payer = a.payer AND until <= t;

		-- The bucket.
		SELECT coalesce(sum(greatest(credit, 0)), 0) INTO credits FROM fleet_shares WHERE payer = a.payer AND holder <> me;
		SELECT least(a.burst - credits - greatest(a.have, 0), balance + a.rate * greatest(extract(epoch FROM t - at), 0)) INTO bucket
			FROM fleet_payers WHERE payer = a.payer;
		added := CASE WHEN a.ask < 0 THEN a.ask ELSE greatest(least(a.ask, bucket), 0) END;
		UPDATE fleet_payers SET balance = bucket - added, at = t WHERE payer = a.payer;

		-- The calls in flight. Who has waited longest gets what he needs at once, or workers
		-- that need two could have one each for ever. Of the rest each gets what it wants, as
		-- far as all can have as much. Who has more is told so, and it is free for others once
		-- he has said that he has not.
		INSERT INTO fleet_shares (payer, holder, want, need, since, slots, credit, until)
		VALUES (a.payer, me, a.want, a.need, CASE WHEN a.need > 0 THEN began - a.waited * interval '1 microsecond' END, 0, a.have + added, t + lease)
		ON CONFLICT (payer, holder) DO UPDATE SET (want, need, since, credit, until) =
			(excluded.want, excluded.need, excluded.since, excluded.credit, excluded.until);
		SELECT count(*), coalesce(sum(slots) FILTER (WHERE holder <> me), 0) INTO holders, others FROM fleet_shares WHERE payer = a.payer;
		senior := NULL;
		first := 0;
		SELECT holder, least(need, want, a.slots) INTO senior, first FROM fleet_shares
			WHERE payer = a.payer AND since IS NOT NULL ORDER BY since, holder LIMIT 1;
		remaining := a.slots - coalesce(first, 0);
		FOR h IN SELECT holder, CASE WHEN holder = senior THEN want - first ELSE want END AS more, CASE WHEN holder = senior THEN first ELSE 0 END AS has
				FROM fleet_shares WHERE payer = a.payer ORDER BY 2, slots DESC, holder LOOP
			part := least(h.more, remaining / holders);
			IF h.holder = me THEN
				granted := greatest(least(h.has + part, a.slots - others), 0);
			END IF;
			remaining := remaining - part;
			holders := holders - 1;
		END LOOP;
		UPDATE fleet_shares SET slots = greatest(granted, a.keep) WHERE payer = a.payer AND holder = me;
		DELETE FROM fleet_shares WHERE payer = a.payer AND holder = me AND want = 0 AND slots = 0 AND credit <= 0;
		of_payer := a.payer;
		parked_us := 0;
		RETURN NEXT;
	END LOOP;

	DELETE FROM fleet_fences WHERE payer IN
		(SELECT payer FROM fleet_fences WHERE until <= clock_timestamp() FOR UPDATE SKIP LOCKED);
	RETURN QUERY SELECT payer, NULL::integer, NULL::double precision, ceil(extract(epoch FROM until - clock_timestamp()) * 1000000)::bigint
		FROM fleet_fences WHERE until > clock_timestamp();
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION fleet_share;
DROP TABLE fleet_fences;
DROP TABLE fleet_shares;
DROP TABLE fleet_payers;
