package exchange

import (
	"bytes"
	_ "embed"
)

//go:embed config.schema.json
var configSchema []byte

// ConfigSchema returns the JSON Schema (draft 2020-12) of a configuration file:
// one [Config] or an array of them. Editors can use it for completion and
// checks, and other programs to check a file before passing it on.
//
// Everything it refuses, [ParseConfigs] or [Config.Validate] also refuses, except
// null and an empty access, which they treat as omitted. Validate finds more:
// whatever depends on the environment, on case, or on several fields at once.
func ConfigSchema() []byte { return bytes.Clone(configSchema) }
