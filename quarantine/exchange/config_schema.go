package exchange

import (
	"bytes"
	_ "embed"
)

//go:embed config.schema.json
var configSchema []byte

// ConfigSchema returns the JSON Schema (draft 2020-12) of a configuration file:
// one [Config], or an array of them. Editors complete and check files by it, and
// other programs can before they hand one over.
//
// What it refuses, [ParseConfigs] or [Config.Validate] refuses, too, save null
// and an access that is empty, which stand for a field that is left out.
// Validate sees more: what depends on the environment, on case, or on several
// fields at once.
func ConfigSchema() []byte { return bytes.Clone(configSchema) }
