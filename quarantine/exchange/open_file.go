package exchange

import "github.com/ewsquarantine/ewsquarantine/quarantine"

// OpenFile makes a [quarantine.Service] from a file that holds one configuration
// as a JSON object. Secrets that the file leaves empty come from the environment:
// see [Config.SecretsFromEnv]. Like [Open], it contacts no server, and the error
// names the setting that cannot be used. For a file with several configurations
// use [LoadConfigs] and [OpenRouter].
func OpenFile(path string, opts *Options) (*quarantine.Service, error) {
	cfg, err := LoadConfig(path)
	if err != nil {
		return nil, err
	}
	cfg.SecretsFromEnv(nil)
	return Open(cfg, opts)
}
