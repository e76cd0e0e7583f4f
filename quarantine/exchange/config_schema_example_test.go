package exchange_test

import (
	"encoding/json"
	"fmt"
	"log"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// An editor that is given the schema completes and checks configuration files.
func ExampleConfigSchema() {
	var schema struct {
		Draft string `json:"$schema"`
		Defs  struct {
			Config struct {
				Required   []string
				Properties map[string]struct{ Description string }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(exchange.ConfigSchema(), &schema); err != nil {
		log.Fatal(err)
	}
	fmt.Println(schema.Draft)
	fmt.Println(schema.Defs.Config.Required)
	fmt.Println(schema.Defs.Config.Properties["name"].Description)
	// Output:
	// https://json-schema.org/draft/2020-12/schema
	// [quarantineMailbox authentication]
	// name names the organisation for people, in receipts and messages.
}
