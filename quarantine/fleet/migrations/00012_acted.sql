-- +goose Up
-- acted is set together with the first intent for a target.
ALTER TABLE fleet_targets ADD acted bool NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE fleet_targets DROP acted;
